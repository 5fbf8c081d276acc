// Tests that copies of memory are made at once, serve every later reading, and are the same as the memory.
@testable import MinidumpCapture
import ProcessMemory
import Testing

/// Memory whose bytes follow from their address, from one address to another, that counts how it is asked.
private final class CountedMemory: MemoryReader {
  let readable: Range<UInt64>
  private(set) var calls = 0
  private(set) var bytes = 0

  init(_ readable: Range<UInt64>) { self.readable = readable }

  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    calls += 1
    return fill(address, buffer)
  }

  func readPieces(_ pieces: UnsafeBufferPointer<MemoryPiece>) -> Int {
    calls += 1
    return pieces.prefix { fill($0.address, $0.buffer) == $0.buffer.count }.count
  }

  private func fill(_ address: UInt64, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    var count = 0
    while count < buffer.count, readable.contains(address + UInt64(count)) {
      buffer[count] = Self.byte(address + UInt64(count))
      count += 1
    }
    bytes += count
    return count
  }

  static func byte(_ address: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: address &* 31 >> 3) }
  static func bytes(_ address: UInt64, _ count: Int) -> [UInt8] { (0..<count).map { byte(address + UInt64($0)) } }
}

@Suite struct `Copies of memory` {
  @Test func `are made with one call and serve every later one`() throws {
    let memory = CountedMemory(0x1000..<0x100_000)
    let stacks = (1...40).map { AddressRange(start: UInt64($0) * 0x2000, size: 0x800) }
    let copies = MemoryCopies(memory)
    copies.add(stacks)
    #expect(memory.calls == 1)
    for stack in stacks {
      let found = try #require(copies.bytes(of: AddressRange(start: stack.start + 8, size: 0x100)))
      #expect(Array(found) == CountedMemory.bytes(stack.start + 8, 0x100))
      #expect(try copies.readBytes(at: stack.start, count: 0x800) == CountedMemory.bytes(stack.start, 0x800))
    }
    #expect(memory.calls == 1 && copies.isComplete)
  }

  @Test func `can be added later, before, between and behind the others`() throws {
    let memory = CountedMemory(0x1000..<0x100_000)
    let copies = MemoryCopies(memory)
    copies.add([AddressRange(start: 0x4000, size: 0x1000), AddressRange(start: 0x8000, size: 0x1000)])
    let later = [
      AddressRange(start: 0x2000, size: 0x10), AddressRange(start: 0x5000, size: 0x100),
      AddressRange(start: 0x6000, size: 0), AddressRange(start: 0x9000, size: 0x20),
    ]
    copies.add(later)
    #expect(memory.calls == 2 && copies.isComplete)
    for range in later + [AddressRange(start: 0x4800, size: 0x800), AddressRange(start: 0x8000, size: 0x1000)] {
      #expect(
        try copies.readBytes(at: range.start, count: Int(range.size))
          == CountedMemory.bytes(range.start, Int(range.size)))
    }
    #expect(memory.calls == 2)
  }

  @Test func `leave all other memory to be read`() throws {
    let memory = CountedMemory(0x1000..<0x10000)
    let copies = MemoryCopies(memory)
    copies.add([AddressRange(start: 0x2000, size: 0x100), AddressRange(start: 0x2080, size: 0x100)])
    // The second one overlaps the first, and is not copied.
    #expect(!copies.isComplete)
    for (start, count) in [(UInt64(0x1f80), 0x100), (0x20f0, 0x20), (0x2100, 0x80), (0x8000, 1), (0xfff0, 0x10)] {
      #expect(copies.bytes(of: AddressRange(start: start, size: UInt64(count))) == nil)
      #expect(try copies.readBytes(at: start, count: count) == CountedMemory.bytes(start, count))
    }
    #expect(copies.readAvailable(at: 0xfff0, count: 0x100) == CountedMemory.bytes(0xfff0, 0x10))
  }

  @Test func `of a stack that ends early have what is there`() throws {
    let memory = CountedMemory(0x1000..<0x3400)
    let copies = MemoryCopies(memory)
    copies.add([
      AddressRange(start: 0x800, size: 0x100), AddressRange(start: 0x2000, size: 0x100),
      AddressRange(start: 0x3000, size: 0x1000), AddressRange(start: 0x5000, size: 0x100),
    ])
    #expect(!copies.isComplete)
    #expect(copies.bytes(of: AddressRange(start: 0x800, size: 1)) == nil)
    #expect(
      copies.bytes(of: AddressRange(start: 0x2000, size: 0x100)).map { Array($0) } == CountedMemory.bytes(0x2000, 0x100)
    )
    #expect(
      copies.bytes(of: AddressRange(start: 0x3000, size: 0x400)).map { Array($0) } == CountedMemory.bytes(0x3000, 0x400)
    )
    #expect(copies.bytes(of: AddressRange(start: 0x3000, size: 0x401)) == nil)
    #expect(copies.readAvailable(at: 0x3000, count: 0x1000) == CountedMemory.bytes(0x3000, 0x400))
  }

  @Test func `have a bound, and what is beyond is read when it is asked for`() throws {
    let memory = CountedMemory(0x1000..<0x10_0000_0000)
    let stacks = (1...12).map { AddressRange(start: UInt64($0) << 24, size: 1 << 20) }
    let copies = MemoryCopies(memory)
    copies.add(stacks)
    #expect(memory.bytes == 8 << 20 && !copies.isComplete)
    #expect(try copies.readBytes(at: 12 << 24, count: 16) == CountedMemory.bytes(12 << 24, 16))
  }

  @Test func `and other memory are filled in one go, in their order`() throws {
    let memory = CountedMemory(0x1000..<0x9000)
    let copies = MemoryCopies(memory)
    copies.add([AddressRange(start: 0x2000, size: 0x100), AddressRange(start: 0x4000, size: 0x100)])
    let places: [UInt64] = [0x2000, 0x3000, 0x3100, 0x4000, 0x4080, 0x5000, 0x2080, 0xa000, 0x2000]
    var buffer = [UInt8](repeating: 0, count: places.count * 16)
    let count = buffer.withUnsafeMutableBytes { bytes in
      places.enumerated().map { index, place in
        MemoryPiece(
          address: place, buffer: UnsafeMutableRawBufferPointer(rebasing: bytes[(index * 16)..<(index * 16 + 16)]))
      }.withUnsafeBufferPointer { copies.readPieces($0) }
    }
    // Nothing can be read at the last but one.
    #expect(count == 7)
    for index in 0..<7 {
      #expect(Array(buffer[(index * 16)..<(index * 16 + 16)]) == CountedMemory.bytes(places[index], 16))
    }
  }
}
