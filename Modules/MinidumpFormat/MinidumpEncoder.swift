// Provides the buffer in which one stream of a minidump is laid out and encoded.

/// The byte order of a dump.
public enum MinidumpByteOrder: Hashable, Sendable {
  case little
  case big
}

/// A growing buffer that knows at which offset of the file it will lie.
///
/// Records are reserved (zeroed, aligned within the file) and then filled at offsets that are those of the format's
/// description. The same code runs twice for each stream: once to learn the sizes, once with the true offsets.
internal final class MinidumpEncoder {
  /// Offset in the file of the first byte.
  private(set) var base: UInt64 = 0
  /// Bytes that are in use.
  private(set) var count = 0
  /// An offset did not fit into 32 bits.
  private(set) var overflowed = false
  let order: MinidumpByteOrder
  private var storage: UnsafeMutableRawBufferPointer

  init(order: MinidumpByteOrder, capacity: Int = 64 << 10) {
    self.order = order
    storage = UnsafeMutableRawBufferPointer.allocate(byteCount: max(capacity, 1), alignment: 16)
  }

  deinit { storage.deallocate() }

  /// Forgets everything and starts again at an offset of the file.
  func restart(at base: UInt64) {
    self.base = base
    count = 0
  }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[0..<count]) }

  /// Zeroed bytes behind a gap that aligns them in the file. Nothing is done for a size of 0.
  ///
  /// - Returns: where they start in this buffer.
  func reserve(_ size: Int, alignment: UInt64 = 4) -> Int {
    if size <= 0 { return count }
    let position = base &+ UInt64(count)
    let gap = Int((alignment &- position % alignment) % alignment)
    let start = count + gap
    grow(to: start + size)
    if let address = storage.baseAddress { memoryZero(address + count, gap + size) }
    count = start + size
    return start
  }

  func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
    let ordered = order == .little ? value.littleEndian : value.bigEndian
    guard offset >= 0, offset + MemoryLayout<T>.size <= count else { return }
    storage.storeBytes(of: ordered, toByteOffset: offset, as: T.self)
  }

  /// At most `limit` bytes at `offset`.
  func put(_ bytes: [UInt8], limit: Int = .max, at offset: Int) {
    let length = min(bytes.count, limit, count - offset)
    guard offset >= 0, length > 0 else { return }
    bytes.withUnsafeBufferPointer { source in
      guard let from = source.baseAddress, let to = storage.baseAddress else { return }
      (to + offset).copyMemory(from: from, byteCount: length)
    }
  }

  /// The file offset of something in this buffer, as an RVA.
  func putRVA(_ target: Int, at offset: Int) { putRVA(absolute: base &+ UInt64(target), at: offset) }

  func putRVA(absolute target: UInt64, at offset: Int) {
    if target > UInt64(UInt32.max) { overflowed = true }
    put(UInt32(truncatingIfNeeded: target), at: offset)
  }

  /// A location descriptor: size, RVA. A size of 0 gives zeros.
  func putLocation(_ target: Int, size: Int, at offset: Int) {
    if size <= 0 { return }
    putLocation(absolute: base &+ UInt64(target), size: UInt64(size), at: offset)
  }

  func putLocation(absolute target: UInt64, size: UInt64, at offset: Int) {
    if size > UInt64(UInt32.max) { overflowed = true }
    put(UInt32(truncatingIfNeeded: size), at: offset)
    putRVA(absolute: target, at: offset + 4)
  }

  /// UTF-16 of at most `units - 1` units and a NUL, in a field of `units` units.
  func putFixedUTF16(_ text: String, units: Int, at offset: Int) {
    var unit = 0
    for scalar in text.unicodeScalars {
      if scalar.value < 0x1_0000 {
        if unit + 1 >= units { return }
        put(UInt16(truncatingIfNeeded: scalar.value), at: offset + unit * 2)
        unit += 1
      } else {
        if unit + 2 >= units { return }
        let value = scalar.value - 0x1_0000
        put(UInt16(truncatingIfNeeded: 0xd800 + (value >> 10)), at: offset + unit * 2)
        put(UInt16(truncatingIfNeeded: 0xdc00 + (value & 0x3ff)), at: offset + unit * 2 + 2)
        unit += 2
      }
    }
  }

  /// UTF-16 units of a text. `utf16.count` would bring an index for texts that are asked more than once.
  static func utf16Count(_ text: String) -> Int {
    var units = 0
    for scalar in text.unicodeScalars { units += scalar.value < 0x1_0000 ? 1 : 2 }
    return units
  }

  /// A `MINIDUMP_STRING`: length in bytes, UTF-16, a NUL that is not counted.
  func appendUTF16(_ text: String) -> Int {
    let units = Self.utf16Count(text)
    let record = reserve(4 + units * 2 + 2)
    put(UInt32(truncatingIfNeeded: units * 2), at: record)
    putFixedUTF16(text, units: units + 1, at: record + 4)
    return record
  }

  /// Crashpad's UTF-8 string: length in bytes, bytes, a NUL that is not counted.
  func appendUTF8(_ text: String) -> Int {
    let bytes = [UInt8](text.utf8)
    let record = reserve(4 + bytes.count + 1)
    put(UInt32(truncatingIfNeeded: bytes.count), at: record)
    put(bytes, at: record + 4)
    return record
  }

  /// Crashpad's byte array: length, bytes.
  func appendByteArray(_ bytes: [UInt8]) -> Int {
    let record = reserve(4 + bytes.count)
    put(UInt32(truncatingIfNeeded: bytes.count), at: record)
    put(bytes, at: record + 4)
    return record
  }

  private func grow(to needed: Int) {
    if needed <= storage.count { return }
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(needed, storage.count * 2), alignment: 16)
    if let from = storage.baseAddress, let to = larger.baseAddress { to.copyMemory(from: from, byteCount: count) }
    storage.deallocate()
    storage = larger
  }

  private func memoryZero(_ address: UnsafeMutableRawPointer, _ count: Int) {
    address.initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }
}
