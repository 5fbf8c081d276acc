// Provides a range of addresses that never wraps around.
import StableOrder

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

  /// By address, without empty ranges; overlapping and touching ones are joined.
  public static func coalesced(_ ranges: [AddressRange]) -> [AddressRange] {
    var result: [AddressRange] = []
    result.reserveCapacity(ranges.count)
    for range in ranges.inOrder(by: { $0.start < $1.start }) where !range.isEmpty {
      if let last = result.last, range.start <= last.end {
        result[result.count - 1] = AddressRange(start: last.start, size: max(last.end, range.end) - last.start)
      } else {
        result.append(range)
      }
    }
    return result
  }

  /// What is left of `ranges` without every byte of `holes`.
  /// - Parameters:
  ///   - holes: by where they start; they may overlap each other.
  ///   - ranges: by address, without overlaps.
  public static func subtract(_ holes: [AddressRange], from ranges: [AddressRange]) -> [AddressRange] {
    var result: [AddressRange] = []
    var first = 0
    for range in ranges {
      while first < holes.count, holes[first].end <= range.start { first += 1 }
      var start = range.start
      var index = first
      while index < holes.count, holes[index].start < range.end {
        if holes[index].start > start { result.append(AddressRange(start: start, size: holes[index].start - start)) }
        start = max(start, holes[index].end)
        index += 1
      }
      if start < range.end { result.append(AddressRange(start: start, size: range.end - start)) }
    }
    return result
  }
}
