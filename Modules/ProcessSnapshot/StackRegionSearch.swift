// Provides the stack that a stack pointer lies on.
internal import LinuxSystem
internal import ProcessMemory

extension MemoryMap {
  /// What the System V ABI lets leaf functions use below the stack pointer.
  private static let redZone: UInt64 = 128

  /// The stack from `stackPointer` on; `nil` when it lies in no mapping that leads to one.
  ///
  /// - Parameters:
  ///   - threadPointer: where the thread's own data lies, at the end of a stack that libc made; 0 for the main thread, whose
  ///     data lies elsewhere.
  ///   - limit: bytes that are kept.
  func stack(
    at stackPointer: UInt64, threadPointer: UInt64, redZone hasRedZone: Bool, limit: UInt64
  ) -> StackRegion? {
    guard var index = index(of: stackPointer) else { return overflowedStack(stackPointer, threadPointer, limit) }
    var start = stackPointer
    var isOverflow = false
    if !mappings[index].isReadable {
      // The guard page: the stack begins right above it.
      start = mappings[index].range.end
      guard index + 1 < mappings.count, mappings[index + 1].range.start == start, mappings[index + 1].isReadable else {
        return nil
      }
      index += 1
      isOverflow = true
    } else if hasRedZone {
      let wanted = start >= Self.redZone ? start - Self.redZone : 0
      let base = mappings[index].range.start
      if wanted >= base {
        start = wanted
      } else if index > 0, mappings[index - 1].range.end == base, isSameStack(mappings[index - 1], mappings[index]) {
        start = max(wanted, mappings[index - 1].range.start)
      } else {
        start = base
      }
    }
    return region(from: start, mapping: index, threadPointer, limit, isOverflow)
  }

  /// The main thread's stack has no guard mapping: an overflow leaves the stack pointer in the hole below it.
  private func overflowedStack(_ stackPointer: UInt64, _ threadPointer: UInt64, _ limit: UInt64) -> StackRegion? {
    guard let index = mappings.firstIndex(where: { $0.range.start > stackPointer }),
      mappings[index].isReadable, mappings[index].isWritable, mappings[index].range.start - stackPointer <= 1 << 20
    else { return nil }
    return region(from: mappings[index].range.start, mapping: index, threadPointer, limit, true)
  }

  private func region(
    from start: UInt64, mapping index: Int, _ threadPointer: UInt64, _ limit: UInt64, _ isOverflow: Bool
  ) -> StackRegion? {
    var last = index
    while last + 1 < mappings.count, mappings[last + 1].range.start == mappings[last].range.end,
      mappings[last + 1].isReadable, isSameStack(mappings[last + 1], mappings[index])
    {
      last += 1
    }
    var end = mappings[last].range.end
    if threadPointer > start, threadPointer < end { end = threadPointer }
    guard let whole = AddressRange(start: start, end: end) else { return nil }
    return StackRegion(
      whole: whole, kept: AddressRange(start: start, size: min(whole.size, limit)), isOverflow: isOverflow)
  }

  /// Split by mprotect or by the kernel's naming, but one stack.
  private func isSameStack(_ one: MemoryMapping, _ other: MemoryMapping) -> Bool {
    one.isReadable && one.device == other.device && one.inode == other.inode
      && (one.name == other.name || one.name.isEmpty || other.name.isEmpty)
  }
}
