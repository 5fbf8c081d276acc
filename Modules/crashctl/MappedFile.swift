// Provides a file's bytes without reading all of them.

internal import CLinuxShims
internal import LinuxSystem

/// A file that is mapped privately and read-only for as long as this object lives.
///
/// A file that somebody cuts while it is mapped kills this process by SIGBUS; a tool may take that risk.
final class MappedFile {
  let bytes: UnsafeRawBufferPointer
  private let mapping: UnsafeMutableRawPointer?

  init(_ path: FilePath) throws(Errno) {
    let file = try FileSystem.open(path)
    let status = try file.status()
    if status.kind == .directory { throw .isDirectory }
    guard status.kind == .regular, status.size > 0 else {
      // Pipes and `/proc` cannot be mapped.
      let content = try file.readToEnd(limit: 1 << 30)
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(content.count, 1), alignment: 16)
      content.withUnsafeBytes { copy.copyMemory(from: $0) }
      bytes = UnsafeRawBufferPointer(rebasing: copy[0..<content.count])
      mapping = nil
      return
    }
    let size = Int(status.size)
    // MAP_FAILED is all ones.
    let failed = UnsafeMutableRawPointer(bitPattern: -1)
    guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.rawValue, 0), address != failed else {
      throw .current
    }
    mapping = address
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  deinit {
    if let mapping { munmap(mapping, bytes.count) } else { bytes.deallocate() }
  }
}
