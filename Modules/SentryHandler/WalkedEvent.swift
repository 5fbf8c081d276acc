// Provides walked stacks in the words of an event.
internal import StructuredValue

/// Puts the walker's stacks into an event: the crashing thread's into the exception, all threads into `threads`.
enum WalkedEvent {
  /// Frames of one thread that an event carries; the newest stay.
  private static let frameLimit = 250

  /// Whether an event has stacks already.
  static func isWalked(_ event: StructuredObject) -> Bool { event["threads"] != nil }

  static func complete(_ event: inout StructuredObject, with walk: StructuredValue) {
    var threads: [StructuredValue] = []
    for thread in walk["threads"]?.array ?? [] {
      let stack = stacktrace(thread["frames"]?.array ?? [])
      let crashed = thread["crashed"]?.bool ?? false
      if crashed { setStack(stack, in: &event) }
      var value = StructuredObject()
      value["id"] = thread["id"]
      if let name = thread["name"]?.string, !name.isEmpty { value["name"] = .string(name) }
      value["crashed"] = .bool(crashed)
      value["current"] = .bool(crashed)
      // The crashing thread's stack stands in the exception; servers show it twice otherwise.
      if !crashed { value["stacktrace"] = stack }
      threads.append(.object(value))
    }
    event["threads"] = ["values": .array(threads)]
  }

  private static func setStack(_ stack: StructuredValue, in event: inout StructuredObject) {
    guard var exception = event["exception"]?.object, var values = exception["values"]?.array,
      var first = values.first?.object
    else { return }
    first["stacktrace"] = stack
    values[0] = .object(first)
    exception["values"] = .array(values)
    event["exception"] = .object(exception)
  }

  /// Sentry's order: the oldest frame first.
  private static func stacktrace(_ frames: [StructuredValue]) -> StructuredValue {
    ["frames": .array(frames.prefix(frameLimit).reversed().map(frame))]
  }

  private static func frame(_ frame: StructuredValue) -> StructuredValue {
    var value = StructuredObject()
    value["instruction_addr"] = frame["instruction"]
    if let name = frame["symbol"]?.string { value["function"] = .string(name) }
    if let raw = frame["symbol_raw"]?.string, raw != frame["symbol"]?.string { value["raw_function"] = .string(raw) }
    if let module = frame["module"]?.string {
      value["package"] = .string(module)
      value["in_app"] = .bool(isApplication(module))
    }
    if let file = frame["file"]?.string { value["filename"] = .string(file) }
    if let line = frame["line"]?.int64 { value["lineno"] = .integer(line) }
    if let trust = frame["trust"]?.string { value["trust"] = .string(trust == "frame_pointer" ? "fp" : trust) }
    return .object(value)
  }

  /// Libraries of the system and of the Swift runtime are not what the application's people wrote.
  private static func isApplication(_ module: String) -> Bool {
    let path = Array(module.utf8)
    for prefix in ["/usr/", "/lib/", "/lib64/", "[", "linux-vdso"] where path.starts(with: prefix.utf8) { return false }
    let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
    for prefix in ["libswift", "lib_Foundation", "libFoundation", "libdispatch", "libBlocksRuntime"]
    where name.starts(with: prefix.utf8) {
      return false
    }
    return true
  }
}
