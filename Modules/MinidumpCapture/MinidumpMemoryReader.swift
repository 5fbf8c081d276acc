// Provides the memory that a dump holds.
public import MinidumpFormat
public import ProcessMemory

/// The memory of a dump by address: stacks and memory lists of either width.
public final class MinidumpMemoryReader: MemoryReader {
  /// Keeps the bytes alive that `map` points into.
  private let dump: MinidumpReader
  private let map: MinidumpMemoryMap

  public init(_ dump: MinidumpReader) {
    self.dump = dump
    map = dump.memoryMap
  }

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    map.read(at: address, into: buffer)
  }
}
