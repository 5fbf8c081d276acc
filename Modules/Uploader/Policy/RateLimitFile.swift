// Provides the file that keeps the server's limits from one run to the next.
public import LinuxSystem

/// `<database>/rate_limits`: one line `KEY CATEGORY END` for each limit. KEY is the DSN's public key, since programs of
/// several projects may share a database; CATEGORY is `*` for everything; END is in seconds since 1970.
///
/// The handler and all SDKs on a database share it. It is replaced as a whole; of two processes that learn at the same
/// moment one may lose a line, and learns it again by its next request. Lines that are not understood are dropped.
public struct RateLimitFile: Sendable {
  public let path: FilePath
  private let key: String

  /// Bytes and lines that are read.
  private static let byteLimit = 32 * 1024
  private static let lineLimit = 256

  /// - Parameters:
  ///   - database: its folder.
  ///   - key: the DSN's public key; empty when nobody knows it.
  public init(database: FilePath, key: String) {
    path = database.appending("rate_limits")
    self.key = key.isEmpty || !Self.isWord(Array(key.utf8)) ? "-" : key
  }

  /// Adds what earlier runs and other processes learned.
  public func load(into limits: inout RateLimits, now: MonotonicInstant, wallClock: Timestamp) {
    limits.restore(read(wallClock).filter { $0.key == key }.map { $0.entry }, now: now, wallClock: wallClock)
  }

  /// Keeps the limits that hold now, and those of other keys.
  ///
  /// - Throws: the kernel's error; the limits hold for this process all the same.
  public func store(_ limits: RateLimits, now: MonotonicInstant, wallClock: Timestamp) throws(Errno) {
    var merged = limits
    let lines = read(wallClock)
    merged.restore(lines.filter { $0.key == key }.map { $0.entry }, now: now, wallClock: wallClock)
    var text: [UInt8] = []
    for entry in merged.entries(now: now, wallClock: wallClock) { Self.append(key, entry, to: &text) }
    for line in lines where line.key != key { Self.append(line.key, line.entry, to: &text) }
    if text.isEmpty && !FileSystem.exists(path) { return }
    try FileSystem.replace(path, with: text)
  }

  private static func append(_ key: String, _ entry: RateLimits.Entry, to text: inout [UInt8]) {
    let name = entry.category == .everything ? "*" : entry.category.rawValue
    guard isWord(Array(name.utf8)) else { return }
    text += Array("\(key) \(name) \(entry.end)\n".utf8)
  }

  /// Limits of the file that are not over.
  private func read(_ wallClock: Timestamp) -> [(key: String, entry: RateLimits.Entry)] {
    guard let bytes = try? FileSystem.readRegular(path, limit: Self.byteLimit) else { return [] }
    return Self.parse(bytes).filter { $0.entry.end > wallClock.seconds }
  }

  internal static func parse(_ bytes: [UInt8]) -> [(key: String, entry: RateLimits.Entry)] {
    var result: [(key: String, entry: RateLimits.Entry)] = []
    for line in bytes.split(separator: 0x0a).prefix(lineLimit) {
      let words = line.split(separator: 0x20)
      guard words.count == 3, let end = Int64(String(decoding: words[2], as: UTF8.self)), end > 0,
        isWord(words[0]), isWord(words[1])
      else { continue }
      let name = String(decoding: words[1], as: UTF8.self)
      result.append(
        (
          String(decoding: words[0], as: UTF8.self),
          RateLimits.Entry(category: name == "*" ? .everything : RateLimitCategory(rawValue: name), end: end)
        ))
    }
    return result
  }

  /// Printable ASCII without blanks, and not too long.
  private static func isWord(_ bytes: some Collection<UInt8>) -> Bool {
    !bytes.isEmpty && bytes.count <= RateLimits.nameLimit && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7f }
  }
}
