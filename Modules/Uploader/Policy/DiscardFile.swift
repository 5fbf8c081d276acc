// Provides the file that keeps counts of lost data until a server has been told of them.
public import LinuxSystem

/// Data that was lost on this side: why, of which category, and how much of it.
public struct Discard: Sendable, Hashable {
  /// `network_error`, `cache_overflow`, ...: docs/sdk-transport.md, "Client reports".
  public var reason: String
  public var category: String
  public var quantity: UInt64
  public init(reason: String, category: String, quantity: UInt64) {
    self.reason = reason
    self.category = category
    self.quantity = quantity
  }
}

/// `<database>/discarded`: one line `REASON CATEGORY QUANTITY` for each pair.
///
/// The handler, whose processes live for one upload, and SDKs that end before they could tell the server leave their
/// counts here; whoever sends next takes them. `flock(2)` on the file sees to it that they are taken once. A process that
/// is killed while it writes may leave half of the lines: counts are worth less than reports.
public struct DiscardFile: Sendable {
  public let path: FilePath

  private static let byteLimit = 32 * 1024
  private static let lineLimit = 256
  private static let nameLimit = 64
  /// Milliseconds that somebody else's use of the file is waited for.
  private static let patience: Int64 = 500

  /// - Parameter database: its folder.
  public init(database: FilePath) { path = database.appending("discarded") }

  /// Adds counts.
  ///
  /// - Throws: the kernel's error; nothing was added.
  public func add(_ discards: [Discard]) throws(Errno) {
    let words = discards.filter { Self.isWord($0.reason.utf8) && Self.isWord($0.category.utf8) && $0.quantity > 0 }
    if words.isEmpty { return }
    let lock = try FileLock(
      waitingFor: FileSystem.open(path, [.readWrite, .create, .noFollow]), .exclusive, milliseconds: Self.patience)
    let size = try lock.file.status().size
    let known = Self.parse(try lock.file.read(upTo: Int(min(size, Int64(Self.byteLimit))), at: 0))
    var text: [UInt8] = []
    for discard in Self.merge(known + words) {
      text += Array("\(discard.reason) \(discard.category) \(discard.quantity)\n".utf8)
    }
    // Longer than before: a full disk fails here, before anything is lost.
    try lock.file.writeAll(text, at: 0)
    try lock.file.truncate(to: Int64(text.count))
  }

  /// Adds counts at the end, without a look at those that are there. For few, by whom nobody takes any from.
  ///
  /// - Throws: the kernel's error; nothing was added.
  public func append(_ discards: [Discard]) throws(Errno) {
    var text: [UInt8] = []
    for discard in discards {
      text.append(contentsOf: "\(discard.reason) \(discard.category) \(discard.quantity)\n".utf8)
    }
    let lock = try FileLock(
      waitingFor: FileSystem.open(path, [.readWrite, .create, .noFollow]), .exclusive, milliseconds: Self.patience)
    let size = try lock.file.status().size
    if size + Int64(text.count) > Int64(Self.byteLimit) { throw .noSpace }
    try lock.file.writeAll(text, at: size)
  }

  /// Takes all counts; they are not in the file any more. Empty when there are none, or when somebody else has the file.
  public func take() -> [Discard] {
    guard let status = try? FileSystem.status(path, followLinks: false), status.kind == .regular, status.size > 0,
      let file = try? FileSystem.open(path, [.readWrite, .noFollow]),
      let lock = try? FileLock(waitingFor: file, .exclusive, milliseconds: Self.patience),
      let bytes = try? lock.file.read(upTo: Self.byteLimit, at: 0),
      (try? lock.file.truncate(to: 0)) != nil
    else { return [] }
    return Self.merge(Self.parse(bytes))
  }

  internal static func parse(_ bytes: [UInt8]) -> [Discard] {
    var result: [Discard] = []
    for line in bytes.split(separator: 0x0a).prefix(lineLimit) {
      let words = line.split(separator: 0x20)
      guard words.count == 3, isWord(words[0]), isWord(words[1]),
        let quantity = UInt64(String(decoding: words[2], as: UTF8.self)), quantity > 0
      else { continue }
      result.append(
        Discard(
          reason: String(decoding: words[0], as: UTF8.self), category: String(decoding: words[1], as: UTF8.self),
          quantity: quantity))
    }
    return result
  }

  private static func merge(_ discards: [Discard]) -> [Discard] {
    var result: [Discard] = []
    for discard in discards {
      if let index = result.firstIndex(where: { $0.reason == discard.reason && $0.category == discard.category }) {
        let (sum, overflow) = result[index].quantity.addingReportingOverflow(discard.quantity)
        result[index].quantity = overflow ? .max : sum
      } else if result.count < lineLimit {
        result.append(discard)
      }
    }
    return result
  }

  private static func isWord(_ bytes: some Collection<UInt8>) -> Bool {
    !bytes.isEmpty && bytes.count <= nameLimit && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7f }
  }
}
