// Provides the reading of Mozilla's streams of macOS.

extension MinidumpReader {
  /// A stream of 172 bytes: type, count of records, bytes of a record before its texts, twenty locations. A record has
  /// 64-bit words (type, version, thread, dialog mode, abort cause), then five texts that end with NUL.
  internal func decodeMacOSCrashInfo() -> [MinidumpMacOSCrashInfo]? {
    guard let record = stream(.macOSCrashInfo, minimum: 12) else { return nil }
    let says = Int(record.u32(4))
    let fixed = Int(record.u32(8))
    let count = min(says, MinidumpMacOSCrashInfo.maximumCount, record.fitting(8, from: 12))
    if count < says { note(.countTooLarge, .macOSCrashInfo, "records", UInt64(says)) }
    var result: [MinidumpMacOSCrashInfo] = []
    for index in 0..<max(count, 0) {
      guard let entry = located(record.entry(index, of: 8, from: 12), .macOSCrashInfo, "record", index: index) else {
        continue
      }
      guard fixed >= 16, fixed <= entry.count else {
        note(.tooSmall, .macOSCrashInfo, "record", UInt64(entry.count), index: index)
        continue
      }
      guard charge(MemoryLayout<MinidumpMacOSCrashInfo>.stride, .macOSCrashInfo, "record", index: index) else { break }
      var info = MinidumpMacOSCrashInfo(version: entry.u64(8))
      var texts = entry.part(fixed)
      func next(_ field: String) -> String {
        let text = terminatedUTF8(texts, .macOSCrashInfo, field, index: index) ?? ""
        let end = texts.bytes.firstIndex(of: 0).map { $0 &+ 1 } ?? texts.count
        texts = texts.part(end)
        return text
      }
      info.thread = fixed >= 24 ? entry.u64(16) : nil
      info.dialogMode = fixed >= 32 ? entry.u64(24) : nil
      info.abortCause = info.version >= 5 && fixed >= 40 ? entry.u64(32) : nil
      info.modulePath = next("module path")
      info.message = next("message")
      info.signature = next("signature")
      info.backtrace = next("backtrace")
      info.message2 = next("second message")
      result.append(info)
    }
    return result
  }

  /// Type, then a 64-bit offset of a text.
  internal func decodeMacOSBootArgs() -> String? {
    guard let record = stream(.macOSBootArgs, minimum: 12) else { return nil }
    return utf16(at: record.u64(4), .macOSBootArgs, "boot arguments")
  }
}
