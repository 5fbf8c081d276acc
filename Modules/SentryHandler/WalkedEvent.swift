// Provides walked stacks in the words of an event.
internal import StructuredValue

/// Puts the walker's stacks into an event: the crashing thread's into the exception, all threads into `threads`.
enum WalkedEvent {
  /// Frames of one thread that an event carries; the newest stay.
  private static let frameLimit = 250
  /// Modules that an event names.
  private static let imageLimit = 1024

  /// Whether an event has stacks already.
  static func isWalked(_ event: StructuredObject) -> Bool { event["threads"] != nil }

  static func complete(_ event: inout StructuredObject, with walk: StructuredValue) {
    var threads: [StructuredValue] = []
    for thread in walk["threads"]?.array ?? [] {
      let stack = stacktrace(thread)
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
    if let message = walk["crash"]?["message"]?.string { setReason(message, in: &event) }
    if event["debug_meta"] == nil {
      event["debug_meta"] = ["images": .array((walk["modules"]?.array ?? []).prefix(imageLimit).compactMap(image))]
    }
  }

  /// What the walker found to be the reason takes the place of the signal's details, never of a message.
  private static func setReason(_ message: String, in event: inout StructuredObject) {
    guard var exception = event["exception"]?.object, var values = exception["values"]?.array,
      var first = values.first?.object, first["mechanism"]?["type"]?.string == "signalhandler"
    else { return }
    let text = first["value"]?.string ?? ""
    let code = first["mechanism"]?["meta"]?["signal"]?["code_name"]?.string ?? ""
    let isDetail =
      text.isEmpty || text.utf8.starts(with: "at 0x".utf8) || (!code.isEmpty && text.utf8.starts(with: code.utf8))
    guard isDetail else { return }
    first["value"] = .string(message)
    values[0] = .object(first)
    exception["values"] = .array(values)
    event["exception"] = .object(exception)
  }

  /// A module as a debug image; `nil` for one that nothing identifies.
  private static func image(_ module: StructuredValue) -> StructuredValue? {
    guard let debugID = module["debug_id"]?.string, let base = module["base"], let size = module["size"]?.string,
      let bytes = Int64(hexadecimal: size)
    else { return nil }
    var value = StructuredObject()
    value["type"] = "elf"
    value["code_file"] = module["path"]
    if let codeID = module["code_id"]?.string { value["code_id"] = .string(codeID) }
    value["debug_id"] = .string(debugID)
    value["image_addr"] = base
    value["image_size"] = .integer(bytes)
    return .object(value)
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
  private static func stacktrace(_ thread: StructuredValue) -> StructuredValue {
    var value = StructuredObject()
    value["frames"] = .array((thread["frames"]?.array ?? []).prefix(frameLimit).reversed().map(frame))
    if let registers = thread["registers"] { value["registers"] = registers }
    return .object(value)
  }

  private static func frame(_ frame: StructuredValue) -> StructuredValue {
    var value = StructuredObject()
    value["instruction_addr"] = frame["instruction"]
    if let name = frame["symbol"]?.string { value["function"] = .string(name) }
    if let raw = frame["symbol_raw"]?.string, raw != frame["symbol"]?.string { value["raw_function"] = .string(raw) }
    if let module = frame["module"]?.string {
      value["package"] = .string(module)
      // What the compiler and the runtime put around the program's own code is folded away.
      value["in_app"] = .bool(isApplication(module) && frame["role"]?.string == nil)
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

extension Int64 {
  /// `0x…`; `nil` for anything else.
  fileprivate init?(hexadecimal text: String) {
    guard text.utf8.starts(with: "0x".utf8),
      let value = Int64(String(decoding: text.utf8.dropFirst(2), as: UTF8.self), radix: 16)
    else { return nil }
    self = value
  }
}
