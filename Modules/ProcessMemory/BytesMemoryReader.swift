// Provides memory out of byte arrays: for tests, and for memory that was copied before.

/// Memory made of pieces that were copied. Reads may cross from one piece into the next where they touch.
public final class BytesMemoryReader: MemoryReader {
  private struct Piece {
    let range: AddressRange
    let bytes: [UInt8]
  }
  private var pieces: [Piece] = []

  /// Memory of which nothing can be read.
  public init() {}

  /// Memory that has these bytes at an address, and no others.
  public convenience init(at address: UInt64, _ bytes: [UInt8]) {
    self.init()
    add(bytes, at: address)
  }

  /// Adds a piece. Where pieces overlap the one that was added first is read.
  public func add(_ bytes: [UInt8], at address: UInt64) {
    pieces.append(Piece(range: AddressRange(start: address, size: UInt64(bytes.count)), bytes: bytes))
  }

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var done = 0
    while done < buffer.count {
      let (position, overflow) = address.addingReportingOverflow(UInt64(done))
      guard !overflow, let piece = pieces.first(where: { $0.range.contains(position) }) else { break }
      let offset = Int(position - piece.range.start)
      let count = min(piece.bytes.count - offset, buffer.count - done)
      for index in 0..<count { buffer[done + index] = piece.bytes[offset + index] }
      done += count
    }
    return done
  }
}
