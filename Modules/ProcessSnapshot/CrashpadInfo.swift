// Provides the structure by which a Crashpad client makes itself known in a module.
internal import ELFImage
internal import ProcessMemory
import StableOrder

/// Reads `CrashpadInfo` and what it points to. Layout: docs/formats/process-snapshot.md, section 10.
struct CrashpadInfo {
  private static let noteType: UInt32 = 0x4f46_4e49
  private static let signature: UInt32 = 0x4350_6164
  private static let annotationLimit = 400, nameLimit = 256, valueLimit = 20480
  private static let dictionaryEntries = 64, dictionaryField = 256
  private static let rangeEntries = 64
  private static let streamLimit = 64, streamSize: UInt64 = 16 << 20

  private let memory: any MemoryReader
  private let is64Bit: Bool
  private let options: CrashpadClientOptions
  private let extraRanges: UInt64
  private let simpleAnnotations: UInt64
  private let userStreams: UInt64
  private let annotationList: UInt64

  /// Where a module has the structure. Stays the same while the module is mapped.
  struct Place {
    let address: UInt64
    let is64Bit: Bool
    /// The module's own memory.
    let range: AddressRange
  }

  /// `nil` for a module without a client.
  static func place(in image: ELFImage) -> Place? {
    let wide = image.is64Bit
    guard let note = image.note(named: "Crashpad", type: noteType, limit: 256) else { return nil }
    // The descriptor is the signed distance from itself to the structure, so that the note needs no relocation.
    let distance: Int64
    if let value: Int64 = note.descriptor.littleEndian(at: 0), note.descriptor.count == 8, wide {
      distance = value
    } else if let value: Int32 = note.descriptor.littleEndian(at: 0), note.descriptor.count == 4, !wide {
      distance = Int64(value)
    } else {
      return nil
    }
    return Place(
      address: note.descriptorAddress &+ UInt64(bitPattern: distance), is64Bit: wide, range: image.range)
  }

  /// `nil` for a structure that cannot be believed.
  init?(_ place: Place, memory: any MemoryReader) {
    let wide = place.is64Bit
    let known = wide ? 56 : 40
    // Only the module's own memory is believed.
    let own = RangeMemoryReader(memory, range: place.range)
    let start = own.readAvailable(at: place.address, count: 8)
    guard start.littleEndian(UInt32.self, at: 0) == Self.signature, let size: UInt32 = start.littleEndian(at: 4),
      size >= 12
    else { return nil }
    var bytes = own.readAvailable(at: place.address, count: min(Int(size), known))
    guard bytes.count == min(Int(size), known), bytes.littleEndian(UInt32.self, at: 8) == 1 else { return nil }
    // What an older client does not have is not set.
    bytes += [UInt8](repeating: 0, count: known - bytes.count)
    func pointer(_ index: Int) -> UInt64 {
      wide
        ? bytes.littleEndian(at: 24 + index * 8) ?? 0
        : UInt64(bytes.littleEndian(UInt32.self, at: 24 + index * 4) ?? 0)
    }
    func choice(_ offset: Int) -> Bool? { bytes[offset] == 1 ? true : bytes[offset] == 2 ? false : nil }
    var options = CrashpadClientOptions()
    options.isHandlerEnabled = choice(20)
    options.gathersIndirectMemory = choice(22)
    options.indirectMemoryLimit = UInt64(bytes.littleEndian(UInt32.self, at: 12) ?? 0)
    // Sentry's; zero in the structures of others.
    let stack: UInt32 = bytes.littleEndian(at: 16) ?? 0
    options.stackLimit = stack == 0 ? nil : UInt64(stack)
    self.options = options
    self.memory = memory
    is64Bit = wide
    extraRanges = pointer(0)
    simpleAnnotations = pointer(1)
    userStreams = pointer(2)
    annotationList = pointer(3)
  }

  func merge(into options: inout CrashpadClientOptions) {
    if options.isHandlerEnabled == nil { options.isHandlerEnabled = self.options.isHandlerEnabled }
    if options.stackLimit == nil { options.stackLimit = self.options.stackLimit }
    if options.gathersIndirectMemory == nil, let gathers = self.options.gathersIndirectMemory {
      options.gathersIndirectMemory = gathers
      options.indirectMemoryLimit = self.options.indirectMemoryLimit
    }
  }

  /// - Parameter budget: bytes that are left for what clients say, all together.
  func annotations(_ errors: inout [SoftError], within budget: inout Int) -> CrashpadAnnotations {
    var result = CrashpadAnnotations()
    if simpleAnnotations != 0 { readDictionary(&result, &errors, &budget) }
    if annotationList != 0 { readList(&result, &errors, &budget) }
    return result
  }

  /// Takes the bytes of something that is kept, which costs more than its bytes. `false`: there is no room for it.
  private static func take(_ count: Int, _ budget: inout Int, _ part: String, _ errors: inout [SoftError]) -> Bool {
    if count + 64 > budget {
      errors.append(SoftError(part, "what the modules' clients say is more than a report holds; the rest is left out"))
      budget = 0
      return false
    }
    budget -= count + 64
    return true
  }

  /// 64 entries of two fields of 256 bytes; an entry is used when its key is not empty.
  private func readDictionary(
    _ result: inout CrashpadAnnotations, _ errors: inout [SoftError], _ budget: inout Int
  ) {
    let entry = 2 * Self.dictionaryField
    let bytes = memory.readAvailable(at: simpleAnnotations, count: Self.dictionaryEntries * entry)
    guard bytes.count == Self.dictionaryEntries * entry else {
      errors.append(SoftError("annotations", "the dictionary of annotations cannot be read"))
      return
    }
    func field(_ offset: Int) -> [UInt8] {
      Array(bytes[offset..<(offset + Self.dictionaryField)].prefix { $0 != 0 })
    }
    for index in 0..<Self.dictionaryEntries {
      let key = field(index * entry)
      if key.isEmpty || result.simple.contains(where: { $0.key == key }) { continue }
      let value = field(index * entry + Self.dictionaryField)
      if !Self.take(key.count + value.count, &budget, "annotations", &errors) { break }
      result.simple.append(CrashpadSimpleAnnotation(key: key, value: value))
    }
    result.simple = result.simple.inOrder { $0.key.lexicographicallyPrecedes($1.key) }
  }

  private func pointer(at address: UInt64) -> UInt64? { try? memory.readPointer(at: address, is64Bit: is64Bit) }

  /// {pointer to the tail, head, tail}, where nodes are {next, name, value, u32 size, u16 kind, u16 guard}.
  private func readList(_ result: inout CrashpadAnnotations, _ errors: inout [SoftError], _ budget: inout Int) {
    let word: UInt64 = is64Bit ? 8 : 4
    guard let tail = pointer(at: annotationList), var next = pointer(at: annotationList &+ word) else {
      errors.append(SoftError("annotations", "the list of annotations cannot be read"))
      return
    }
    for _ in 0..<Self.annotationLimit {
      if next == tail { return }
      let node = next
      guard let following = pointer(at: node), let name = pointer(at: node &+ word),
        let value = pointer(at: node &+ 2 * word), let size = try? memory.readUInt32(at: node &+ 3 * word),
        let kind = try? memory.readUInt16(at: node &+ 3 * word &+ 4),
        let guarding = try? memory.readUInt16(at: node &+ 3 * word &+ 6)
      else {
        errors.append(SoftError("annotations", "an annotation cannot be read"))
        return
      }
      next = following
      if size == 0 { continue }
      let count = min(Int(size), Self.valueLimit)
      let bytes = memory.readAvailable(at: value, count: count)
      guard let name = try? memory.readCString(at: name, limit: Self.nameLimit), bytes.count == count else {
        errors.append(SoftError("annotations", "name or value of an annotation cannot be read"))
        continue
      }
      if !Self.take(name.count + count, &budget, "annotations", &errors) { return }
      result.objects.append(CrashpadAnnotation(name: name, kind: kind, value: bytes))
      // Mode 1, and taken: the client was changing the value when it was stopped.
      if guarding == 0x0101 {
        errors.append(
          SoftError("annotations", "\(String(decoding: name, as: UTF8.self)) was being written; it may be torn"))
      }
    }
    if next != tail { errors.append(SoftError("annotations", "the list of annotations has no end")) }
  }

  /// 64 entries {u64 address, u64 size}, of the same width in 32-bit clients.
  func ranges(_ errors: inout [SoftError]) -> [AddressRange] {
    if extraRanges == 0 { return [] }
    let bytes = memory.readAvailable(at: extraRanges, count: Self.rangeEntries * 16)
    guard bytes.count == Self.rangeEntries * 16 else {
      errors.append(SoftError("extra memory", "the list of ranges cannot be read"))
      return []
    }
    return (0..<Self.rangeEntries).compactMap { index in
      let start = bytes.littleEndian(UInt64.self, at: index * 16) ?? 0
      let size = bytes.littleEndian(UInt64.self, at: index * 16 + 8) ?? 0
      if start == 0 && size == 0 { return nil }
      guard let end = start.addingReportingOverflow(size).overflow ? nil : start + size else { return nil }
      return AddressRange(start: start, end: end)
    }
  }

  /// Nodes {u64 next, u64 address, u64 size, u32 type, u32 padding}, of the same width in 32-bit clients.
  func streams(_ errors: inout [SoftError], within budget: inout Int) -> [CrashpadUserStream] {
    var result: [CrashpadUserStream] = []
    var seen: Set<UInt64> = []
    var next = userStreams
    while next != 0 {
      guard seen.count < Self.streamLimit, seen.insert(next).inserted else {
        errors.append(
          SoftError("user streams", "the list of streams has no end, or more than \(Self.streamLimit) entries"))
        return result
      }
      let node = memory.readAvailable(at: next, count: 32)
      guard node.count == 32, let following: UInt64 = node.littleEndian(at: 0),
        let address: UInt64 = node.littleEndian(at: 8), let size: UInt64 = node.littleEndian(at: 16),
        let type: UInt32 = node.littleEndian(at: 24)
      else {
        errors.append(SoftError("user streams", "an entry of the list of streams cannot be read"))
        return result
      }
      next = following
      if size == 0 { continue }
      if size <= Self.streamSize, !Self.take(Int(size), &budget, "user streams", &errors) { return result }
      let bytes = size <= Self.streamSize ? memory.readAvailable(at: address, count: Int(size)) : []
      if UInt64(bytes.count) == size {
        result.append(CrashpadUserStream(type: type, bytes: bytes))
      } else {
        errors.append(SoftError("user streams", "the stream of type \(type) with \(size) bytes cannot be read"))
      }
    }
    return result
  }
}
