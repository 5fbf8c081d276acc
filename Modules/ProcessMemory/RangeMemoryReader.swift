// Provides memory restricted to one range.

/// Reads another reader's memory inside `range` only: what lies outside cannot be read.
public final class RangeMemoryReader: MemoryReader {
  private let base: any MemoryReader
  /// What can be read.
  public let range: AddressRange

  /// The part of another memory that lies in a range.
  public init(_ base: any MemoryReader, range: AddressRange) {
    self.base = base
    self.range = range
  }

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard range.contains(address) else { return 0 }
    let count = min(UInt64(buffer.count), range.end - address)
    return base.read(at: address, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(count)]))
  }
}
