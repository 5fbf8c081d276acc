// Provides the options and operands of a verb.

/// A mistake in a command line.
struct CommandUsageError: Error {
  let message: String
}

/// A verb's command line, cut into flags, options with their values, and operands.
struct CommandArguments {
  private(set) var operands: [String] = []
  private var flags: Set<String> = []
  private var values: [(name: String, value: String)] = []

  /// - Parameters:
  ///   - flags: options without a value, such as `--json`.
  ///   - options: those with one, as `--name value` or `--name=value`.
  init(_ arguments: some Sequence<String>, flags known: [String], options: [String]) throws(CommandUsageError) {
    var rest = Array(arguments)[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        operands += rest
        return
      }
      guard argument.hasPrefix("-"), argument != "-" else {
        operands.append(argument)
        continue
      }
      let name = String(argument.prefix { $0 != "=" })
      if known.contains(argument) {
        flags.insert(argument)
      } else if !options.contains(name) {
        throw CommandUsageError(message: "unknown option \(argument)")
      } else if name.utf8.count < argument.utf8.count {
        values.append((name, String(argument.dropFirst(name.count + 1))))
      } else if let value = rest.popFirst() {
        values.append((name, value))
      } else {
        throw CommandUsageError(message: "\(name) needs a value")
      }
    }
  }

  func has(_ flag: String) -> Bool { flags.contains(flag) }

  /// The value that was given last.
  func value(_ option: String) -> String? { values.last { $0.name == option }?.value }

  /// All values, in their order.
  func values(_ option: String) -> [String] { values.filter { $0.name == option }.map { $0.value } }

  /// A number that is not negative.
  func number<Value: FixedWidthInteger>(_ option: String, as type: Value.Type) throws(CommandUsageError) -> Value? {
    guard let text = value(option) else { return nil }
    guard let number = Value(text), number >= 0 else {
      throw CommandUsageError(message: "\(option) takes a number, not \(text)")
    }
    return number
  }
}
