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
  private let memory: any MemoryReader
  /// Without a cache: each part of a stack is read once.
  private let stackMemory: any MemoryReader
  private let is64Bit: Bool
  private let limit: UInt64
  private var blocks: Set<UInt64> = []
  private let stacks: [AddressRange]

  init(_ snapshot: borrowing ProcessSnapshot, memory: any MemoryReader, limit: UInt64) {
    map = snapshot.map
    self.memory = CachingMemoryReader(memory)
    stackMemory = memory
    is64Bit = snapshot.is64Bit
    self.limit = limit
    stacks = snapshot.threads.compactMap { $0.stack?.kept }.inOrder { $0.start < $1.start }
  }

  private var isFull: Bool { UInt64(blocks.count) * Self.blockSize >= limit }

  /// What pointers in registers and stacks lead to.
  mutating func addHeap(of snapshot: borrowing ProcessSnapshot) {
    let crashed = snapshot.exception?.threadID ?? snapshot.threads.first?.threadID
    let order = snapshot.threads.filter { $0.threadID == crashed } + snapshot.threads.filter { $0.threadID != crashed }
    for thread in order {
      if isFull { return }
      let isCrashed = thread.threadID == crashed
      var context = thread.context
      if isCrashed, let interrupted = snapshot.exception?.context { context = interrupted }
      for pointer in context.general.pointers {
        add(pointer)
        if is64Bit { addContexts(from: pointer) }
      }
      guard let stack = thread.stack?.kept else { continue }
      search(stack, limit: isCrashed ? Self.searchedCrashing : Self.searchedOther, followsContexts: isCrashed)
    }
  }

  private mutating func search(_ stack: AddressRange, limit: UInt64, followsContexts: Bool) {
    let width = is64Bit ? 8 : 4
    let start = (stack.start + UInt64(width) - 1) & ~UInt64(width - 1)
    var position = start
    let end = AddressRange(start: start, size: limit).intersection(stack)?.end ?? start
    while position < end, !isFull {
      let bytes = stackMemory.readAvailable(at: position, count: Int(min(16384, end - position)))
      if bytes.count < width { return }
      for offset in stride(from: 0, through: bytes.count - width, by: width) {
        let value: UInt64 =
          is64Bit
          ? bytes.littleEndian(at: offset) ?? 0 : UInt64(bytes.littleEndian(UInt32.self, at: offset) ?? 0)
        // Most words of a stack are small numbers.
        guard value >= 0x10000 else { continue }
        add(value)
        if followsContexts, is64Bit { addContexts(from: value) }
      }
      position += UInt64(bytes.count)
    }
  }

  /// Whether a pointer leads to data that the program writes, and not to a stack, which the dump has anyway.
  private func isData(_ address: UInt64) -> Bool {
    guard let mapping = map.mapping(of: address), mapping.isReadable, mapping.isWritable, !mapping.isShared else {
      return false
    }
    var low = 0
    var high = stacks.count
    while low < high {
      let middle = low + (high - low) / 2
      if stacks[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low == stacks.count || !stacks[low].contains(address)
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

  /// Contexts of Swift's asynchronous functions: {parent context, function to resume at}, on the heap. The chain is the
  /// stack of a task, and nothing but the chain leads to its older frames. The upper bits of the function may be a
  /// signature.
  private mutating func addContexts(from pointer: UInt64) {
    var context = pointer
    for _ in 0..<Self.contextLimit {
      guard context & 15 == 0, !isFull, isData(context),
        let parent = try? memory.readUInt64(at: context), let resume = try? memory.readUInt64(at: context &+ 8),
        map.mapping(of: resume & 0x0fff_ffff_ffff_ffff)?.isExecutable == true
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
