// Provides memory whose content outlives this process: a file that is mapped for writing.
internal import CLinuxShims

/// Memory that is a file at the same time: what is stored in it is in the file, without a system call, and stays there
/// when this process dies at any instruction.
///
/// A power loss may lose what the kernel has not written yet. Bytes are zero at first. A forked child shares the
/// memory with its parent; see `ForkGeneration`.
public final class WritableMapping: @unchecked Sendable {
  // @unchecked: whoever shares the bytes decides how.

  /// Valid as long as the object lives.
  public let bytes: UnsafeMutableRawBufferPointer
  /// `false` where the file could not be made: the memory then goes with the process.
  public let isFile: Bool

  /// Creates the file with its blocks, so that a full disk is an error now and no SIGBUS later.
  ///
  /// - Throws: what the file system says; there is no file then.
  public init(creating path: FilePath, size: Int) throws(Errno) {
    let file = try FileSystem.open(path, [.readWrite, .create, .truncate, .noFollow])
    let failure = linux_allocate_file(file.rawValue, size)
    if failure != 0 {
      try? FileSystem.remove(path)
      throw Errno(rawValue: failure)
    }
    guard let address = linux_map_file_shared(file.rawValue, size) else {
      let error = Errno.current
      try? FileSystem.remove(path)
      throw error
    }
    bytes = UnsafeMutableRawBufferPointer(start: address, count: size)
    isFile = true
  }

  /// Memory without a file.
  public init(anonymous size: Int) throws(Errno) {
    guard let address = linux_map_anonymous(size) else { throw .current }
    bytes = UnsafeMutableRawBufferPointer(start: address, count: size)
    isFile = false
  }

  deinit { _ = munmap(bytes.baseAddress, bytes.count) }
}
