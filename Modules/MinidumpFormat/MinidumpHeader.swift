// Provides the first bytes of a minidump.

/// The header: 32 bytes at the start of the file.
public struct MinidumpHeader: Hashable, Sendable {
  /// The low half is 0xa793; the high half is the writer's and 0 outside Windows.
  public var version: UInt32
  public var streamCount: UInt32
  public var directoryOffset: UInt32
  public var checksum: UInt32
  /// Seconds since 1970.
  public var timestamp: UInt32
  public var flags: UInt64

  /// "MDMP".
  public static let signature: UInt32 = 0x504d_444d
  public static let version: UInt16 = 0xa793
  /// A flag: contexts have their extended state behind them (`MiniDumpWithAvxXStateContext`).
  public static let avxXStateContext: UInt64 = 0x20_0000

  internal static let size = 32
  internal static let directoryEntrySize = 12

  internal func encode(into output: MinidumpEncoder, signed: Bool) {
    let record = output.reserve(Self.size)
    if signed { output.put(Self.signature, at: record) }
    output.put(version, at: record + 4)
    output.put(streamCount, at: record + 8)
    output.put(directoryOffset, at: record + 12)
    output.put(checksum, at: record + 16)
    output.put(timestamp, at: record + 20)
    output.put(flags, at: record + 24)
  }
}
