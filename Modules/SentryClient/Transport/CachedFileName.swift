// Provides the names of the files in the cache.
internal import LinuxSystem

/// The name of an envelope in `<database>/cache`, as native SDKs have it.
///
/// `<uuid>.envelope` is kept and never sent again. `<milliseconds since 1970>-<attempts, two digits>-<uuid>.envelope` waits
/// for its next attempt. Files that belong to an envelope are called `<uuid>.<something>` and `<uuid>-<something>`.
internal struct CachedFileName: Hashable, Sendable {
  let id: UniqueID
  /// `nil` for an envelope that is kept.
  var attempt: Attempt?

  struct Attempt: Hashable, Sendable {
    /// Milliseconds since 1970 of the last attempt.
    var time: Int64
    /// Attempts that failed beside the first.
    var count: Int
  }

  private static let suffix = Array(".envelope".utf8)

  init(id: UniqueID, attempt: Attempt? = nil) {
    self.id = id
    self.attempt = attempt
  }

  /// `nil` for another name.
  init?(_ name: [UInt8]) {
    guard name.count <= 128, name.count > Self.suffix.count, name.suffix(Self.suffix.count).elementsEqual(Self.suffix)
    else { return nil }
    let stem = name.dropLast(Self.suffix.count)
    guard stem.count >= 36, let id = UniqueID(text: Array(stem.suffix(36))) else { return nil }
    self.id = id
    let prefix = stem.dropLast(36)
    if prefix.isEmpty { return }
    let words = prefix.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard words.count == 3, words[2].isEmpty, words[1].count == 2, let time = Self.number(words[0]),
      let count = Self.number(words[1])
    else { return nil }
    attempt = Attempt(time: time, count: Int(count))
  }

  var text: String {
    guard let attempt else { return "\(id).envelope" }
    let count = min(max(attempt.count, 0), 99)
    return "\(attempt.time)-\(count < 10 ? "0" : "")\(count)-\(id).envelope"
  }

  /// Whether `name` belongs to the envelope of this identifier.
  func owns(_ name: [UInt8]) -> Bool {
    let stem = Array(id.description.utf8)
    guard name.count > stem.count, name.starts(with: stem), CachedFileName(name) == nil else { return false }
    return name[stem.count] == UInt8(ascii: ".") || name[stem.count] == UInt8(ascii: "-")
  }

  /// One to fifteen digits.
  private static func number(_ word: ArraySlice<UInt8>) -> Int64? {
    if word.isEmpty || word.count > 15 { return nil }
    var value: Int64 = 0
    for byte in word {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      value = value * 10 + Int64(byte - 0x30)
    }
    return value
  }
}
