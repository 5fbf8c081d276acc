// Provides the crash in the words of an event.
internal import LinuxSystem
internal import MinidumpFormat
internal import ProcessMemory
internal import ProcessSnapshot
internal import StructuredValue

/// Completes an event that was written before the crash with what the crash was.
///
/// Members that the client has set stay, but for the id: one event per report, also where one client's handler serves
/// forked children with the same prepared event.
enum CrashEvent {
  static func complete(
    _ event: inout StructuredObject, snapshot: borrowing ProcessSnapshot, reportID: UniqueID
  ) {
    event["event_id"] = .string(reportID.description)
    let time = snapshot.exception?.time ?? snapshot.timestamp
    event["timestamp"] = .string(time.iso8601)
    if event["platform"] == nil { event["platform"] = "native" }
    if snapshot.exception?.isSimulated == true {
      // What the client has prepared is for a crash.
      event["level"] = "info"
    } else if event["level"] == nil || event["level"] == .null {
      event["level"] = "fatal"
    }
    if event["exception"] == nil, let exception = snapshot.exception {
      event["exception"] = ["values": [value(exception, message: snapshot.fatalMessage)]]
    }
    var contexts = event["contexts"]?.object ?? StructuredObject()
    contexts["crash_capture"] = capture(snapshot)
    event["contexts"] = .object(contexts)
  }

  /// Completes an event that the client has changed since with what was found out before.
  static func complete(_ event: inout StructuredObject, from before: StructuredObject) {
    for key in ["event_id", "timestamp"] { event[key] = before[key] }
    for key in ["platform", "level", "exception"] where event[key] == nil { event[key] = before[key] }
    var contexts = event["contexts"]?.object ?? StructuredObject()
    contexts["crash_capture"] = before["contexts"]?["crash_capture"]
    event["contexts"] = .object(contexts)
  }

  /// The signal as an exception: its name as the type, the runtime's message or the details as the value.
  private static func value(_ exception: ExceptionSnapshot, message: [UInt8]?) -> StructuredValue {
    let record = MinidumpException(
      threadID: UInt32(bitPattern: exception.threadID), code: UInt32(bitPattern: exception.signal.signal),
      flags: UInt32(bitPattern: exception.signal.code), address: exception.address)
    let names = record.linuxName
    let signal = names.code ?? "signal \(exception.signal.signal)"
    let details = [names.flags, exception.address == 0 ? nil : "at 0x\(String(exception.address, radix: 16))"]
    let text =
      message.map { String(decoding: $0, as: UTF8.self) } ?? details.compactMap { $0 }.joined(separator: " ")
    var meta = StructuredObject()
    meta["number"] = .integer(Int64(exception.signal.signal))
    meta["name"] = .string(signal)
    meta["code"] = .integer(Int64(exception.signal.code))
    if let name = names.flags { meta["code_name"] = .string(name) }
    return [
      "type": .string(exception.isSimulated ? "Dump" : signal),
      "value": .string(text),
      "thread_id": .integer(Int64(exception.threadID)),
      "mechanism": [
        "type": "signalhandler", "synthetic": true, "handled": .bool(exception.isSimulated),
        "meta": ["signal": .object(meta)],
      ],
    ]
  }

  /// How the capture went: which way memory was read, and what is missing.
  private static func capture(_ snapshot: borrowing ProcessSnapshot) -> StructuredValue {
    [
      "memory": .string(snapshot.memoryStrategy.description),
      "thread_access": .string(snapshot.threadAccess.description),
      "threads": .integer(Int64(snapshot.threads.count)),
      "modules": .integer(Int64(snapshot.modules.count)),
      "soft_errors": .array(snapshot.softErrors.prefix(32).map { .string($0.description) }),
    ]
  }
}
