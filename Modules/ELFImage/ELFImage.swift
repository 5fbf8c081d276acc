// Provides an ELF image as the loader mapped it, read from memory that may be hostile.
public import ProcessMemory

/// An ELF image in the memory of a process or of a dump, both classes, little-endian.
///
/// The header is checked when the value is made; tables are read when asked for, and never outside of the image's own
/// range. Not thread safe, since readers are not. The checks are listed in docs/formats/process-snapshot.md.
public struct ELFImage {
  public let header: ELFHeader
  /// Where the ELF header lies.
  public let headerAddress: UInt64
  /// Added to addresses as linked, modulo 2^64.
  public let loadBias: UInt64
  /// From the first PT_LOAD to the end of the last.
  public let range: AddressRange
  public let segments: [ELFSegment]
  /// The image's own memory only.
  public let memory: RangeMemoryReader

  public var is64Bit: Bool { header.is64Bit }
  /// What AT_PHDR of the auxiliary vector says for an executable.
  public var programHeaderAddress: UInt64 { headerAddress &+ header.programHeaderOffset }
  /// PT_DYNAMIC, which the link map's `l_ld` equals; `nil` for a static executable.
  public var dynamicAddress: UInt64? {
    segments.first { $0.type == ELFSegment.dynamic }.map { $0.virtualAddress &+ loadBias }
  }

  public init(_ reader: any MemoryReader, headerAddress: UInt64) throws(ELFImageError) {
    let header = try ELFHeader(reader, at: headerAddress)
    guard header.type == ELFHeader.executable || header.type == ELFHeader.sharedObject else {
      throw ELFImageError(.badHeader, at: headerAddress, "neither executable nor shared object")
    }
    let (table, overflow) = headerAddress.addingReportingOverflow(header.programHeaderOffset)
    guard !overflow else { throw ELFImageError(.badHeader, at: headerAddress, "program headers out of reach") }
    let segments = try ELFSegment.table(reader, header, at: table)

    let highest = header.is64Bit ? UInt64.max : UInt64(UInt32.max)
    var first: UInt64?
    var last: UInt64 = 0
    var end: UInt64 = 0
    var bias: UInt64?
    for segment in segments where segment.type == ELFSegment.load {
      let (segmentEnd, overflow) = segment.virtualAddress.addingReportingOverflow(segment.memorySize)
      guard !overflow, segmentEnd <= highest else {
        throw ELFImageError(.badSegments, at: headerAddress, "a segment leaves the address space")
      }
      guard first == nil || segment.virtualAddress > last else {
        throw ELFImageError(.badSegments, at: headerAddress, "segments are not in order")
      }
      if first == nil { first = segment.virtualAddress }
      last = segment.virtualAddress
      end = max(end, segmentEnd)
      if segment.fileOffset == 0, bias == nil { bias = headerAddress &- segment.virtualAddress }
    }
    guard let first, let bias else {
      throw ELFImageError(.badSegments, at: headerAddress, "no segment holds the header")
    }
    let range = AddressRange(start: first &+ bias, size: end - first)
    let tableSize = UInt64(header.programHeaderCount) * UInt64(ELFSegment.size(is64Bit: header.is64Bit))
    guard range.size == end - first, range.contains(AddressRange(start: headerAddress, size: header.is64Bit ? 64 : 52)),
      range.contains(AddressRange(start: table, size: tableSize))
    else { throw ELFImageError(.badSegments, at: headerAddress, "the headers lie outside of the segments") }
    self.header = header
    self.headerAddress = headerAddress
    self.segments = segments
    self.range = range
    loadBias = bias
    memory = RangeMemoryReader(reader, range: range)
  }

  /// An address found in the dynamic section: glibc relocates them in place, except in the vdso, which is read-only, and
  /// on a few architectures.
  func resolve(_ address: UInt64) -> UInt64? {
    if range.contains(address) { return address }
    let biased = address &+ loadBias
    return range.contains(biased) ? biased : nil
  }
}
