// Provides who this process and this thread are, and a pause.
internal import CLinuxShims

/// The numbers by which the kernel knows this process.
public enum ProcessIdentity {
  /// `getpid(2)`.
  public static func processID() -> Int32 { getpid() }
  /// `gettid(2)`.
  public static func threadID() -> Int32 { linux_gettid() }
}

/// Lets this thread do nothing for a while; a signal may end it early.
public func pause(milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }
