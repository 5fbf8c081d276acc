// Provides child processes: start, wait, end.
internal import CLinuxShims

/// How a process ended.
public enum ProcessTermination: Hashable, Sendable {
  case exited(status: Int32)
  case signaled(signal: Int32, coreDumped: Bool)
}

/// A child of this process. Whoever starts it waits for it, or it stays a zombie.
public struct ChildProcess: Sendable {
  /// The kernel's process id, valid until the child has been waited for.
  public let processID: Int32

  /// What becomes descriptor 0, 1 or 2 of the child.
  public enum StandardStream: Sendable {
    case inherited
    case null
    /// A descriptor of this process, which stays open here.
    case descriptor(Int32)
  }

  /// Starts `executable` with `posix_spawn(3)`.
  ///
  /// - Parameters:
  ///   - executable: an absolute path or one relative to the working directory; `$PATH` is not searched.
  ///   - arguments: all of `argv`, the program's name first.
  ///   - environment: `KEY=VALUE` strings; `nil` hands down this process's own.
  ///   - kept: descriptors that stay open in the child under the same number, close-on-exec or not.
  ///   - newSession: the child leads a session and a process group of its own, `setsid(2)`.
  ///   - workingDirectory: where the child starts; a relative `executable` is looked for from there.
  public static func spawn(
    _ executable: FilePath, arguments: [FilePath], environment: [FilePath]? = nil,
    input: StandardStream = .inherited, output: StandardStream = .inherited, error: StandardStream = .inherited,
    keeping kept: [Int32] = [], newSession: Bool = false, workingDirectory: FilePath? = nil
  ) throws(Errno) -> ChildProcess {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    // Signals that a library blocked or ignored here must not be lost on the child.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    var flags = Int32(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
    if newSession { flags |= 0x80 /* POSIX_SPAWN_SETSID, glibc 2.26 */ }
    posix_spawnattr_setflags(&attributes, Int16(flags))
    for (number, stream) in [(Int32(0), input), (1, output), (2, error)] {
      switch stream {
      case .inherited: break
      case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
      case .descriptor(let source): posix_spawn_file_actions_adddup2(&actions, source, number)
      }
    }
    // dup2 onto itself clears close-on-exec (POSIX.1-2024, glibc 2.29).
    for number in kept { posix_spawn_file_actions_adddup2(&actions, number, number) }

    if let workingDirectory {
      _ = workingDirectory.withCString { posix_spawn_file_actions_addchdir_np(&actions, $0) }
    }

    var process: pid_t = 0
    let failure = executable.withCString { path in
      withCStringArray(arguments) { argv in
        if let environment {
          return withCStringArray(environment) { posix_spawn(&process, path, &actions, &attributes, argv, $0) }
        }
        return posix_spawn(&process, path, &actions, &attributes, argv, linux_environ())
      }
    }
    if failure != 0 { throw Errno(rawValue: failure) }
    return ChildProcess(processID: process)
  }

  /// Waits until the child has ended.
  public func wait() throws(Errno) -> ProcessTermination {
    var status: Int32 = 0
    _ = try retryingInterrupts { waitpid(processID, &status, 0) }
    return ProcessTermination(waitStatus: status)
  }

  /// How the child ended, or `nil` while it lives.
  public func poll() throws(Errno) -> ProcessTermination? {
    var status: Int32 = 0
    let result = try retryingInterrupts { waitpid(processID, &status, WNOHANG) }
    return result == 0 ? nil : ProcessTermination(waitStatus: status)
  }

  /// Waits until the child has ended, at most for `milliseconds`; `nil` when it lives on.
  public func wait(milliseconds: Int32) throws(Errno) -> ProcessTermination? {
    let number = try retryingInterrupts { linux_pidfd_open(processID, 0) }
    let descriptor = OwnedFileDescriptor(owning: number)
    let deadline = MonotonicInstant.now().advanced(milliseconds: Int64(milliseconds))
    var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    while true {
      let result = CLinuxShims.poll(&request, 1, deadline.millisecondsFromNow())
      if result > 0 { return try wait() }
      if result == 0 { return nil }
      if Errno.current != .interrupted { throw .current }
    }
  }

  /// Sends a signal. A child that has ended already is no error.
  public func send(signal: Int32) { _ = kill(processID, signal) }
}

extension ProcessTermination {
  /// From the status of `waitpid(2)`.
  public init(waitStatus status: Int32) {
    if linux_wait_signaled(status) != 0 {
      self = .signaled(signal: linux_wait_signal(status), coreDumped: linux_wait_core_dumped(status) != 0)
    } else {
      self = .exited(status: linux_wait_exit_status(status))
    }
  }
}

/// Calls `body` with a NULL-terminated array of C strings, valid during the call only.
public func withCStringArray<Result>(
  _ strings: [FilePath], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  let array = makeCStringArray(strings)
  defer {
    for index in strings.indices { array[index]?.deallocate() }
    array.deallocate()
  }
  return body(array)
}

/// A NULL-terminated array of C strings, all of it the caller's to deallocate.
public func makeCStringArray(_ strings: [FilePath]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
  let array = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
  for (index, string) in strings.enumerated() {
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.bytes.count + 1)
    for (offset, byte) in string.bytes.enumerated() { copy[offset] = CChar(bitPattern: byte) }
    copy[string.bytes.count] = 0
    array[index] = copy
  }
  array[strings.count] = nil
  return array
}
