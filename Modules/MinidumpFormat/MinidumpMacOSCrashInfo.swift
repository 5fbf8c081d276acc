// Provides what libraries of macOS say of a crash: Mozilla's streams.

/// What a library of macOS left in its `__crash_info` section: a record of stream 0x4d7a0001. 20 at most are stored.
public struct MinidumpMacOSCrashInfo: Hashable, Sendable {
  public var version: UInt64
  /// nil in records of version 1; what follows, too. Within one dump all records have the same fields.
  public var thread: UInt64?
  public var dialogMode: UInt64?
  /// From version 5 on.
  public var abortCause: UInt64?
  public var modulePath: String = ""
  public var message: String = ""
  public var signature: String = ""
  public var backtrace: String = ""
  public var message2: String = ""

  public init(version: UInt64) { self.version = version }

  internal static let maximumCount = 20
  /// Type, count of records, bytes of a record before its texts, locations of the records.
  internal static let size = 12 + maximumCount * 8
  internal static let bootArgumentsSize = 12
}

extension MinidumpMacOSCrashInfo {
  /// - Returns: bytes of the stream itself; records follow.
  internal static func encode(_ records: [MinidumpMacOSCrashInfo], into output: MinidumpEncoder) -> Int {
    let records = records.prefix(maximumCount)
    var fixed = 16
    for record in records {
      if record.abortCause != nil {
        fixed = 40
      } else if record.dialogMode != nil {
        fixed = max(fixed, 32)
      } else if record.thread != nil {
        fixed = max(fixed, 24)
      }
    }
    let stream = output.reserve(size)
    output.put(MinidumpStreamType.macOSCrashInfo.rawValue, at: stream)
    output.put(UInt32(truncatingIfNeeded: records.count), at: stream + 4)
    output.put(UInt32(truncatingIfNeeded: fixed), at: stream + 8)
    for (index, record) in records.enumerated() {
      var texts: [UInt8] = []
      for text in [record.modulePath, record.message, record.signature, record.backtrace, record.message2] {
        texts += text.utf8
        texts.append(0)
      }
      let place = output.reserve(fixed + texts.count)
      output.putLocation(place, size: fixed + texts.count, at: stream + 12 + index * 8)
      output.put(UInt64(MinidumpStreamType.macOSCrashInfo.rawValue), at: place)
      output.put(record.version, at: place + 8)
      if fixed >= 24 { output.put(record.thread ?? 0, at: place + 16) }
      if fixed >= 32 { output.put(record.dialogMode ?? 0, at: place + 24) }
      if fixed >= 40 { output.put(record.abortCause ?? 0, at: place + 32) }
      output.put(texts, at: place + fixed)
    }
    return size
  }

  internal static func encodeBootArguments(_ arguments: String, into output: MinidumpEncoder) {
    let stream = output.reserve(bootArgumentsSize)
    output.put(MinidumpStreamType.macOSBootArgs.rawValue, at: stream)
    output.put(output.base &+ UInt64(output.appendUTF16(arguments)), at: stream + 4)
  }
}
