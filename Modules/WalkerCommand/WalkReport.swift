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
    /// Names and values as the processor's manual orders them.
    var registers: [(name: String, value: UInt64)] = []
  }
  /// An executable or a library that was mapped.
  struct Module {
    let path: FilePath
    let base: UInt64
    let size: UInt64
    /// In lower-case hex: of an ELF file the whole build ID.
    let codeID: String
    /// In Breakpad's form; empty when it is unknown.
    let debugID: String
  }
  /// `nil` for a dump of a process that did not crash.
  var crash: CrashReason?
  /// What the program said before it died.
  var message: String?
  /// The crashed one first.
  var threads: [Thread] = []
  var modules: [Module] = []
  /// What kept frames or names from being found.
  var problems: [String] = []

  /// The machine-readable form; its shape is documented in docs/stack-walking.md.
  var json: String {
    var root = StructuredObject()
    root["crash"] =
      crash.map { crash in
        .object([
          ("reason", .string(reason(of: crash))), ("signal", .string(crash.reason)),
          ("address", Self.hexadecimal(crash.address)),
          ("thread", .integer(Int64(crash.threadID))), ("message", Self.text(message)),
        ])
      } ?? .null
    root["threads"] = .array(threads.map(Self.value))
    root["modules"] = .array(modules.map(Self.value))
    root["problems"] = .array(problems.map { .string($0) })
    return StructuredValue.object(root).jsonText + "\n"
  }

  /// What a person calls the crash: what the program said, with the signal behind it.
  func reason(of crash: CrashReason) -> String {
    guard let line = message.map(Self.firstLine), !line.isEmpty else { return crash.reason }
    return "\(line) (\(crash.reason))"
  }

  /// `main.swift:3: Fatal error: Index out of range` is `Index out of range`, and so is the compiler's name of the trap.
  private static func firstLine(_ message: String) -> String {
    var line = message.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: true).first ?? ""
    for mark in ["Fatal error: ", "Swift runtime failure: "] {
      if let range = line.firstRange(of: mark), line.distance(from: range.upperBound, to: line.endIndex) > 0 {
        line = line[range.upperBound...]
      }
    }
    return String(line.prefix(200))
  }

  private static func value(_ module: Module) -> StructuredValue {
    .object([
      ("path", .string(module.path.description)), ("base", hexadecimal(module.base)),
      ("size", hexadecimal(module.size)), ("code_id", module.codeID.isEmpty ? .null : .string(module.codeID)),
      ("debug_id", module.debugID.isEmpty ? .null : .string(module.debugID)),
    ])
  }

  private static func value(_ thread: Thread) -> StructuredValue {
    var members: [(String, StructuredValue)] = [
      ("id", .integer(Int64(thread.id))), ("name", text(thread.name)), ("crashed", .bool(thread.isCrashed)),
      ("frames", .array(thread.stack.frames.map(value))), ("end", .string(thread.stack.end.rawValue)),
    ]
    if !thread.registers.isEmpty {
      members.append(("registers", .object(thread.registers.map { ($0.name, hexadecimal($0.value)) })))
    }
    if thread.stack.elidedCount > 0 {
      members.append(
        (
          "elided",
          .object([
            ("after", .integer(Int64(thread.stack.elidedAfter))), ("count", .integer(Int64(thread.stack.elidedCount))),
          ])
        ))
    }
    if let gap = thread.stack.gap {
      members.append(
        ("gap", .object([("after", .integer(Int64(gap.after))), ("bytes", .integer(Int64(clamping: gap.bytes)))])))
    }
    return .object(members)
  }

  private static func value(_ frame: SymbolizedFrame) -> StructuredValue {
    .object([
      ("instruction", hexadecimal(frame.instruction)), ("module", text(frame.module?.description)),
      ("module_offset", frame.moduleOffset.map(hexadecimal) ?? .null), ("symbol", text(frame.symbol)),
      ("symbol_raw", text(frame.rawSymbol)), ("symbol_offset", frame.symbolOffset.map(hexadecimal) ?? .null),
      ("file", text(frame.file)), ("line", frame.line.map { .integer(Int64($0)) } ?? .null),
      ("inline", .bool(frame.isInline)), ("async", .bool(frame.isAsync)), ("mangled", .bool(frame.isMangled)),
      ("role", text(frame.role?.rawValue)), ("trust", .string(frame.trust.rawValue)),
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
