// Provides the memory of a process with a part that nobody shall see.
internal import ProcessMemory

/// Memory in which one range reads as zeros, and copies of the strings in it as well.
final class HiddenMemory: MemoryReader {
  private let base: any MemoryReader
  private let hidden: AddressRange
  private var copies: EnvironmentCopies

  /// - Parameter hidden: where the environment lies.
  init(_ base: any MemoryReader, _ hidden: AddressRange) {
    self.base = base
    self.hidden = hidden
    // The kernel permits a quarter of the stack's limit; what is used is some kilobytes.
    copies = EnvironmentCopies(base.readAvailable(at: hidden.start, count: Int(min(hidden.size, 256 << 10))))
  }

  private init(_ base: any MemoryReader, _ other: HiddenMemory) {
    self.base = base
    hidden = other.hidden
    copies = other.copies
  }

  func forAnotherThread() -> (any MemoryReader)? { base.forAnotherThread().map { HiddenMemory($0, self) } }

  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = base.read(at: address, into: buffer)
    hide(address, buffer, count)
    return count
  }

  func readPieces(_ pieces: UnsafeBufferPointer<MemoryPiece>) -> Int {
    let count = base.readPieces(pieces)
    for piece in pieces[..<count] { hide(piece.address, piece.buffer, piece.buffer.count) }
    return count
  }

  /// Makes zeros of what is hidden in `count` bytes of `address`.
  private func hide(_ address: UInt64, _ buffer: UnsafeMutableRawBufferPointer, _ count: Int) {
    if count > 0 { copies.erase(in: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])) }
    guard count > 0, let part = AddressRange(start: address, size: UInt64(count)).intersection(hidden) else {
      return
    }
    let offset = Int(part.start - address)
    for index in offset..<(offset + Int(part.size)) { buffer[index] = 0 }
  }
}
