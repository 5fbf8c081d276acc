// Provides the fuzz target of what a Crashpad client keeps for its handler: note, CrashpadInfo, dictionary of annotations,
// list of annotations, list of user streams.
@testable import ELFImage
import ProcessMemory
@testable import ProcessSnapshot

/// An input is the memory of one module from its ELF header on; behind the input's end it is zeros, so that a dictionary of
/// 32 KiB costs the fuzzer nothing.
let clientStructures = FuzzTarget(
  name: "client-structures",
  seeds: {
    var seeds: [(name: String, bytes: [UInt8])] = []
    for wide in [true, false] {
      let width = wide ? "64" : "32"
      seeds.append(("sound-\(width)", ClientSeed(wide).bytes))
      var circle = ClientSeed(wide)
      circle.close()
      seeds.append(("circle-\(width)", circle.bytes))
      var older = ClientSeed(wide)
      older.bytes.put(UInt32(24), at: ClientSeed.info + 4)
      seeds.append(("older-\(width)", older.bytes))
    }
    return seeds
  },
  body: { bytes in
    let memory = ZeroFilledMemory(bytes, at: ClientSeed.base, size: 0xc000)
    guard let image = try? ELFImage(memory, headerAddress: ClientSeed.base) else { return }
    use(image.buildID)
    guard let place = CrashpadInfo.place(in: image),
      let client = CrashpadInfo(place, memory: CachingMemoryReader(memory, capacity: 4))
    else { return }
    var errors: [SoftError] = []
    var budget = 1 << 20
    let annotations = client.annotations(&errors, within: &budget)
    precondition(annotations.simple.count <= 64 && annotations.objects.count <= 400)
    precondition(annotations.simple.allSatisfy { $0.key.count <= 256 && $0.value.count <= 256 && !$0.key.isEmpty })
    precondition(annotations.objects.allSatisfy { $0.name.count < 256 && $0.value.count <= 20480 })
    let streams = client.streams(&errors, within: &budget)
    precondition(streams.count <= 64 && streams.allSatisfy { !$0.bytes.isEmpty && $0.bytes.count <= 0xc000 })
    let kept = annotations.objects.reduce(0) { $0 + $1.value.count } + streams.reduce(0) { $0 + $1.bytes.count }
    precondition(kept <= 1 << 20 && budget >= 0)
    var options = CrashpadClientOptions()
    client.merge(into: &options)
    client.merge(into: &options)
  })

/// A module with a client in it, of either width.
private struct ClientSeed {
  static let base: UInt64 = 0x40_0000
  static let info = 0x300, list = 0x380, nodes = 0x400, texts = 0x500, streams = 0x600, dictionary = 0x1000
  private let wide: Bool
  private var word: Int { wide ? 8 : 4 }
  var bytes: [UInt8] = []

  init(_ wide: Bool) {
    self.wide = wide
    header()
    note()
    structure()
    annotations()
    userStreams()
  }

  private mutating func put(pointer value: UInt64, at offset: Int) {
    if wide { bytes.put(value, at: offset) } else { bytes.put(UInt32(truncatingIfNeeded: value), at: offset) }
  }
  private func address(_ offset: Int) -> UInt64 { Self.base + UInt64(offset) }

  private mutating func header() {
    bytes.put("\u{7f}ELF", at: 0)
    for (offset, value) in [(4, wide ? 2 : 1), (5, 1), (6, 1)] { bytes.put(UInt8(value), at: offset) }
    bytes.put(UInt16(3), at: 16)
    bytes.put(UInt16(wide ? 62 : 3), at: 18)
    bytes.put(UInt32(1), at: 20)
    let size = wide ? 64 : 52
    put(pointer: UInt64(size), at: wide ? 32 : 28)
    let counts = wide ? 52 : 40
    for (index, value) in [size, wide ? 56 : 32, 2].enumerated() { bytes.put(UInt16(value), at: counts + index * 2) }
    segment(0, type: 1, at: 0, size: 0xc000)
    segment(1, type: 4, at: 0x200, size: 0x60)
  }

  private mutating func segment(_ index: Int, type: UInt32, at offset: Int, size: Int) {
    let at = (wide ? 64 : 52) + index * (wide ? 56 : 32)
    bytes.put(type, at: at)
    if wide { bytes.put(UInt32(7), at: at + 4) } else { bytes.put(UInt32(7), at: at + 24) }
    for field in 0..<3 { put(pointer: UInt64(offset), at: at + (wide ? 8 : 4) + field * word) }
    for field in 3..<5 { put(pointer: UInt64(size), at: at + (wide ? 8 : 4) + field * word) }
    put(pointer: 4, at: at + (wide ? 48 : 28))
  }

  /// A build ID, then Crashpad's note with the distance from its descriptor to the structure.
  private mutating func note() {
    for (offset, value) in [(0, 4), (4, 20), (8, 3)] { bytes.put(UInt32(value), at: 0x200 + offset) }
    bytes.put("GNU", at: 0x20c)
    let start = 0x224
    for (offset, value) in [(0, 9), (4, word), (8, 0x4f46_4e49)] { bytes.put(UInt32(value), at: start + offset) }
    bytes.put("Crashpad", at: start + 12)
    put(pointer: UInt64(Self.info - start - 24), at: start + 24)
  }

  private mutating func structure() {
    for (index, value) in [0x4350_6164, wide ? 56 : 40, 1, 4096].enumerated() {
      bytes.put(UInt32(value), at: Self.info + index * 4)
    }
    for (index, value) in [1, 0, 1].enumerated() { bytes.put(UInt8(value), at: Self.info + 20 + index) }
    for (index, offset) in [Self.dictionary, Self.streams, Self.list].enumerated() {
      put(pointer: address(offset), at: Self.info + 24 + (index + 1) * word)
    }
  }

  private mutating func annotations() {
    for (index, text) in ["key", "value", "other", "one"].enumerated() {
      bytes.put(text, at: Self.dictionary + index * 256)
    }
    bytes.put("name", at: Self.texts)
    bytes.put("content", at: Self.texts + 16)
    // {pointer to the tail, head, tail}: a node is {next, name, value, u32 size, u16 kind}.
    let size = 3 * word + 8
    put(pointer: address(Self.list + word + size), at: Self.list)
    put(pointer: address(Self.nodes), at: Self.list + word)
    for index in 0..<2 {
      let node = Self.nodes + index * 64
      put(pointer: index == 0 ? address(node + 64) : address(Self.list + word + size), at: node)
      put(pointer: address(Self.texts), at: node + word)
      put(pointer: address(Self.texts + 16), at: node + 2 * word)
      bytes.put(UInt32(7), at: node + 3 * word)
      bytes.put(UInt16(1), at: node + 3 * word + 4)
    }
  }

  private mutating func userStreams() {
    for index in 0..<2 {
      let node = Self.streams + index * 32
      bytes.put(index == 0 ? address(node + 32) : 0, at: node)
      bytes.put(address(Self.texts), at: node + 8)
      bytes.put(UInt64(16), at: node + 16)
      bytes.put(UInt32(0x4b6b_0001), at: node + 24)
    }
  }

  /// Both lists become circles.
  mutating func close() {
    put(pointer: address(Self.nodes), at: Self.nodes + 64)
    bytes.put(address(Self.streams), at: Self.streams + 32)
  }
}
