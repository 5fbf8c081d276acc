// Provides a module in made-up memory, with a Crashpad client and any notes in it.
import ProcessMemory

@testable import ELFImage
@testable import ProcessSnapshot

/// 64 bits, one segment from the header on. Every part can be overwritten before it is read.
struct ClientImage {
  static let base: UInt64 = 0x40_0000
  static let notes = 0x200, info = 0x400, list = 0x480, streams = 0x600, texts = 0x700, dictionary = 0x1000
  static let nodes = 0xa000, size = 0x1_8000
  var bytes = [UInt8](repeating: 0, count: size)

  init() {
    put("\u{7f}ELF", at: 0)
    for (offset, value) in [(4, 2), (5, 1), (6, 1)] { bytes[offset] = UInt8(value) }
    for (offset, value) in [(16, 3), (18, 62), (52, 64), (54, 56), (56, 2)] { put(UInt16(value), at: offset) }
    put(UInt32(1), at: 20)
    put(UInt64(64), at: 32)
    segment(0, type: 1, at: 0, size: Self.size)
    segment(1, type: 4, at: Self.notes, size: 0x40)
    note("Crashpad", type: 0x4f46_4e49, at: Self.notes, descriptor: word(UInt64(Self.info - Self.notes - 24)))
    for (index, value) in [0x4350_6164, 56, 1, 4096].enumerated() { put(UInt32(value), at: Self.info + index * 4) }
    bytes[Self.info + 20] = 1
    for (index, offset) in [Self.dictionary, Self.streams, Self.list].enumerated() {
      put(address(offset), at: Self.info + 32 + index * 8)
    }
    setAnnotations([])
    setStreams([])
  }

  func address(_ offset: Int) -> UInt64 { Self.base + UInt64(offset) }

  mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    for index in 0..<(T.bitWidth / 8) { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> T(index * 8)) }
  }
  mutating func put(_ text: String, at offset: Int) {
    for (index, byte) in text.utf8.enumerated() { bytes[offset + index] = byte }
  }
  private func word(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }

  mutating func segment(_ index: Int, type: UInt32, at offset: Int, size: Int, alignment: UInt64 = 4) {
    let at = 64 + index * 56
    put(type, at: at)
    put(UInt32(7), at: at + 4)
    for field in [8, 16, 24] { put(UInt64(offset), at: at + field) }
    for field in [32, 40] { put(UInt64(size), at: at + field) }
    put(alignment, at: at + 48)
  }

  /// - Returns: the offset behind it.
  @discardableResult
  mutating func note(_ name: String, type: UInt32, at offset: Int, descriptor: [UInt8], alignment: Int = 4) -> Int {
    func aligned(_ value: Int) -> Int { (value + alignment - 1) / alignment * alignment }
    let nameSize = name.utf8.count + 1
    for (index, value) in [UInt32(nameSize), UInt32(descriptor.count), type].enumerated() {
      put(value, at: offset + index * 4)
    }
    put(name + "\0", at: offset + 12)
    let start = aligned(offset + 12 + nameSize)
    for (index, byte) in descriptor.enumerated() { bytes[start + index] = byte }
    return aligned(start + descriptor.count)
  }

  /// A list of these nodes; each is {next, name, value, u32 size, u16 kind}.
  mutating func setAnnotations(_ nodes: [(name: UInt64, value: UInt64, size: UInt32)]) {
    let tail = address(Self.list + 40)
    put(tail, at: Self.list)
    var link = Self.list + 8
    for (index, node) in nodes.enumerated() {
      let at = Self.nodes + index * 40
      put(address(at), at: link)
      put(node.name, at: at + 8)
      put(node.value, at: at + 16)
      put(node.size, at: at + 24)
      put(UInt16(1), at: at + 28)
      link = at
    }
    put(tail, at: link)
  }

  /// A list of {u64 next, u64 address, u64 size, u32 type}.
  mutating func setStreams(_ streams: [(address: UInt64, size: UInt64, type: UInt32)]) {
    put(streams.isEmpty ? 0 : address(Self.nodes), at: Self.info + 40)
    for (index, stream) in streams.enumerated() {
      let at = Self.nodes + index * 32
      put(index + 1 < streams.count ? address(at + 32) : 0, at: at)
      put(stream.address, at: at + 8)
      put(stream.size, at: at + 16)
      put(stream.type, at: at + 24)
    }
  }

  func image() throws -> ELFImage {
    try ELFImage(BytesMemoryReader(at: Self.base, bytes), headerAddress: Self.base)
  }

  /// What the handler makes of it; `nil` when it does not believe the structure.
  func read(
    within budget: Int = CaptureLimits().clientData
  ) throws -> (annotations: CrashpadAnnotations, streams: [CrashpadUserStream], errors: [SoftError])? {
    let memory = BytesMemoryReader(at: Self.base, bytes)
    let image = try ELFImage(memory, headerAddress: Self.base)
    guard let place = CrashpadInfo.place(in: image), let info = CrashpadInfo(place, memory: memory) else { return nil }
    var errors: [SoftError] = []
    var budget = budget
    return (info.annotations(&errors, within: &budget), info.streams(&errors, within: &budget), errors)
  }
}
