// Provides the fuzz target of what a client says about sanitized reports: the rules, and what they allow.
import ProcessMemory
@testable import ProcessSnapshot

/// An input is {u8 flags, u64 address of the rules, name of an annotation as u8 length and bytes} and the memory from `base`
/// on. Flag 1: 64 bits.
let sanitization = FuzzTarget(
  name: "sanitization",
  seeds: {
    var seeds: [(name: String, bytes: [UInt8])] = []
    for wide in [true, false] {
      let width = wide ? "64" : "32"
      seeds.append(("rules-\(width)", RulesSeed(wide, names: ["con*", "a?b", "\\*x"], ranges: 2).bytes))
      seeds.append(("no-names-\(width)", RulesSeed(wide, names: [], ranges: 0).bytes))
      seeds.append(("stars-\(width)", RulesSeed(wide, names: ["*a*a*a*?*b"], ranges: 1).bytes))
      seeds.append(("many-ranges-\(width)", RulesSeed(wide, names: ["x"], ranges: 257).bytes))
    }
    return seeds
  },
  body: { bytes in
    var input = FuzzInput(bytes)
    let is64Bit = input.next(UInt8.self) & 1 != 0
    let address: UInt64 = input.next()
    let name = (0..<Int(input.next(UInt8.self))).map { _ in input.next(UInt8.self) }
    let memory = FuzzMemory(input.rest, at: RulesSeed.base)
    guard let rules = try? SanitizationRules(at: address, memory: memory, is64Bit: is64Bit, process: 1) else { return }
    precondition(rules.allowedMemory.count <= 256)
    precondition((rules.allowedAnnotations ?? []).count <= 4096)
    precondition((rules.allowedAnnotations ?? []).allSatisfy { $0.count < 256 })
    let limit: UInt64 = is64Bit ? .max : 1 << 32
    precondition(rules.allowedMemory.allSatisfy { $0.end <= limit })
    if rules.canCompare(names: [name.count]), rules.allows(annotation: name) {
      // What one list allows, a longer one allows.
      var more = rules
      more.allowedAnnotations?.append(Array("never".utf8))
      precondition(more.allows(annotation: name))
    }
    let whole = AddressRange(start: 0, size: limit)
    for range in rules.allowed(of: [whole]) { precondition(rules.allowedMemory.contains(range)) }
  })

/// Rules in memory.
private struct RulesSeed {
  static let base: UInt64 = 0x10_0000
  private(set) var bytes: [UInt8] = []

  init(_ wide: Bool, names: [String], ranges: Int) {
    var memory: [UInt8] = []
    let (list, texts, pair) = (0x20, 0x60, 0xe0)
    memory.put(Self.base + UInt64(list), at: 0)
    memory.put(UInt64(0x40_0000), at: 8)
    memory.put(ranges == 0 ? UInt64(0) : Self.base + UInt64(pair), at: 16)
    memory.put(UInt8(1), at: 24)
    for index in 0...names.count {
      let text = index < names.count ? Self.base + UInt64(texts + index * 0x18) : 0
      if wide { memory.put(text, at: list + index * 8) } else { memory.put(UInt32(text), at: list + index * 4) }
    }
    for (index, name) in names.enumerated() { memory.put(name + "\0", at: texts + index * 0x18) }
    memory.put(Self.base + UInt64(pair + 16), at: pair)
    memory.put(UInt64(ranges), at: pair + 8)
    // Two entries are enough: the others cannot be read, or are too many.
    for index in 0..<min(ranges, 2) {
      memory.put(UInt64(0x5000 * (index + 1)), at: pair + 16 + index * 16)
      memory.put(UInt64(0x1000), at: pair + 24 + index * 16)
    }
    bytes.append(wide ? 1 : 0)
    bytes.append(Self.base)
    let name = Array("constant".utf8)
    bytes.append(UInt8(name.count))
    bytes += name + memory
  }
}
