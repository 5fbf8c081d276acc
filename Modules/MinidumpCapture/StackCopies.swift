// Provides memory of which the stacks are read ahead.
internal import ProcessMemory

/// Memory with copies of its stacks: they are searched for pointers and then go into the dump, and are read once for both,
/// hundreds with one system call.
final class StackCopies: MemoryReader {
  /// Bytes of all copies; what is beyond is read when it is asked for.
  private static let limit: UInt64 = 8 << 20

  private struct Copy {
    let range: AddressRange
    let bytes: UnsafeMutableRawBufferPointer
  }

  private let base: any MemoryReader
  /// By address; none overlaps another.
  private var copies: [Copy] = []
  private let storage: UnsafeMutableRawPointer

  /// - Parameter stacks: by address.
  init(_ base: any MemoryReader, _ stacks: [AddressRange]) {
    self.base = base
    var chosen: [AddressRange] = []
    var size: UInt64 = 0
    for stack in stacks where stack.start >= chosen.last?.end ?? 0 && stack.size <= Self.limit - size {
      chosen.append(stack)
      size += stack.size
    }
    storage = .allocate(byteCount: Int(max(1, size)), alignment: 16)
    var place = storage
    let pieces = chosen.map { stack in
      defer { place += Int(stack.size) }
      return MemoryPiece(
        address: stack.start, buffer: UnsafeMutableRawBufferPointer(start: place, count: Int(stack.size)))
    }
    var next = 0
    while next < pieces.count {
      let read = pieces[next...].withUnsafeBufferPointer { base.readPieces($0) }
      for _ in 0..<min(max(read, 0), pieces.count - next) {
        copies.append(Copy(range: chosen[next], bytes: pieces[next].buffer))
        next += 1
      }
      if next == pieces.count { break }
      // A part of it may be there.
      let piece = pieces[next]
      let count = base.read(at: piece.address, into: piece.buffer)
      copies.append(
        Copy(
          range: AddressRange(start: piece.address, size: UInt64(count)),
          bytes: UnsafeMutableRawBufferPointer(rebasing: piece.buffer[..<count])))
      next += 1
    }
  }

  deinit { storage.deallocate() }

  /// The copy of all of these bytes; `nil` where there is none. Valid as long as this reader.
  func bytes(of range: AddressRange) -> UnsafeRawBufferPointer? {
    var low = 0
    var high = copies.count
    while low < high {
      let middle = low + (high - low) / 2
      if copies[middle].range.end <= range.start { low = middle + 1 } else { high = middle }
    }
    guard low < copies.count, copies[low].range.contains(range) else { return nil }
    let offset = Int(range.start - copies[low].range.start)
    return UnsafeRawBufferPointer(rebasing: copies[low].bytes[offset..<(offset + Int(range.size))])
  }

  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    copy(address, buffer) ? buffer.count : base.read(at: address, into: buffer)
  }

  func readPieces(_ pieces: UnsafeBufferPointer<MemoryPiece>) -> Int {
    var done = 0
    while done < pieces.count {
      if copy(pieces[done].address, pieces[done].buffer) {
        done += 1
        continue
      }
      var end = done + 1
      while end < pieces.count, !copy(pieces[end].address, pieces[end].buffer) { end += 1 }
      let read = base.readPieces(UnsafeBufferPointer(rebasing: pieces[done..<end]))
      if read < end - done { return done + max(read, 0) }
      // The one behind them was copied meanwhile.
      done = min(end + 1, pieces.count)
    }
    return done
  }

  private func copy(_ address: UInt64, _ buffer: UnsafeMutableRawBufferPointer) -> Bool {
    guard let bytes = bytes(of: AddressRange(start: address, size: UInt64(buffer.count))) else { return false }
    buffer.copyMemory(from: bytes)
    return true
  }
}
