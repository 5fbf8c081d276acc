// Provides the bytes of a file without a copy of them.
import Glibc
import MinidumpFormat

struct FileError: Error, CustomStringConvertible {
  let path: String
  let code: Int32
  var description: String { "\(path): \(String(cString: strerror(code)))" }
}

/// A file, mapped as long as this object lives.
final class MappedDump {
  private let bytes: UnsafeMutableRawBufferPointer

  init(_ path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw FileError(path: path, code: errno) }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    let start = mmap(nil, max(size, 1), PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard size >= 0, let start, start != MAP_FAILED else { throw FileError(path: path, code: errno) }
    bytes = UnsafeMutableRawBufferPointer(start: start, count: size)
  }

  deinit { munmap(bytes.baseAddress, max(bytes.count, 1)) }

  /// What the reader takes. It holds this object for as long as it needs the bytes.
  var minidump: MinidumpBytes { MinidumpBytes(unowned: UnsafeRawBufferPointer(bytes), keepingAlive: self) }
}
