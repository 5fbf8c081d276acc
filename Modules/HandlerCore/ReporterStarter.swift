// Provides a process that can do one thing: start the application's crash reporter.
internal import CLinuxShims
internal import LinuxSystem

/// Starts the program of `--crash-reporter` on behalf of a handler that has confined itself.
///
/// That program is anybody's, and would inherit the handler's sandbox: a window on a screen needs other system calls than
/// a handler. So a child is made before the handler confines itself. It can be asked for nothing but this program with
/// this argument, both known from the start.
final class ReporterStarter {
  private let child: ChildProcess
  private let socket: OwnedFileDescriptor

  /// Makes the process. The handler has one thread, and nothing that the child must not see.
  init(_ program: FilePath, _ envelope: FilePath) throws(Errno) {
    var ends: [Int32] = [-1, -1]
    if socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) != 0 { throw .current }
    socket = OwnedFileDescriptor(owning: ends[0])
    let served = OwnedFileDescriptor(owning: ends[1])
    let number = served.rawValue
    child = try ChildProcess.fork {
      // The clients' socket above all: its end tells them that the handler is gone.
      linux_detached_close(number)
      var question: UInt8 = 0
      while true {
        let count = read(number, &question, 1)
        if count < 0 && Errno.current == .interrupted { continue }
        if count <= 0 { return 0 }
        var answer = Self.start(program, envelope)
        if write(number, &answer, 4) != 4 { return 0 }
      }
    }
  }

  deinit { stop() }

  /// Ends the process.
  private func stop() {
    // It ends by itself when the last end of its socket is gone; an upload's process may still hold one.
    child.send(signal: SIGKILL)
    _ = try? child.wait()
  }

  /// Has the program started; 0, or errno. May be called from a forked child of the handler.
  func start() -> Int32 {
    var question: UInt8 = 1
    var answer: Int32 = 0
    if send(socket.rawValue, &question, 1, Int32(MSG_NOSIGNAL)) != 1 { return Errno.current.rawValue }
    while true {
      let count = read(socket.rawValue, &answer, 4)
      if count < 0 && Errno.current == .interrupted { continue }
      return count == 4 ? answer : ECHILD
    }
  }

  /// 0, or errno.
  static func start(_ program: FilePath, _ envelope: FilePath) -> Int32 {
    program.withCString { path in
      withCStringArray([program, envelope]) { arguments in
        withCStringArray(EnvironmentVariable.all()) { environment in
          var request = linux_detached_process(
            path: path, arguments: arguments, environment: environment, kept: 2, process: 0, failure: 0,
            inner_stack: nil)
          return linux_spawn_detached(&request)
        }
      }
    }
  }
}
