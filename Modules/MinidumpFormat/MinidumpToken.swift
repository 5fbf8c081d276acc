// Provides access tokens: the Token stream.

/// An access token of the process or of a thread: an entry of stream 19, which Windows writes.
public struct MinidumpToken: Hashable, Sendable {
  /// Of the process or the thread.
  public var id: UInt32
  public var handle: UInt64
  /// What Windows says of the token. The layout is not published.
  public var data: [UInt8]

  public init(id: UInt32, handle: UInt64, data: [UInt8] = []) {
    self.id = id
    self.handle = handle
    self.data = data
  }

  internal static let listHeaderSize = 16
  internal static let headerSize = 16
}

extension MinidumpToken {
  internal static func encode(_ tokens: [MinidumpToken], into output: MinidumpEncoder) {
    let size = tokens.reduce(listHeaderSize) { $0 + headerSize + $1.data.count }
    let stream = output.reserve(size)
    output.put(UInt32(truncatingIfNeeded: size), at: stream)
    output.put(UInt32(truncatingIfNeeded: tokens.count), at: stream + 4)
    output.put(UInt32(listHeaderSize), at: stream + 8)
    output.put(UInt32(headerSize), at: stream + 12)
    var record = stream + listHeaderSize
    for token in tokens {
      output.put(UInt32(truncatingIfNeeded: headerSize + token.data.count), at: record)
      output.put(token.id, at: record + 4)
      output.put(token.handle, at: record + 8)
      output.put(token.data, at: record + headerSize)
      record += headerSize + token.data.count
    }
  }
}

extension MinidumpReader {
  internal func decodeTokens() -> [MinidumpToken]? {
    guard let record = stream(.token, minimum: MinidumpToken.listHeaderSize) else { return nil }
    let (says, header, entry) = (Int(record.u32(4)), Int(record.u32(8)), Int(record.u32(12)))
    guard header >= MinidumpToken.listHeaderSize, entry >= MinidumpToken.headerSize else {
      note(.unknownLayout, .token, "token", UInt64(entry))
      return nil
    }
    var tokens: [MinidumpToken] = []
    var position = header
    while tokens.count < says, position <= record.count &- entry {
      let part = record.part(position, count: Int(record.u32(position)))
      // Sizes are of this stream and follow each other: no byte is counted twice.
      let isWhole = part.count >= entry && part.count == Int(part.u32(0))
      guard isWhole, charge(part.count &+ 128, .token, "token", index: tokens.count) else { break }
      tokens.append(
        MinidumpToken(id: part.u32(4), handle: part.u64(8), data: part.part(entry).copied()))
      position &+= part.count
    }
    if tokens.count < says { note(.countTooLarge, .token, "tokens", UInt64(says)) }
    return tokens
  }
}
