// Provides memory of which parts are read ahead.
internal import ProcessMemory
import StableOrder

/// Memory with copies of some of its parts, which are read hundreds with one system call: stacks, which are searched for
/// pointers before they go into the dump, and then all else that the dump takes along, so that the process can go on.
final class MemoryCopies: MemoryReader {
  /// Bytes of all copies; what is beyond is read when it is asked for.
  private static let limit: UInt64 = 8 << 20

  private struct Copy {
    let range: AddressRange
    let bytes: UnsafeMutableRawBufferPointer
  }

  private let base: any MemoryReader
  /// By address; none overlaps another.
  private var copies: [Copy] = []
  private var storages: [UnsafeMutableRawPointer] = []
  /// Bytes that may still be copied.
  private var left = MemoryCopies.limit
  /// Whether everything that was added is here.
  private(set) var isComplete = true

  init(_ base: any MemoryReader) { self.base = base }

  deinit { for storage in storages { storage.deallocate() } }

  /// Copies parts of the memory, as many as there is room for.
  ///
  /// - Parameter ranges: by address, apart from what was added before. One that overlaps the one before is left out.
  func add(_ ranges: [AddressRange]) {
    var chosen: [AddressRange] = []
    chosen.reserveCapacity(ranges.count)
    var size: UInt64 = 0
    for range in ranges where !range.isEmpty {
      if range.start >= chosen.last?.end ?? 0 && range.size <= left - size {
        chosen.append(range)
        size += range.size
      } else {
        isComplete = false
      }
    }
    if chosen.isEmpty { return }
    left -= size
    var place = UnsafeMutableRawPointer.allocate(byteCount: Int(size), alignment: 16)
    storages.append(place)
    let pieces = chosen.map { range in
      defer { place += Int(range.size) }
      return MemoryPiece(
        address: range.start, buffer: UnsafeMutableRawBufferPointer(start: place, count: Int(range.size)))
    }
    read(pieces)
    copies = copies.inOrder { $0.range.start < $1.range.start }
  }

  private func read(_ pieces: [MemoryPiece]) {
    copies.reserveCapacity(copies.count + pieces.count)
    var next = 0
    while next < pieces.count {
      let read = pieces[next...].withUnsafeBufferPointer { base.readPieces($0) }
      for _ in 0..<min(max(read, 0), pieces.count - next) {
        append(pieces[next], count: pieces[next].buffer.count)
        next += 1
      }
      if next == pieces.count { break }
      // A part of it may be there, and what cannot be read now may be there later.
      isComplete = false
      append(pieces[next], count: base.read(at: pieces[next].address, into: pieces[next].buffer))
      next += 1
    }
  }

  private func append(_ piece: MemoryPiece, count: Int) {
    copies.append(
      Copy(
        range: AddressRange(start: piece.address, size: UInt64(count)),
        bytes: UnsafeMutableRawBufferPointer(rebasing: piece.buffer[..<count])))
  }

  /// The copy of all of these bytes; `nil` where there is none. Valid as long as this reader.
  func bytes(of range: AddressRange) -> UnsafeRawBufferPointer? {
    let index = copies.partitioningIndex { $0.range.end > range.start }
    guard index < copies.count, copies[index].range.contains(range) else { return nil }
    let offset = Int(range.start - copies[index].range.start)
    return UnsafeRawBufferPointer(rebasing: copies[index].bytes[offset..<(offset + Int(range.size))])
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
