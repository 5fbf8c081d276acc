// Provides a dump between the reading of memory and the writing of the file.
internal import LinuxSystem
public import MinidumpFormat
public import ProcessMemory
public import ProcessSnapshot

/// A dump of which the memory has been read, as far as it is kept until it is written: a process that is not needed any
/// more can go on before anything is put together. Not thread safe.
public final class MinidumpDraft {
  /// Whether `write` reads memory: the process has to stand still until it is done.
  public let needsProcess: Bool

  private let options: MinidumpCaptureOptions
  /// What is in the dump of the process's memory, without what nobody shall see.
  private let memory: any MemoryReader
  private let ranges: [AddressRange]
  /// Of the 64-bit list.
  private let ranges64: [AddressRange]

  /// Chooses the memory that the dump takes along, and reads it unless there is much of it.
  ///
  /// - Parameter memory: of the process, which stands still.
  public init(
    _ snapshot: borrowing ProcessSnapshot, memory: any MemoryReader, options: MinidumpCaptureOptions = .init()
  ) {
    self.options = options
    let raw = memory
    var memory = memory
    // What is not in the contents cannot be in the dump; this is what keeps the contents of the stacks.
    if let rules = snapshot.sanitization { memory = SanitizedMemory(memory, of: snapshot, rules) }
    if let hidden = snapshot.hiddenEnvironment, !hidden.isEmpty { memory = HiddenMemory(memory, hidden) }
    func permitted(_ ranges: [AddressRange]) -> [AddressRange] {
      AddressRange.coalesced(snapshot.sanitization?.allowed(of: ranges) ?? ranges)
    }
    var windows = snapshot.memoryWindows + options.extraMemory
    if options.style == .full {
      self.memory = memory
      ranges = permitted(windows)
      // The 64-bit list: such a dump may be larger than 4 GiB.
      ranges64 = permitted(MemorySelection.everything(snapshot.map))
      needsProcess = true
      return
    }
    let copies = MemoryCopies(memory)
    let stacks = AddressRange.coalesced(MemorySelection.stacks(of: snapshot))
    copies.add(stacks)
    if options.style == .smart {
      var selection = MemorySelection(snapshot, memory: raw, stacks: copies, limit: options.heapLimit)
      selection.addHeap(of: snapshot)
      windows += selection.ranges
    }
    let chosen = permitted(windows)
    copies.add(AddressRange.subtract(stacks, from: chosen))
    self.memory = copies
    ranges = chosen
    ranges64 = []
    needsProcess = !copies.isComplete
  }

  /// Writes the dump.
  ///
  /// - Parameter snapshot: the same as before.
  /// - Throws: when the sink fails or the dump would not fit the format; memory that cannot be read is no error.
  @discardableResult
  public func write(
    _ snapshot: borrowing ProcessSnapshot, to sink: any MinidumpSink
  ) throws(MinidumpWriteError) -> MinidumpWriteResult {
    try write(snapshot, to: sink, nil)
  }

  /// Writes the dump as `write` does; one with the process's whole memory faster, and without pages of zeros in the file.
  ///
  /// Not the same function: a program that makes no such dumps, as the handler, is smaller without what this one needs.
  @discardableResult
  public func writeAll(
    _ snapshot: borrowing ProcessSnapshot, to sink: any MinidumpSink
  ) throws(MinidumpWriteError) -> MinidumpWriteResult {
    // With rules, zeros may be no zeros in the dump, and it is small.
    guard options.style == .full, snapshot.sanitization == nil else { return try write(snapshot, to: sink) }
    let copier = MemoryCopier(
      memory, snapshot.map, process: snapshot.processID, to: sink, usesSecondThread: options.usesSecondThread)
    return try write(snapshot, to: sink, copier)
  }

  /// Bytes that are written at once. Where they are copied from memory of this process, a larger buffer costs more by pages
  /// that are touched for the first time than it saves calls; where they are read from the process, it is the other way
  /// round.
  private var chunk: Int { needsProcess ? 1 << 20 : 128 << 10 }

  private func write(
    _ snapshot: borrowing ProcessSnapshot, to sink: any MinidumpSink, _ copier: (any MinidumpMemoryCopier)?
  ) throws(MinidumpWriteError) -> MinidumpWriteResult {
    let memory = memory
    return try MinidumpWriter.write(
      contents(snapshot), to: sink, chunk: chunk, copier: copier,
      readPieces: { pieces in
        pieces.map { MemoryPiece(address: $0.address, buffer: $0.buffer) }.withUnsafeBufferPointer {
          memory.readPieces($0)
        }
      },
      readMemory: { memory.read(at: $0, into: $1) })
  }

  /// Everything of the dump but the bytes of memory.
  func contents(_ snapshot: borrowing ProcessSnapshot) -> MinidumpContents {
    var contents = MinidumpCapture.contents(snapshot, options)
    contents.memory = Self.addresses(ranges)
    contents.memory64 = Self.addresses(ranges64)
    return contents
  }

  private static func addresses(_ ranges: [AddressRange]) -> [MinidumpAddressRange] {
    ranges.map { MinidumpAddressRange(start: $0.start, size: $0.size) }
  }
}
