// Provides the choice of memory that a dump takes along.
internal import LinuxSystem
internal import ProcessMemory
internal import ProcessSnapshot
import StableOrder

/// How much memory a dump takes along.
public enum MinidumpStyle: Hashable, Sendable {
  /// Stacks, and what surrounds registers and code.
  case stacks
  /// Also what stacks and registers point to on the heap and in variables, within a limit, and the contexts of Swift's
  /// asynchronous functions.
  case smart
  /// Everything that can be read, devices excepted.
  case full
}

/// Chooses heap memory for a dump: pieces that pointers lead to, the crashing thread's first.
struct MemorySelection {
  /// Memory is taken in aligned blocks, so that pieces are cheap to keep apart.
  private static let blockSize: UInt64 = 128
  /// Bytes of an object that are taken: from a little before the pointer on, where reference counts and sizes lie.
  private static let before: UInt64 = 16, after: UInt64 = 240
  /// Bytes of each stack that are searched for pointers, from its stack pointer on.
  private static let searchedCrashing: UInt64 = 1 << 20, searchedOther: UInt64 = 64 << 10
  /// Asynchronous frames that are followed from one pointer on.
  private static let contextLimit = 256

  private let map: MemoryMap
  private let memory: CachingMemoryReader
  private let stacks: MemoryCopies
  private let is64Bit: Bool
  private let limit: UInt64
  private var blocks: Set<UInt64> = []
  /// Memory that the program writes, by address, without stacks, which the dump has anyway.
  private let data: [AddressRange]

  /// - Parameters:
  ///   - memory: where pointers lead; nothing of it is in the dump.
  ///   - stacks: are searched for pointers, as they will be in the dump.
  init(_ snapshot: borrowing ProcessSnapshot, memory: any MemoryReader, stacks: MemoryCopies, limit: UInt64) {
    map = snapshot.map
    self.memory = CachingMemoryReader(memory)
    self.stacks = stacks
    is64Bit = snapshot.is64Bit
    self.limit = limit
    data = Self.data(map, without: Self.stacks(of: snapshot))
  }

  /// What is kept of the stacks, by address.
  static func stacks(of snapshot: borrowing ProcessSnapshot) -> [AddressRange] {
    snapshot.threads.compactMap { $0.stack?.kept }.inOrder { $0.start < $1.start }
  }

  private static func data(_ map: MemoryMap, without stacks: [AddressRange]) -> [AddressRange] {
    let written = map.mappings.compactMap { mapping in
      mapping.isReadable && mapping.isWritable && !mapping.isShared ? mapping.range : nil
    }
    return AddressRange.subtract(stacks, from: written)
  }

  private var isFull: Bool { UInt64(blocks.count) * Self.blockSize >= limit }

  /// What pointers in registers and stacks lead to.
  mutating func addHeap(of snapshot: borrowing ProcessSnapshot) {
    let crashed = snapshot.exception?.threadID ?? snapshot.threads.first?.threadID
    let order = snapshot.threads.filter { $0.threadID == crashed } + snapshot.threads.filter { $0.threadID != crashed }
    let contexts = contexts(of: order.flatMap { $0.context.general.pointers })
    for thread in order {
      if isFull { return }
      let isCrashed = thread.threadID == crashed
      var context = thread.context
      if isCrashed, let interrupted = snapshot.exception?.context { context = interrupted }
      for pointer in context.general.pointers {
        add(pointer)
        // The registers at the crash are others than those that the thread has now.
        if is64Bit, isCrashed || contexts.contains(pointer) { addContexts(from: pointer) }
      }
      guard let stack = thread.stack?.kept else { continue }
      search(stack, limit: isCrashed ? Self.searchedCrashing : Self.searchedOther, followsContexts: isCrashed)
    }
  }

  private mutating func search(_ stack: AddressRange, limit: UInt64, followsContexts: Bool) {
    let width: UInt64 = is64Bit ? 8 : 4
    let start = (stack.start + width - 1) & ~(width - 1)
    guard let searched = AddressRange(start: start, size: limit).intersection(stack) else { return }
    if let bytes = stacks.bytes(of: searched) {
      search(bytes, followsContexts)
      return
    }
    var position = searched.start
    while position < searched.end, !isFull {
      let bytes = stacks.readAvailable(at: position, count: Int(min(16384, searched.end - position)))
      if bytes.count < Int(width) { return }
      bytes.withUnsafeBytes { search($0, followsContexts) }
      position += UInt64(bytes.count)
    }
  }

  private mutating func search(_ bytes: UnsafeRawBufferPointer, _ followsContexts: Bool) {
    let width = is64Bit ? 8 : 4
    var offset = 0
    while offset + width <= bytes.count {
      let value =
        is64Bit
        ? UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        : UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
      offset += width
      // Most words of a stack are small numbers.
      if value < 0x10000 { continue }
      add(value)
      if followsContexts, is64Bit { addContexts(from: value) }
    }
  }

  /// Whether a pointer leads to data that the program writes, and not to a stack.
  private func isData(_ address: UInt64) -> Bool {
    let low = data.partitioningIndex { $0.end > address }
    return low < data.count && data[low].start <= address
  }

  private mutating func add(_ pointer: UInt64) {
    guard !isFull, isData(pointer) else { return }
    let range = AddressRange(start: pointer - min(pointer, Self.before), size: Self.before + Self.after)
    var block = range.start & ~(Self.blockSize - 1)
    while block < range.end {
      blocks.insert(block)
      block += Self.blockSize
    }
  }

  /// Which pointers lead to what looks like a context, of as many as one call can look at.
  private func contexts(of pointers: [UInt64]) -> Set<UInt64> {
    guard is64Bit else { return [] }
    let places = pointers.filter { mayBeContext($0) }
    var words = [UInt64](repeating: 0, count: 2 * places.count)
    let size = 2 * MemoryLayout<UInt64>.size
    let known = words.withUnsafeMutableBytes { buffer in
      places.indices.map { index in
        MemoryPiece(
          address: places[index],
          buffer: UnsafeMutableRawBufferPointer(rebasing: buffer[(index * size)..<((index + 1) * size)]))
      }.withUnsafeBufferPointer { min(max(memory.readPieces($0), 0), places.count) }
    }
    var result: Set<UInt64> = []
    // Of the others nothing is known.
    for (index, place) in places.enumerated() where index >= known || isCode(UInt64(littleEndian: words[2 * index + 1]))
    {
      result.insert(place)
    }
    return result
  }

  private func mayBeContext(_ address: UInt64) -> Bool { address & 15 == 0 && isData(address) }

  /// Whether a function can be there. The upper bits may be a signature.
  private func isCode(_ address: UInt64) -> Bool {
    map.mapping(of: address & 0x0fff_ffff_ffff_ffff)?.isExecutable == true
  }

  /// Contexts of Swift's asynchronous functions: {parent context, function to resume at}, on the heap. The chain is the
  /// stack of a task, and nothing but the chain leads to its older frames.
  private mutating func addContexts(from pointer: UInt64) {
    var context = pointer
    for _ in 0..<Self.contextLimit {
      guard mayBeContext(context), !isFull,
        let parent = try? memory.readUInt64(at: context), let resume = try? memory.readUInt64(at: context &+ 8),
        isCode(resume)
      else { return }
      add(context)
      context = parent
    }
  }

  /// The chosen blocks as ranges, only their readable parts.
  var ranges: [AddressRange] {
    var result: [AddressRange] = []
    for block in Array(blocks).inOrder(by: <) {
      if let last = result.last, last.end == block {
        result[result.count - 1] = AddressRange(start: last.start, size: last.size + Self.blockSize)
      } else {
        result.append(AddressRange(start: block, size: Self.blockSize))
      }
    }
    return result.flatMap { map.readableParts(of: $0) }
  }

  /// Everything that can be read without touching a device.
  static func everything(_ map: MemoryMap) -> [AddressRange] {
    map.mappings.flatMap { mapping -> [AddressRange] in
      let name = mapping.name.bytes
      let isDevice =
        name.starts(with: "/dev/".utf8) && !name.starts(with: "/dev/shm/".utf8) && !name.starts(with: "/dev/zero".utf8)
      return isDevice ? [] : map.readableParts(of: mapping.range)
    }
  }
}
