// Provides `crashctl dump`.

enum DumpCommand {
  static func run(_ arguments: [String]) -> Int32 { 1 }
}
