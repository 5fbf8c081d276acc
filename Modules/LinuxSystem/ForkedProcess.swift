// Provides work in a forked child of a process with one thread.
internal import CLinuxShims

extension ChildProcess {
  /// Runs `body` in a forked child and ends the child with its result, without exit handlers.
  ///
  /// Only for processes with a single thread: other threads, and the locks that they hold, do not exist in the child.
  public static func fork(_ body: () -> Int32) throws(Errno) -> ChildProcess {
    let process = linux_fork()
    if process < 0 { throw .current }
    if process == 0 { linux_exit_now(body()) }
    return ChildProcess(processID: process)
  }

  /// A descriptor that becomes readable when the child has ended: `pidfd_open(2)`.
  public func exitDescriptor() throws(Errno) -> OwnedFileDescriptor {
    OwnedFileDescriptor(owning: try retryingInterrupts { linux_pidfd_open(processID, 0) })
  }
}
