// Provides the result of a walk and its JSON.
internal import LinuxSystem
internal import StackWalk
internal import StructuredValue

/// The stacks of all threads of a dump.
struct WalkReport {
  struct Thread {
    let id: UInt32
    let name: String?
    let isCrashed: Bool
    let stack: SymbolizedStack
  }
  /// `nil` for a dump of a process that did not crash.
  var crash: CrashReason?
  /// What the program said before it died.
  var message: String?
  /// The crashed one first.
  var threads: [Thread] = []
  /// What kept frames or names from being found.
  var problems: [String] = []

  /// The machine-readable form; its shape is documented in docs/stack-walking.md.
  var json: String {
    var root = StructuredObject()
    root["crash"] =
      crash.map { crash in
        .object([
          ("reason", .string(crash.reason)), ("address", Self.hexadecimal(crash.address)),
          ("thread", .integer(Int64(crash.threadID))), ("message", Self.text(message)),
        ])
      } ?? .null
    root["threads"] = .array(threads.map(Self.value))
    root["problems"] = .array(problems.map { .string($0) })
    return StructuredValue.object(root).jsonText + "\n"
  }

  private static func value(_ thread: Thread) -> StructuredValue {
    var members: [(String, StructuredValue)] = [
      ("id", .integer(Int64(thread.id))), ("name", text(thread.name)), ("crashed", .bool(thread.isCrashed)),
      ("frames", .array(thread.stack.frames.map(value))), ("end", .string(thread.stack.end.rawValue)),
    ]
    if thread.stack.elidedCount > 0 {
      members.append(
        (
          "elided",
          .object([
            ("after", .integer(Int64(thread.stack.elidedAfter))), ("count", .integer(Int64(thread.stack.elidedCount))),
          ])
        ))
    }
    return .object(members)
  }

  private static func value(_ frame: SymbolizedFrame) -> StructuredValue {
    .object([
      ("instruction", hexadecimal(frame.instruction)), ("module", text(frame.module?.description)),
      ("module_offset", frame.moduleOffset.map(hexadecimal) ?? .null), ("symbol", text(frame.symbol)),
      ("symbol_raw", text(frame.rawSymbol)), ("symbol_offset", frame.symbolOffset.map(hexadecimal) ?? .null),
      ("file", text(frame.file)), ("line", frame.line.map { .integer(Int64($0)) } ?? .null),
      ("inline", .bool(frame.isInline)), ("async", .bool(frame.isAsync)), ("trust", .string(frame.trust.rawValue)),
    ])
  }

  private static func text(_ text: String?) -> StructuredValue { text.map { .string($0) } ?? .null }

  private static func hexadecimal(_ value: UInt64) -> StructuredValue { .string("0x" + String(value, radix: 16)) }
}

extension StructuredValue {
  fileprivate static func object(_ members: [(String, StructuredValue)]) -> StructuredValue {
    var object = StructuredObject()
    for (key, value) in members { object[key] = value }
    return .object(object)
  }
}
