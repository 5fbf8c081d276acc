// Provides a file that a minidump is written to.
import Glibc
import MinidumpFormat

/// A new file of this path.
final class FileSink: MinidumpSink {
  private let descriptor: Int32

  init(_ path: String) throws(MinidumpSinkError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw MinidumpSinkError(code: errno) }
  }

  deinit { close(descriptor) }

  var canOverwrite: Bool { true }

  func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 && errno != EINTR { throw MinidumpSinkError(code: errno) }
      rest = rest.dropFirst(max(count, 0))
    }
  }

  func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) -> Bool {
    guard pwrite(descriptor, bytes.baseAddress, bytes.count, Int(offset)) == bytes.count else {
      throw MinidumpSinkError(code: errno)
    }
    return true
  }
}
