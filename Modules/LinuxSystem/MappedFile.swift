// Provides a file that is mapped into memory, read only.
internal import CLinuxShims

/// A regular file mapped for reading as long as the object lives.
///
/// A file that somebody cuts while it is mapped ends this process with SIGBUS: use it where the process is expendable or
/// the file is its own.
public final class MappedFile {
  /// The whole file. Valid as long as the object lives.
  public let bytes: UnsafeRawBufferPointer

  /// - Parameter limit: larger files are refused with `Errno.fileTooLarge`.
  /// - Throws: `Errno.invalidArgument` for an empty file and for what is no regular file.
  public init(_ path: FilePath, limit: Int64 = 4 << 30) throws(Errno) {
    // A foreign path may name a pipe, and opening one waits for its other end.
    guard try FileSystem.status(path).kind == .regular else { throw .invalidArgument }
    let file = try FileSystem.open(path)
    let status = try file.status()
    guard status.kind == .regular, status.size > 0 else { throw .invalidArgument }
    guard status.size <= limit else { throw .fileTooLarge }
    guard let address = linux_map_file(file.rawValue, Int(status.size)) else { throw .current }
    bytes = UnsafeRawBufferPointer(start: address, count: Int(status.size))
  }

  deinit { _ = munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
}
