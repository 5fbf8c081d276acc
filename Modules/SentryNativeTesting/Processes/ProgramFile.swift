// Provides files that can be executed right after they were written.
internal import CLinuxShims
public import LinuxSystem

/// Writes programs and scripts.
///
/// A program that one thread starts has whatever another thread is writing open for writing, too, until it has become
/// that program, and a file that somebody may write to cannot be executed: `ETXTBSY`, execve(2). On a busy machine that
/// lasts for many milliseconds.
public enum ProgramFile {
  /// Writes a file, and waits until nobody may write to it any more.
  ///
  /// - Throws: `Errno`, or `TestKitError` with `.timedOut`.
  public static func write(_ bytes: [UInt8], to path: FilePath, mode: UInt32 = 0o755) throws {
    try FileSystem.write(bytes, to: path, mode: mode)
    let file = try FileSystem.open(path)
    try waitUntil("nobody may write to \(path)") { isReadOnly(file) }
  }

  /// Copies a program.
  ///
  /// - Throws: `Errno`, or `TestKitError` with `.timedOut`.
  public static func copy(_ program: FilePath, to path: FilePath) throws {
    try write(try FileSystem.read(program, limit: 1 << 30), to: path)
  }

  /// A lease for reading is given while nobody has the file open for writing: fcntl(2).
  private static func isReadOnly(_ file: borrowing OwnedFileDescriptor) -> Bool {
    if linux_fcntl(file.rawValue, F_SETLEASE, Int(F_RDLCK)) == 0 {
      _ = linux_fcntl(file.rawValue, F_SETLEASE, Int(F_UNLCK))
      return true
    }
    // A file system without leases: the caller may be lucky.
    return Errno.current != .wouldBlock
  }
}

/// `F_SETLEASE`, which libc offers to programs with `_GNU_SOURCE` only.
private let F_SETLEASE: Int32 = 1024
