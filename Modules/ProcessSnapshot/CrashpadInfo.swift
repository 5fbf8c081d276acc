// Provides the structure by which a Crashpad client makes itself known in a module.
internal import ELFImage
internal import ProcessMemory

/// Reads `CrashpadInfo` and what it points to. Layout: docs/formats/process-snapshot.md, section 10.
struct CrashpadInfo {
  private static let noteType: UInt32 = 0x4f46_4e49
  private static let signature: UInt32 = 0x4350_6164
  private static let annotationLimit = 400, nameLimit = 256, valueLimit = 20480
  private static let dictionaryEntries = 64, dictionaryField = 256
  private static let streamLimit = 64, streamSize: UInt64 = 16 << 20

  private let memory: any MemoryReader
  private let is64Bit: Bool
  private let options: CrashpadClientOptions
  private let simpleAnnotations: UInt64
  private let userStreams: UInt64
  private let annotationList: UInt64

  /// `nil` for a module without a client, or with a structure that cannot be believed.
  init?(_ image: ELFImage, memory: any MemoryReader) {
    let wide = image.is64Bit
    guard let note = image.note(named: "Crashpad", type: Self.noteType, limit: 256) else { return nil }
    // The descriptor is the signed distance from itself to the structure, so that the note needs no relocation.
    let distance: Int64
    if let value: Int64 = note.descriptor.littleEndian(at: 0), note.descriptor.count == 8, wide {
      distance = value
    } else if let value: Int32 = note.descriptor.littleEndian(at: 0), note.descriptor.count == 4, !wide {
      distance = Int64(value)
    } else {
      return nil
    }
    let address = note.descriptorAddress &+ UInt64(bitPattern: distance)
    let known = wide ? 56 : 40
    // Only the module's own memory is believed.
    let start = image.memory.readAvailable(at: address, count: 8)
    guard start.littleEndian(UInt32.self, at: 0) == Self.signature, let size: UInt32 = start.littleEndian(at: 4),
      size >= 12
    else { return nil }
    var bytes = image.memory.readAvailable(at: address, count: min(Int(size), known))
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
    self.options = options
    self.memory = memory
    is64Bit = wide
    simpleAnnotations = pointer(1)
    userStreams = pointer(2)
    annotationList = pointer(3)
  }

  func merge(into options: inout CrashpadClientOptions) {
    if options.isHandlerEnabled == nil { options.isHandlerEnabled = self.options.isHandlerEnabled }
    if options.gathersIndirectMemory == nil, let gathers = self.options.gathersIndirectMemory {
      options.gathersIndirectMemory = gathers
      options.indirectMemoryLimit = self.options.indirectMemoryLimit
    }
  }

  func annotations(_ errors: inout [SoftError]) -> CrashpadAnnotations {
    var result = CrashpadAnnotations()
    if simpleAnnotations != 0 { readDictionary(&result, &errors) }
    if annotationList != 0 { readList(&result, &errors) }
    return result
  }

  /// 64 entries of two fields of 256 bytes; an entry is used when its key is not empty.
  private func readDictionary(_ result: inout CrashpadAnnotations, _ errors: inout [SoftError]) {
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
      result.simple.append(CrashpadSimpleAnnotation(key: key, value: field(index * entry + Self.dictionaryField)))
    }
    result.simple.sort { $0.key.lexicographicallyPrecedes($1.key) }
  }

  private func pointer(at address: UInt64) -> UInt64? { try? memory.readPointer(at: address, is64Bit: is64Bit) }

  /// {pointer to the tail, head, tail}, where nodes are {next, name, value, u32 size, u16 kind, u16 guard}.
  private func readList(_ result: inout CrashpadAnnotations, _ errors: inout [SoftError]) {
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
        let kind = try? memory.readUInt16(at: node &+ 3 * word &+ 4)
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
      result.objects.append(CrashpadAnnotation(name: name, kind: kind, value: bytes))
    }
    if next != tail { errors.append(SoftError("annotations", "the list of annotations has no end")) }
  }

  /// Nodes {u64 next, u64 address, u64 size, u32 type, u32 padding}, of the same width in 32-bit clients.
  func streams(_ errors: inout [SoftError]) -> [CrashpadUserStream] {
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
