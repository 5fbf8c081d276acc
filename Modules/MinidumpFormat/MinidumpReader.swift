// Provides the reader of minidumps: header, directory, limits; streams are in files of their own.

/// An entry of the directory.
public struct MinidumpStreamLocation: Hashable, Sendable {
  public let type: MinidumpStreamType
  /// Offset in the file. The reader has not checked that the stream lies inside the file.
  public let offset: UInt32
  /// Bytes.
  public let size: UInt32
}

/// Reads minidumps of any producer, in both byte orders.
///
/// Streams are decoded when they are first asked for, and kept. What cannot be read is left out and named in
/// `softErrors`. No input makes it trap, and all that it keeps is bounded by 16 times the size of the file plus 1 MiB
/// (`allocatedBytes`). Offsets and layouts: `docs/formats/minidump.md`.
///
/// Not thread safe.
public final class MinidumpReader {
  /// The dump. Pointers into it are valid as long as the reader lives.
  public let bytes: MinidumpBytes
  public let byteOrder: MinidumpByteOrder
  public let header: MinidumpHeader
  /// In the order of the file, unused entries included.
  public private(set) var directory: [MinidumpStreamLocation] = []
  /// What could not be read so far: of the streams that were asked for. At most `maximumSoftErrors`.
  public internal(set) var softErrors: [MinidumpSoftError] = []
  /// Soft errors beyond those that are kept.
  public internal(set) var droppedSoftErrors: UInt64 = 0
  /// Bytes that decoded values take, estimated from above.
  public private(set) var allocatedBytes: UInt64 = 0
  /// Bytes that decoded values may take.
  public let allocationLimit: UInt64
  /// Whether something was left out because it would have passed `allocationLimit`.
  public private(set) var isExhausted = false
  /// First entry of each type, where there are more entries than one looks through as fast.
  private var firstEntry: [MinidumpStreamType: MinidumpStreamLocation]?
  private static let longDirectory = 64

  public static let maximumSoftErrors = 256

  /// - Throws: `MinidumpReadError` when this is no minidump.
  public init(_ bytes: MinidumpBytes) throws(MinidumpReadError) {
    let buffer = bytes.buffer
    guard buffer.count >= MinidumpHeader.size else {
      throw MinidumpReadError(.truncated, UInt64(truncatingIfNeeded: buffer.count))
    }
    let little = MinidumpRecord(bytes: buffer, order: .little)
    let order: MinidumpByteOrder
    switch little.u32(0) {
    case MinidumpHeader.signature: order = .little
    case MinidumpHeader.signature.byteSwapped: order = .big
    case 0: throw MinidumpReadError(.unfinished, 0)
    case let other: throw MinidumpReadError(.notAMinidump, UInt64(other))
    }
    self.bytes = bytes
    byteOrder = order
    allocationLimit = 16 &* UInt64(truncatingIfNeeded: buffer.count) &+ 1 << 20
    let record = MinidumpRecord(bytes: buffer, order: order)
    header = MinidumpHeader(
      version: record.u32(4), streamCount: record.u32(8), directoryOffset: record.u32(12), checksum: record.u32(16),
      timestamp: record.u32(20), flags: record.u64(24))
    guard UInt16(truncatingIfNeeded: header.version) == MinidumpHeader.version else {
      throw MinidumpReadError(.unknownVersion, UInt64(header.version))
    }
    guard header.streamCount == 0 || UInt64(header.directoryOffset) < UInt64(truncatingIfNeeded: buffer.count) else {
      throw MinidumpReadError(.directoryOutsideFile, UInt64(header.directoryOffset))
    }
    readDirectory()
  }

  /// - Parameter bytes: a whole dump; copied.
  public convenience init(_ bytes: [UInt8]) throws(MinidumpReadError) { try self.init(MinidumpBytes(copying: bytes)) }

  private func readDirectory() {
    let fitting = file.fitting(MinidumpHeader.directoryEntrySize, from: Int(header.directoryOffset))
    let count = min(Int(header.streamCount), fitting)
    if count < Int(header.streamCount) {
      note(.countTooLarge, nil, "streams", UInt64(header.streamCount))
    }
    // The dictionary of types takes up to four times as much as the list.
    guard charge(count &* MemoryLayout<MinidumpStreamLocation>.stride &* 6, nil, "streams") else { return }
    directory.reserveCapacity(count)
    var firstEntry: [MinidumpStreamType: MinidumpStreamLocation] = [:]
    for index in 0..<max(count, 0) {
      let entry = file.entry(index, of: MinidumpHeader.directoryEntrySize, from: Int(header.directoryOffset))
      let location = MinidumpStreamLocation(
        type: MinidumpStreamType(rawValue: entry.u32(0)), offset: entry.u32(8), size: entry.u32(4))
      directory.append(location)
      if count <= Self.longDirectory || location.type == .unused { continue }
      if firstEntry[location.type] == nil { firstEntry[location.type] = location }
    }
    if count > Self.longDirectory { self.firstEntry = firstEntry }
  }

  // MARK: Streams

  internal var file: MinidumpRecord { MinidumpRecord(bytes: bytes.buffer, order: byteOrder) }

  /// Whether the directory names a stream of this type.
  public func contains(_ type: MinidumpStreamType) -> Bool { location(of: type) != nil }

  /// The first stream of this type.
  public func location(of type: MinidumpStreamType) -> MinidumpStreamLocation? {
    if let firstEntry { return firstEntry[type] }
    return type == .unused ? nil : directory.first { $0.type == type }
  }

  /// The bytes of the first stream of this type, not copied; clipped at the end of the file. Valid as long as the reader
  /// lives. Empty for an empty stream, nil when there is none or it lies outside the file.
  public func streamBytes(_ type: MinidumpStreamType) -> UnsafeRawBufferPointer? {
    location(of: type).flatMap { stream($0)?.bytes }
  }

  /// The same for one entry of the directory, for types that occur more than once.
  public func streamBytes(at location: MinidumpStreamLocation) -> UnsafeRawBufferPointer? { stream(location)?.bytes }

  /// The bytes of a stream, with a soft error where they leave the file.
  internal func stream(_ location: MinidumpStreamLocation) -> MinidumpRecord? {
    let (start, size) = (Int(location.offset), Int(location.size))
    if size == 0 { return file.part(file.count) }
    guard start < file.count else {
      note(.outsideFile, location.type, "stream", UInt64(location.offset))
      return nil
    }
    if size > file.count &- start {
      note(.outsideFile, location.type, "end of the stream", UInt64(location.offset) &+ UInt64(location.size))
    }
    return file.part(start, count: size)
  }

  /// The first stream of this type with at least `minimum` bytes, or nil with a soft error.
  internal func stream(_ type: MinidumpStreamType, minimum: Int) -> MinidumpRecord? {
    guard let location = location(of: type), let record = stream(location) else { return nil }
    guard record.count >= minimum else {
      note(.tooSmall, type, "the stream", UInt64(record.count))
      return nil
    }
    return record
  }

  // MARK: Limits

  /// Adds to `allocatedBytes`, or leaves a soft error and returns false when that would pass the limit.
  internal func charge(_ count: Int, _ stream: MinidumpStreamType?, _ field: String, index: Int? = nil) -> Bool {
    let (sum, overflow) = allocatedBytes.addingReportingOverflow(UInt64(max(count, 0)))
    if isExhausted || overflow || sum > allocationLimit {
      isExhausted = true
      note(.tooMuchMemory, stream, field, UInt64(max(count, 0)), index: index)
      return false
    }
    allocatedBytes = sum
    return true
  }

  internal func note(
    _ code: MinidumpSoftError.Code, _ stream: MinidumpStreamType?, _ field: String, _ value: UInt64, index: Int? = nil
  ) {
    if softErrors.count >= Self.maximumSoftErrors {
      droppedSoftErrors &+= 1
    } else {
      softErrors.append(MinidumpSoftError(code: code, stream: stream, index: index, field: field, value: value))
    }
  }

  // MARK: Decoded streams, kept

  public private(set) lazy var systemInfo: MinidumpSystemInfo? = decodeSystemInfo()
  public private(set) lazy var miscInfo: MinidumpMiscInfo? = decodeMiscInfo()
  /// Threads in the order of the dump; nil when there is no thread list or it cannot be read.
  public private(set) lazy var threads: [MinidumpThread]? = decodeThreads()
  public private(set) lazy var threadNames: [MinidumpThreadName]? = decodeThreadNames()
  public private(set) lazy var threadInfo: [MinidumpThreadInfo]? = decodeThreadInfo()
  /// Every Exception stream; LLDB writes one for each stopped thread.
  public private(set) lazy var exceptions: [MinidumpException] = decodeExceptions()
  /// The first Exception stream.
  public var exception: MinidumpException? { exceptions.first }
  public private(set) lazy var modules: [MinidumpModule]? = decodeModules()
  public private(set) lazy var unloadedModules: [MinidumpUnloadedModule]? = decodeUnloadedModules()
  /// Ranges of the memory list in its order.
  public private(set) lazy var memoryList: [MinidumpMemoryRange]? = decodeMemoryList()
  /// Ranges of the 64-bit memory list in its order.
  public private(set) lazy var memory64List: [MinidumpMemoryRange]? = decodeMemory64List()
  public private(set) lazy var memoryInfo: [MinidumpMemoryInfo]? = decodeMemoryInfo()
  public private(set) lazy var handles: [MinidumpHandle]? = decodeHandles()
  public private(set) lazy var handleOperations: [MinidumpHandleOperation]? = decodeHandleOperations()
  public private(set) lazy var functionTables: [MinidumpFunctionTable]? = decodeFunctionTables()
  public private(set) lazy var tokens: [MinidumpToken]? = decodeTokens()
  public private(set) lazy var systemMemoryInfo: MinidumpSystemMemoryInfo? = decodeSystemMemoryInfo()
  public private(set) lazy var processVMCounters: MinidumpProcessVMCounters? = decodeProcessVMCounters()
  public private(set) lazy var comment: String? = decodeCommentA()
  public private(set) lazy var commentW: String? = decodeCommentW()
  public private(set) lazy var crashpadInfo: MinidumpCrashpadInfo? = decodeCrashpadInfo()
  public private(set) lazy var breakpadInfo: MinidumpBreakpadInfo? = decodeBreakpadInfo()
  public private(set) lazy var assertionInfo: MinidumpAssertionInfo? = decodeAssertionInfo()
  public private(set) lazy var dsoDebug: MinidumpDSODebug? = decodeDSODebug()
  public private(set) lazy var macOSCrashInfo: [MinidumpMacOSCrashInfo]? = decodeMacOSCrashInfo()
  public private(set) lazy var macOSBootArgs: String? = decodeMacOSBootArgs()
  /// Finds memory by address.
  public private(set) lazy var memoryMap: MinidumpMemoryMap = makeMemoryMap()
}
