// Provides an input cut into fields, and memory of a process made of it.
import ProcessMemory

/// Takes fields off the front of an input; after its end they are 0.
struct FuzzInput {
  private(set) var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

  mutating func next<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) -> T {
    guard rest.count >= MemoryLayout<T>.size else {
      rest = UnsafeRawBufferPointer(rebasing: rest[rest.count...])
      return 0
    }
    let value = T(littleEndian: rest.loadUnaligned(as: T.self))
    rest = UnsafeRawBufferPointer(rebasing: rest[MemoryLayout<T>.size...])
    return value
  }
}

/// The rest of an input as the memory of a process, at one address.
final class FuzzMemory: MemoryReader {
  let base: UInt64
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer, at base: UInt64) {
    self.bytes = bytes
    // Never around the end of the address space, but up to it.
    self.base = min(base, UInt64.max - UInt64(bytes.count))
  }

  var range: AddressRange { AddressRange(start: base, size: UInt64(bytes.count)) }

  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard range.contains(address) else { return 0 }
    let offset = Int(address - base)
    let count = min(bytes.count - offset, buffer.count)
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]))
    return count
  }
}

/// Memory of one size that begins with an input and goes on with zeros: large structures cost the fuzzer few bytes.
final class ZeroFilledMemory: MemoryReader {
  private let bytes: UnsafeRawBufferPointer
  private let range: AddressRange

  init(_ bytes: UnsafeRawBufferPointer, at base: UInt64, size: UInt64) {
    self.bytes = bytes
    range = AddressRange(start: base, size: size)
  }

  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard range.contains(address) else { return 0 }
    let offset = Int(address - range.start)
    let count = min(Int(range.size) - offset, buffer.count)
    for index in 0..<count { buffer[index] = offset + index < bytes.count ? bytes[offset + index] : 0 }
    return count
  }
}
