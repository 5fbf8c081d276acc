// Provides an ELF file on disk: program headers, build ID, and its bytes by address.
internal import CLinuxShims
internal import LinuxSystem

/// A part of an ELF file that is mapped when it is loaded.
struct LoadSegment {
  /// Of the link, before the module's load bias is added.
  let address: UInt64
  let memorySize: UInt64
  let fileOffset: UInt64
  let fileSize: UInt64
  let isExecutable: Bool
  let isWritable: Bool
}

/// The program headers of an image, wherever they were read from.
struct ProgramHeaders {
  var loads: [LoadSegment] = []
  /// PT_GNU_EH_FRAME: address and size of `.eh_frame_hdr`.
  var unwindTable: (address: UInt64, size: UInt64)?
  /// PT_NOTE segments: file offset, address and size.
  var notes: [(offset: UInt64, address: UInt64, size: UInt64)] = []

  /// The link-time address of the first byte of the file: what the module's base stands for.
  var headerAddress: UInt64? {
    loads.first { $0.fileOffset == 0 }?.address ?? loads.map { $0.address &- $0.fileOffset }.min()
  }

  /// Reads a 64-bit little-endian x86-64 header and its program headers.
  ///
  /// - Parameter read: gives bytes by their offset from the header, `nil` when there are none.
  init?(_ read: (_ offset: UInt64, _ count: Int) -> [UInt8]?) {
    guard let header = read(0, 64), header.count == 64, header.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else {
      return nil
    }
    func field<T: FixedWidthInteger & BitwiseCopyable>(_ bytes: [UInt8], _ offset: Int, _ type: T.Type) -> T {
      bytes.withUnsafeBytes { ByteView($0).integer(at: UInt64(offset), as: type) ?? 0 }
    }
    guard field(header, 18, UInt16.self) == 62 /* EM_X86_64 */ else { return nil }
    let start = field(header, 32, UInt64.self)
    let count = Int(min(field(header, 56, UInt16.self), 256))
    guard field(header, 54, UInt16.self) == 56, count > 0, let table = read(start, count * 56),
      table.count == count * 56
    else { return nil }
    for index in 0..<count {
      let at = index * 56
      let flags = field(table, at + 4, UInt32.self)
      let offset = field(table, at + 8, UInt64.self)
      let address = field(table, at + 16, UInt64.self)
      let fileSize = field(table, at + 32, UInt64.self)
      let memorySize = field(table, at + 40, UInt64.self)
      switch field(table, at, UInt32.self) {
      case 1 /* PT_LOAD */:
        loads.append(
          LoadSegment(
            address: address, memorySize: memorySize, fileOffset: offset, fileSize: fileSize,
            isExecutable: flags & 1 != 0, isWritable: flags & 2 != 0))
      case 4 /* PT_NOTE */: notes.append((offset, address, fileSize))
      case 0x6474_e550 /* PT_GNU_EH_FRAME */: unwindTable = (address, memorySize)
      default: break
      }
    }
    if loads.isEmpty { return nil }
  }
}

/// An ELF file of this machine's kind, mapped.
final class MappedELF {
  let path: FilePath
  private let file: MappedFile
  let view: ByteView
  let headers: ProgramHeaders
  /// Empty when the file has none.
  let buildID: [UInt8]

  init?(_ path: FilePath) {
    guard let file = try? MappedFile(path) else { return nil }
    let view = ByteView(file.bytes)
    let headers = ProgramHeaders { offset, count in
      view.slice(at: offset, count: UInt64(count)).map { Array($0.bytes) }
    }
    guard let headers else { return nil }
    self.path = path
    self.file = file
    self.view = view
    self.headers = headers
    buildID = headers.notes.lazy.compactMap { Self.buildID(in: view, at: $0.offset, size: $0.size) }.first ?? []
  }

  /// Looks for the note of type 3 (NT_GNU_BUILD_ID) and owner "GNU".
  private static func buildID(in view: ByteView, at offset: UInt64, size: UInt64) -> [UInt8]? {
    guard let notes = view.slice(at: offset, count: size) else { return nil }
    var position: UInt64 = 0
    while let nameSize: UInt32 = notes.integer(at: position), let size: UInt32 = notes.integer(at: position &+ 4),
      let type: UInt32 = notes.integer(at: position &+ 8)
    {
      let name = position &+ 12
      let content = name &+ ((UInt64(nameSize) + 3) & ~3)
      if type == 3, nameSize == 4, size <= 64, let owner: UInt32 = notes.integer(at: name), owner == 0x0055_4e47 {
        return notes.slice(at: content, count: UInt64(size)).map { Array($0.bytes) }
      }
      position = content &+ ((UInt64(size) + 3) & ~3)
    }
    return nil
  }

  /// The bytes of the file from a link-time address to the end of its segment.
  func bytes(at address: UInt64, writable: Bool) -> UnsafeRawBufferPointer? {
    for load in headers.loads where load.isWritable == writable {
      let offset = address &- load.address
      guard address >= load.address, offset < load.fileSize else { continue }
      let end = load.fileSize - offset
      let (start, overflow) = load.fileOffset.addingReportingOverflow(offset)
      guard !overflow, start < view.count else { return nil }
      return view.slice(at: start, count: min(end, view.count - start))?.bytes
    }
    return nil
  }
}
