// Provides a range of addresses that never wraps around.

/// Addresses `start ..< end` of another process. `end` never leaves the address space; making one never traps.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
  /// The first address.
  public let start: UInt64
  /// Bytes.
  public let size: UInt64

  /// `size` is cut where the range would wrap around.
  public init(start: UInt64, size: UInt64) {
    self.start = start
    self.size = min(size, UInt64.max - start)
  }

  /// `nil` when `end` lies before `start`.
  public init?(start: UInt64, end: UInt64) {
    guard start <= end else { return nil }
    self.start = start
    size = end - start
  }

  /// The first address behind the range.
  public var end: UInt64 { start + size }
  /// Whether it has no byte.
  public var isEmpty: Bool { size == 0 }

  /// Whether an address lies in it.
  public func contains(_ address: UInt64) -> Bool { address >= start && address < end }
  /// Whether `other` lies in this range as a whole. An empty range lies where it starts.
  public func contains(_ other: AddressRange) -> Bool { other.start >= start && other.end <= end }
  /// Whether both have an address in common.
  public func overlaps(_ other: AddressRange) -> Bool { start < other.end && other.start < end }

  /// The addresses in both; `nil` when there are none.
  public func intersection(_ other: AddressRange) -> AddressRange? {
    let low = max(start, other.start)
    let high = min(end, other.end)
    return low < high ? AddressRange(start: low, size: high - low) : nil
  }

  public var description: String { "0x\(String(start, radix: 16))-0x\(String(end, radix: 16))" }
}
