// Provides the writer of minidumps.

/// What a finished minidump is like.
public struct MinidumpWriteResult: Hashable, Sendable {
  /// Bytes of the file.
  public let size: UInt64
  /// Bytes of memory that could not be read any more and were written as 0xfe.
  public let unreadableBytes: UInt64
  /// Types of streams that were left out because their type had occurred before.
  public let droppedStreams: [MinidumpStreamType]
}

/// A piece of memory that goes into a dump, and the place of its bytes in the writer's buffer.
public struct MinidumpMemoryPiece {
  /// The first address.
  public let address: UInt64
  /// Where the bytes go; valid as long as the call.
  public let buffer: UnsafeMutableRawBufferPointer
}

/// Writes minidumps in one pass, without holding memory contents: first all sizes are frozen and offsets assigned, then
/// everything is written in order. The signature comes last, so a file that was cut short is no minidump.
public enum MinidumpWriter {
  /// Reads memory of the process: fills `buffer` from `address` on and returns how many bytes it got.
  public typealias MemoryRead = (_ address: UInt64, _ buffer: UnsafeMutableRawBufferPointer) -> Int

  /// Reads many pieces at once and returns how many of the first ones are whole; `MemoryRead` is asked for the next.
  public typealias MemoryReadPieces = (_ pieces: [MinidumpMemoryPiece]) -> Int

  /// Writes a minidump.
  ///
  /// - Parameters:
  ///   - order: little, except in tests of readers.
  ///   - chunk: bytes that are written at once, and read at most.
  ///   - readMemory: gives stacks and other memory. What it cannot give is written as 0xfe.
  /// - Throws: `MinidumpWriteError`; the file is unusable then and has no signature.
  @discardableResult
  public static func write(
    _ contents: MinidumpContents, to sink: any MinidumpSink, order: MinidumpByteOrder = .little,
    chunk: Int = 256 << 10, readMemory: MemoryRead
  ) throws(MinidumpWriteError) -> MinidumpWriteResult {
    try write(contents, to: sink, order: order, chunk: chunk, readPieces: { _ in 0 }, readMemory: readMemory)
  }

  /// Writes a minidump whose memory can be had in many pieces at once.
  ///
  /// - Parameters:
  ///   - readPieces: takes pieces that go into the dump one behind the other, in one call if it can.
  ///   - copier: brings the 64-bit list's memory into a sink that can be extended.
  /// - Throws: as the other one.
  @discardableResult
  public static func write(
    _ contents: MinidumpContents, to sink: any MinidumpSink, order: MinidumpByteOrder = .little,
    chunk: Int = 256 << 10, copier: (any MinidumpMemoryCopier)? = nil, readPieces: MemoryReadPieces,
    readMemory: MemoryRead
  ) throws(MinidumpWriteError) -> MinidumpWriteResult {
    let plan = MinidumpPlan(contents, order: order)
    try plan.freeze()
    let output = MinidumpOutput(sink: sink, capacity: Int(min(UInt64(max(chunk, 0)), plan.end)))
    try plan.writeHeader(to: output, signed: !sink.canOverwrite)
    try plan.writeStreams(to: output)
    let unreadable = try plan.writeMemory(
      to: output, copier: copier, readPieces: readPieces, readMemory: readMemory)
    try output.flush()
    if sink.canOverwrite { try plan.sign(output) }
    return MinidumpWriteResult(size: output.position, unreadableBytes: unreadable, droppedStreams: plan.dropped)
  }

  /// Bytes that `contents` would take, memory included, without reading or writing anything.
  public static func size(of contents: MinidumpContents) throws(MinidumpWriteError) -> UInt64 {
    let plan = MinidumpPlan(contents, order: .little)
    try plan.freeze()
    return plan.end
  }
}

/// Gathers writes: what goes to the sink is as large as the buffer, since files take few large writes much faster than
/// many small ones. Memory of the process is read right into the buffer.
internal final class MinidumpOutput {
  private let sink: any MinidumpSink
  private let size: Int
  /// The sink's own place for the next bytes, or the buffer.
  private var storage: UnsafeMutableRawBufferPointer
  private var buffer: UnsafeMutableRawBufferPointer?
  private var pending = 0
  private(set) var position: UInt64 = 0

  /// - Parameter capacity: bytes of a write; at least 4096.
  init(sink: any MinidumpSink, capacity: Int) {
    self.sink = sink
    size = max(capacity, 4096)
    storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    makeRoom()
  }

  deinit { buffer?.deallocate() }

  func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpWriteError) {
    var done = 0
    while done < bytes.count {
      let part = try space(upTo: UInt64(bytes.count - done))
      part.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[done..<(done + part.count)]))
      advance(part.count)
      done += part.count
    }
  }

  /// Room for the next bytes, at least one and at most `limit` (which is not 0). `advance` makes them part of the file.
  func space(upTo limit: UInt64) throws(MinidumpWriteError) -> UnsafeMutableRawBufferPointer {
    if pending == storage.count { try flush() }
    let count = Int(min(limit, UInt64(storage.count - pending)))
    return UnsafeMutableRawBufferPointer(rebasing: storage[pending..<(pending + count)])
  }

  /// Bytes that can be added without a write.
  var room: Int { storage.count - pending }
  var capacity: Int { storage.count }

  /// Takes the first `count` bytes of the last `space`.
  func advance(_ count: Int) {
    pending += count
    position += UInt64(count)
  }

  /// Zeros up to an offset of the file.
  func pad(to offset: UInt64) throws(MinidumpWriteError) {
    while position < offset {
      let part = try space(upTo: offset - position)
      part.initializeMemory(as: UInt8.self, repeating: 0)
      advance(part.count)
    }
  }

  func flush() throws(MinidumpWriteError) {
    if pending == 0 { return }
    do throws(MinidumpSinkError) {
      try sink.write(UnsafeRawBufferPointer(rebasing: storage[..<pending]))
    } catch {
      throw MinidumpWriteError(.sink, size: position - UInt64(pending), sinkError: error)
    }
    pending = 0
    if buffer == nil { makeRoom() }
  }

  private func makeRoom() {
    if let place = sink.place(for: size) {
      storage = place
    } else {
      storage = .allocate(byteCount: size, alignment: 4096)
      buffer = storage
    }
  }

  /// Has the rest of the file, up to `end`, written by somebody else.
  ///
  /// - Returns: what `body` returned; `nil` when the sink takes bytes in their order only.
  func extend(
    to end: UInt64, _ body: () throws(MinidumpSinkError) -> UInt64
  ) throws(MinidumpWriteError) -> UInt64? {
    try flush()
    do throws(MinidumpSinkError) {
      guard try sink.extend(to: end) else { return nil }
      let result = try body()
      position = end
      return result
    } catch {
      throw MinidumpWriteError(.sink, size: position, sinkError: error)
    }
  }

  func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpWriteError) {
    do throws(MinidumpSinkError) {
      _ = try sink.overwrite(at: offset, bytes)
    } catch {
      throw MinidumpWriteError(.sink, size: position, sinkError: error)
    }
  }
}
