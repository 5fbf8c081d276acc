// Provides fields of one record of a minidump.

// Here and wherever foreign bytes are decoded, arithmetic wraps: every sum and product is of numbers that were compared
// with the size of the file before, or its result is. `Scripts/check-decoders` counts the traps that are left.

/// A record that lies inside the dump. Fields beyond its end read as 0, so that records that are cut off or of an older
/// version need no special case; nothing here traps.
///
/// Valid as long as the bytes of the dump are.
internal struct MinidumpRecord {
  let bytes: UnsafeRawBufferPointer
  let order: MinidumpByteOrder

  var count: Int { bytes.count }

  @inline(__always)
  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) -> T {
    guard offset >= 0, offset <= bytes.count &- MemoryLayout<T>.size else { return 0 }
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    return order == .little ? T(littleEndian: value) : T(bigEndian: value)
  }

  func u8(_ offset: Int) -> UInt8 { load(offset) }
  func u16(_ offset: Int) -> UInt16 { load(offset) }
  func u32(_ offset: Int) -> UInt32 { load(offset) }
  func u64(_ offset: Int) -> UInt64 { load(offset) }

  /// The part from `offset` on, `count` bytes or as many as there are.
  func part(_ offset: Int, count length: Int = .max) -> MinidumpRecord {
    guard offset >= 0, offset < bytes.count, length > 0 else {
      return MinidumpRecord(bytes: UnsafeRawBufferPointer(start: nil, count: 0), order: order)
    }
    let rest = UnsafeRawBufferPointer(
      start: bytes.baseAddress?.advanced(by: offset), count: min(length, bytes.count &- offset))
    return MinidumpRecord(bytes: rest, order: order)
  }

  /// One of many entries of `size` bytes that follow each other from `start` on.
  func entry(_ index: Int, of size: Int, from start: Int) -> MinidumpRecord {
    part(start &+ index &* size, count: size)
  }

  /// How many whole entries of `size` bytes there are from `start` on.
  func fitting(_ size: Int, from start: Int) -> Int {
    guard size > 0, start >= 0, start <= bytes.count else { return 0 }
    return (bytes.count &- start) / size
  }

  /// The bytes, copied.
  @inline(never)
  func copied() -> [UInt8] {
    guard count > 0, let source = bytes.baseAddress else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let target = buffer.baseAddress else { return }
      UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count)
      initialized = count
    }
  }

  /// The bytes from `offset` on.
  func trailing(_ offset: Int) -> [UInt8] { offset < count ? part(offset).copied() : [] }

  /// The bytes at `offset`, filled with zeros to `count`; empty when all are zero.
  func nonzeroBytes(_ offset: Int, count: Int) -> [UInt8] {
    let part = part(offset, count: count)
    // Registers that nobody used are most of a dump's contexts: eight bytes at a time.
    var (position, bits) = (0, 0 as UInt64)
    while position &+ 8 <= part.count {
      bits |= part.u64(position)
      position &+= 8
    }
    while position < part.count {
      bits |= UInt64(part.u8(position))
      position &+= 1
    }
    if bits == 0 { return [] }
    var result: [UInt8] = []
    result.reserveCapacity(count)
    result.append(contentsOf: part.bytes)
    if result.count < count { result.append(contentsOf: repeatElement(0, count: count &- result.count)) }
    return result
  }
}
