// Provides an ELF file on disk: program headers, build ID, and its bytes by address.
internal import CLinuxShims
internal import ELFImage
internal import LinuxSystem
internal import ProcessMemory

/// What a walk needs of the program headers of an image, wherever they were read from.
struct ProgramHeaders {
  let loads: [ELFSegment]
  /// PT_GNU_EH_FRAME: where `.eh_frame_hdr` is.
  let unwindTable: ELFSegment?

  /// The link-time address of the first byte of the file: what the module's base stands for.
  var headerAddress: UInt64? {
    loads.first { $0.fileOffset == 0 }?.virtualAddress ?? loads.map { $0.virtualAddress &- $0.fileOffset }.min()
  }

  init?(_ segments: [ELFSegment]) {
    loads = segments.filter { $0.type == ELFSegment.load }
    unwindTable = segments.first { $0.type == ELFSegment.unwindTable }
    if loads.isEmpty { return nil }
  }

  /// Of the image whose ELF header is at `address`.
  init?(_ memory: any MemoryReader, at address: UInt64) {
    guard let header = try? ELFHeader(memory, at: address), header.programHeaderCount <= 256,
      let segments = try? ELFSegment.table(memory, header, at: address &+ header.programHeaderOffset)
    else { return nil }
    self.init(segments)
  }
}

extension ELFSegment {
  var isExecutable: Bool { flags & 1 != 0 }
  var isWritable: Bool { flags & 2 != 0 }

  func contains(_ address: UInt64) -> Bool { address >= virtualAddress && address &- virtualAddress < memorySize }
}

/// An ELF file, mapped or unpacked.
final class MappedELF {
  /// Of an unpacked one, that of the file that it was in.
  let path: FilePath
  private let memory: MappedMemoryReader
  let elf: ELFFile
  let headers: ProgramHeaders
  /// Empty when the file has none.
  let buildID: [UInt8]

  var view: ByteView { ByteView(memory.bytes) }

  convenience init?(_ path: FilePath) {
    guard let file = try? MappedFile(path) else { return nil }
    self.init(MappedMemoryReader(file.bytes, keepingAlive: file), path: path)
  }

  init?(_ memory: MappedMemoryReader, path: FilePath) {
    guard let elf = try? ELFFile(memory), let headers = ProgramHeaders(elf.segments) else { return nil }
    self.path = path
    self.memory = memory
    self.elf = elf
    self.headers = headers
    buildID = elf.buildID
  }

  /// The content of a section that is in the file.
  func content(of section: ELFSection) -> ByteView? {
    section.type == ELFSection.noBits ? nil : view.slice(at: section.offset, count: section.size)
  }

  /// The bytes of the file from a link-time address to the end of its segment.
  func bytes(at address: UInt64, writable: Bool) -> UnsafeRawBufferPointer? {
    for load in headers.loads where load.isWritable == writable {
      let offset = address &- load.virtualAddress
      guard address >= load.virtualAddress, offset < load.fileSize else { continue }
      let end = load.fileSize - offset
      let (start, overflow) = load.fileOffset.addingReportingOverflow(offset)
      guard !overflow, start < view.count else { return nil }
      return view.slice(at: start, count: min(end, view.count - start))?.bytes
    }
    return nil
  }

  /// The kernel's code that is mapped into every process, this one included: it has no file.
  static func kernelLibrary() -> MappedELF? {
    let address = getauxval(UInt(AT_SYSINFO_EHDR))
    guard address != 0, let start = UnsafeRawPointer(bitPattern: UInt(address)) else { return nil }
    let page = MappedMemoryReader(UnsafeRawBufferPointer(start: start, count: 4096), keepingAlive: nil)
    guard let headers = ProgramHeaders(page, at: 0),
      let end = headers.loads.map({ $0.fileOffset &+ $0.fileSize }).max(), end < 1 << 20
    else { return nil }
    // Mapped in whole pages; its section headers are behind its segment.
    let size = (Int(end) + 4095) & ~4095
    return MappedELF(
      MappedMemoryReader(UnsafeRawBufferPointer(start: start, count: size), keepingAlive: nil), path: "")
  }
}
