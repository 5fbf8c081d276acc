// Provides `crashctl stackwalk`.

enum StackwalkCommand {
  static func run(_ arguments: [String]) -> Int32 { 1 }
}
