// Provides the memory of a process as its rules allow a dump to hold it.
internal import ProcessMemory
internal import ProcessSnapshot
import StableOrder

/// Memory of a process through the rules of a sanitized report: stacks, with their words looked at where the client wants
/// that, and the ranges that it allows. Nothing else can be read.
///
/// A word of a stack stays as it is when it is small, or points into a module or a stack; every other one, and bytes that are
/// no whole word at the ends, are overwritten. Source: docs/formats/process-snapshot.md, section 11.
final class SanitizedMemory: MemoryReader {
  private static let smallest: UInt64 = 4096
  /// What stands for a word that was taken out.
  private static let filler: UInt64 = 0x0def_aced_0def_aced

  private let base: any MemoryReader
  private let sanitizesStacks: Bool
  private let width: Int
  /// What may be read beside the stacks.
  private let allowed: [AddressRange]
  private let stacks: [AddressRange]
  /// Where words may point to: sorted, apart from each other.
  private let targets: [AddressRange]

  init(_ base: any MemoryReader, of snapshot: borrowing ProcessSnapshot, _ rules: SanitizationRules) {
    self.base = base
    sanitizesStacks = rules.sanitizesStacks
    width = snapshot.is64Bit ? 8 : 4
    allowed = rules.allowedMemory
    stacks = snapshot.threads.compactMap { $0.stack?.kept }.inOrder { $0.start < $1.start }
    targets = AddressRange.coalesced(
      snapshot.modules.map { $0.range } + snapshot.threads.compactMap { $0.stack?.whole })
  }

  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var done = 0
    while done < buffer.count {
      let (position, overflow) = address.addingReportingOverflow(UInt64(done))
      if overflow { break }
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count: Int
      // A stack counts as one, whatever else is allowed.
      if let stack = stacks.first(where: { $0.contains(position) }) {
        count = readStack(stack, position, Self.cut(rest, to: stack.end - position))
      } else if let range = allowed.first(where: { $0.contains(position) }) {
        let next = stacks.first { $0.start > position }?.start ?? .max
        count = base.read(at: position, into: Self.cut(rest, to: min(range.end, next) - position))
      } else {
        count = 0
      }
      if count <= 0 { break }
      done += count
    }
    return done
  }

  private static func cut(_ buffer: UnsafeMutableRawBufferPointer, to size: UInt64) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, Int(clamping: size))])
  }

  /// Both ends of the buffer may lie inside of words, wherever the dump's writer has cut.
  private func readStack(_ stack: AddressRange, _ address: UInt64, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    if !sanitizesStacks { return base.read(at: address, into: buffer) }
    let mask = UInt64(width - 1)
    let first = max(stack.start, address & ~mask)
    // Whole words up to the end, but no byte of somebody else.
    let last = min(stack.end, ((address + UInt64(buffer.count)) &+ mask) & ~mask)
    guard last > first else { return 0 }
    let bytes = base.readAvailable(at: first, count: Int(last - first))
    let end = first + UInt64(bytes.count)
    var offset = 0
    while offset < buffer.count {
      let position = address + UInt64(offset)
      if position >= end { break }
      let word = position & ~mask
      let isKept = word >= first && word + UInt64(width) <= end && keeps(bytes, Int(word - first))
      buffer[offset] =
        isKept ? bytes[Int(position - first)] : UInt8(truncatingIfNeeded: Self.filler >> (8 * (position & mask)))
      offset += 1
    }
    return offset
  }

  private func keeps(_ bytes: [UInt8], _ offset: Int) -> Bool {
    let word: UInt64 =
      width == 8 ? bytes.littleEndian(at: offset) ?? 0 : UInt64(bytes.littleEndian(UInt32.self, at: offset) ?? 0)
    if word <= Self.smallest { return true }
    let low = targets.partitioningIndex { $0.end > word }
    return low < targets.count && targets[low].contains(word)
  }
}
