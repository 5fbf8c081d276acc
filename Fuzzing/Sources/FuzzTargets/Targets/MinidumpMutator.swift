// Provides mutations of minidumps that stay minidumps: most changes of single bytes only break the way to a stream.
import CFuzzDriver
import MinidumpFormat

/// Types that the reader decodes.
private let types: [UInt32] =
  Array(3...9) + Array(12...22) + [24, 0x4350_0001] + Array(0x4767_0001...0x4767_000c) + [0x4d7a_0001, 0x4d7a_0002]

/// Values that meet a limit, beside those made of the dump itself.
private let edges: [UInt32] = [0, 1, 2, 15, 16, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff]

/// xorshift; libFuzzer gives the seed.
private struct Random {
  var state: UInt64
  init(_ seed: UInt32) { state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1 }
  mutating func next(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return bound > 0 ? Int(truncatingIfNeeded: (state >> 16) % UInt64(bound)) : 0
  }
}

let mutateMinidump: @convention(c) (UnsafeMutablePointer<UInt8>?, Int, Int, UInt32) -> Int = { data, size, room, seed in
  guard let data else { return 0 }
  var random = Random(seed)
  let bytes = UnsafeMutableRawBufferPointer(start: data, count: size)
  guard size >= 44, random.next(8) != 0 else { return LLVMFuzzerMutate(data, size, room) }
  let isBig = bytes[0] == 0x50
  func load(_ offset: Int) -> UInt32 {
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    return isBig ? value.byteSwapped : value
  }
  func store(_ value: UInt32, _ offset: Int) {
    guard offset >= 0, offset + 4 <= size else { return }
    bytes.storeBytes(of: isBig ? value.byteSwapped : value, toByteOffset: offset, as: UInt32.self)
  }
  let directory = Int(load(12))
  guard directory >= 32, directory <= size - 12 else { return LLVMFuzzerMutate(data, size, room) }
  let entries = min(Int(load(8)), (size - directory) / 12)
  guard entries > 0 else { return LLVMFuzzerMutate(data, size, room) }
  let entry = directory + random.next(entries) * 12
  let start = min(Int(load(entry + 8)), size)
  let length = min(Int(load(entry + 4)), size - start)

  switch random.next(16) {
  case 0...5:
    // The bytes of one stream, which keep their place and number.
    guard length > 0 else { return size }
    // Mostly its front, where counts and sizes are.
    let part = random.next(2) == 0 ? min(length, 16 + random.next(128)) : length
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: part)
    defer { copy.deallocate() }
    copy.update(from: data + start, count: part)
    let changed = LLVMFuzzerMutate(copy, part, part)
    (data + start).update(from: copy, count: min(changed, part))
  case 6...9:
    // A word of a stream: counts, sizes and offsets are such words.
    let place = start + random.next(max(min(length, 256) / 4, 1)) * 4
    let value =
      switch random.next(4) {
      case 0: edges[random.next(edges.count)]
      case 1: UInt32(truncatingIfNeeded: size - random.next(20) + 4)
      case 2: load(directory + random.next(entries) * 12 + 8) &+ UInt32(truncatingIfNeeded: random.next(64))
      default: UInt32(truncatingIfNeeded: random.next(64))
      }
    store(value, place)
  case 10, 11: store(types[random.next(types.count)], entry)
  case 12: store(UInt32(truncatingIfNeeded: length + random.next(33) - 16), entry + 4)
  case 13: store(UInt32(truncatingIfNeeded: start + random.next(33) - 16), entry + 8)
  case 14:
    // The architecture, which decides how contexts are read, or the platform, which names exceptions.
    let systemInfo = (0..<entries).first { load(directory + $0 * 12) == 7 }
    guard let systemInfo else { return size }
    let place = Int(load(directory + systemInfo * 12 + 8))
    guard place + 24 <= size else { return size }
    if random.next(2) == 0 {
      let architectures: [UInt16] = [0, 1, 3, 5, 9, 10, 12, 0x8001, 0x8002, 0x8003, 0x8005, 0x8006, 0xffff]
      let value = architectures[random.next(architectures.count)]
      bytes.storeBytes(of: isBig ? value.byteSwapped : value, toByteOffset: place, as: UInt16.self)
    } else {
      let platforms: [UInt32] = [2, 0x8101, 0x8102, 0x8201, 0x8203]
      store(platforms[random.next(platforms.count)], place + 20)
    }
  default:
    // Cut off.
    return size - random.next(min(size - 32, 256))
  }
  return size
}
