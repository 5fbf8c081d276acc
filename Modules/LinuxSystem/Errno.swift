// Provides the kernel's error numbers as a value.
internal import CLinuxShims

/// An error number of the kernel or of libc. Unknown values round-trip.
///
/// Source: `errno(3)`.
public struct Errno: RawRepresentable, Error, Hashable, Sendable, CustomStringConvertible {
  public var rawValue: Int32
  @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The calling thread's `errno`, to be read right after the call that set it.
  public static var current: Errno { Errno(rawValue: linux_errno()) }

  public static let notPermitted = Errno(rawValue: 1)  // EPERM
  public static let noSuchFile = Errno(rawValue: 2)  // ENOENT
  public static let noSuchProcess = Errno(rawValue: 3)  // ESRCH
  public static let interrupted = Errno(rawValue: 4)  // EINTR
  public static let inputOutput = Errno(rawValue: 5)  // EIO
  public static let badFileDescriptor = Errno(rawValue: 9)  // EBADF
  public static let noChildren = Errno(rawValue: 10)  // ECHILD
  public static let wouldBlock = Errno(rawValue: 11)  // EAGAIN, EWOULDBLOCK
  public static let noMemory = Errno(rawValue: 12)  // ENOMEM
  public static let permissionDenied = Errno(rawValue: 13)  // EACCES
  public static let badAddress = Errno(rawValue: 14)  // EFAULT
  public static let busy = Errno(rawValue: 16)  // EBUSY
  public static let fileExists = Errno(rawValue: 17)  // EEXIST
  public static let notDirectory = Errno(rawValue: 20)  // ENOTDIR
  public static let isDirectory = Errno(rawValue: 21)  // EISDIR
  public static let invalidArgument = Errno(rawValue: 22)  // EINVAL
  public static let fileTooLarge = Errno(rawValue: 27)  // EFBIG
  public static let noSpace = Errno(rawValue: 28)  // ENOSPC
  public static let readOnlyFileSystem = Errno(rawValue: 30)  // EROFS
  public static let brokenPipe = Errno(rawValue: 32)  // EPIPE
  public static let nameTooLong = Errno(rawValue: 36)  // ENAMETOOLONG
  public static let notSupported = Errno(rawValue: 38)  // ENOSYS
  public static let directoryNotEmpty = Errno(rawValue: 39)  // ENOTEMPTY
  public static let messageTooLong = Errno(rawValue: 90)  // EMSGSIZE
  public static let timedOut = Errno(rawValue: 110)  // ETIMEDOUT

  /// Symbolic name and text, such as `ENOENT (No such file or directory)`.
  public var description: String {
    guard let name = linux_errno_name(rawValue), let text = linux_errno_text(rawValue) else {
      return "errno \(rawValue)"
    }
    return "\(String(cString: name)) (\(String(cString: text)))"
  }
}

/// Calls `body` until it does something else than fail with EINTR.
///
/// - Parameter body: returns a negative number and sets `errno` when it fails.
@inlinable
public func retryingInterrupts<T: FixedWidthInteger & SignedInteger>(_ body: () -> T) throws(Errno) -> T {
  while true {
    let result = body()
    if result >= 0 { return result }
    let error = Errno.current
    if error != .interrupted { throw error }
  }
}
