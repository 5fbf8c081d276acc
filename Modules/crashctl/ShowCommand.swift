// Provides `crashctl show`.

enum ShowCommand {
  static func run(_ arguments: [String]) -> Int32 { 1 }
}
