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

/// Writes minidumps in one pass, without holding memory contents: first all sizes are frozen and offsets assigned, then
/// everything is written in order. The signature comes last, so a file that was cut short is no minidump.
public enum MinidumpWriter {
  /// Reads memory of the process: fills `buffer` from `address` on and returns how many bytes it got.
  public typealias MemoryRead = (_ address: UInt64, _ buffer: UnsafeMutableRawBufferPointer) -> Int

  /// Writes a minidump.
  ///
  /// - Parameters:
  ///   - order: little, except in tests of readers.
  ///   - chunk: bytes of memory read and written at once.
  ///   - readMemory: gives stacks and other memory. What it cannot give is written as 0xfe.
  /// - Throws: `MinidumpWriteError`; the file is unusable then and has no signature.
  @discardableResult
  public static func write(
    _ contents: MinidumpContents, to sink: any MinidumpSink, order: MinidumpByteOrder = .little,
    chunk: Int = 256 << 10, readMemory: MemoryRead
  ) throws(MinidumpWriteError) -> MinidumpWriteResult {
    let plan = MinidumpPlan(contents, order: order)
    try plan.freeze()
    let output = MinidumpOutput(sink: sink)
    try plan.writeHeader(to: output, signed: !sink.canOverwrite)
    try plan.writeStreams(to: output)
    let unreadable = try plan.writeMemory(to: output, chunk: max(chunk, 4096), readMemory: readMemory)
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

/// Gathers small writes.
internal final class MinidumpOutput {
  private let sink: any MinidumpSink
  private var pending: [UInt8] = []
  private(set) var position: UInt64 = 0
  private static let threshold = 64 << 10

  init(sink: any MinidumpSink) {
    self.sink = sink
    pending.reserveCapacity(Self.threshold)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpWriteError) {
    if bytes.count >= Self.threshold {
      try flush()
      try send(bytes)
    } else {
      if pending.count + bytes.count > Self.threshold { try flush() }
      pending.append(contentsOf: bytes)
    }
    position += UInt64(bytes.count)
  }

  /// Zeros up to an offset of the file.
  func pad(to offset: UInt64) throws(MinidumpWriteError) {
    while position < offset {
      pending.append(0)
      position += 1
    }
  }

  func flush() throws(MinidumpWriteError) {
    if pending.isEmpty { return }
    try pending.withUnsafeBufferPointer { (buffer) throws(MinidumpWriteError) in
      try send(UnsafeRawBufferPointer(buffer))
    }
    pending.removeAll(keepingCapacity: true)
  }

  func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpWriteError) {
    do throws(MinidumpSinkError) {
      _ = try sink.overwrite(at: offset, bytes)
    } catch {
      throw MinidumpWriteError(.sink, size: position, sinkError: error)
    }
  }

  private func send(_ bytes: UnsafeRawBufferPointer) throws(MinidumpWriteError) {
    do throws(MinidumpSinkError) {
      try sink.write(bytes)
    } catch {
      throw MinidumpWriteError(.sink, size: position, sinkError: error)
    }
  }
}
