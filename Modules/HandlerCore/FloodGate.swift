// Provides the bound on dumps of one cause within a minute.
internal import CrashDatabase
internal import LinuxSystem

/// Counts crashes by their signature, across the processes that share a database: `<database>/floods`, a line
/// `SIGNATURE START COUNT` each, the start in seconds since 1970.
///
/// When in doubt (a file that is locked, damaged or cannot be written) a crash is dumped.
struct FloodGate {
  /// Seconds in which crashes count together.
  private static let window: Int64 = 60
  private static let lineLimit = 64
  private static let byteLimit = 8 * 1024
  /// Milliseconds that somebody else's use of the file is waited for. The crashed process waits too.
  private static let patience: Int64 = 200

  private struct Entry {
    var signature: UInt64
    var start: Int64
    var count: Int64
  }

  private let path: FilePath
  /// Dumps of one signature within a minute.
  private let limit: Int64

  /// - Parameter limit: 0 or less: there is no limit, and no gate.
  init?(database: FilePath, limit: Int) {
    if limit <= 0 { return nil }
    path = database.appending("floods")
    self.limit = Int64(limit)
  }

  /// Counts one crash.
  ///
  /// - Returns: whether it is to be dumped.
  func admits(_ signature: CrashSignature, now: Int64) -> Bool {
    do throws(Errno) {
      let lock = try FileLock(
        waitingFor: FileSystem.open(path, [.readWrite, .create, .noFollow]), .exclusive, milliseconds: Self.patience)
      let entries = Self.parse(try lock.file.read(upTo: Self.byteLimit, at: 0))
      var kept = entries.filter { $0.start <= now && now &- $0.start < Self.window }
      var entry = Entry(signature: signature.value, start: now, count: 0)
      if let index = kept.firstIndex(where: { $0.signature == signature.value }) { entry = kept.remove(at: index) }
      entry.count = min(entry.count, Int64.max - 1) + 1
      kept = Array(kept.suffix(Self.lineLimit - 1)) + [entry]
      var text: [UInt8] = []
      for entry in kept { text += Array("\(String(entry.signature, radix: 16)) \(entry.start) \(entry.count)\n".utf8) }
      try lock.file.writeAll(text, at: 0)
      try lock.file.truncate(to: Int64(text.count))
      return entry.count <= limit
    } catch {
      return true
    }
  }

  private static func parse(_ bytes: [UInt8]) -> [Entry] {
    var result: [Entry] = []
    for line in bytes.split(separator: 0x0a).prefix(lineLimit) {
      let words = line.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
      guard words.count == 3, let signature = UInt64(words[0], radix: 16), let start = Int64(words[1]),
        let count = Int64(words[2]), start >= 0, count > 0
      else { continue }
      result.append(Entry(signature: signature, start: start, count: count))
    }
    return result
  }
}
