// Provides the start of a handler: spawn, handshake, and what went wrong.
internal import CLinuxShims
internal import CrashProtocol
internal import LinuxSystem

/// A handler that has been started and has answered, or is at least alive.
internal struct HandlerProcess: ~Copyable {
  let connection: HandlerConnection
  let executable: FilePath
  /// As this process sees it.
  let processID: Int32
  /// The mark in the first answer: the version of our handler, `nil` for a foreign one.
  let ourVersion: UInt16?
  /// Whether the handler answered in time. A silent one is kept: it may only be slow.
  let answered: Bool

  /// Starts the handler and asks it who it is.
  static func start(_ configuration: HandlerConfiguration) throws(CrashClientError) -> HandlerProcess {
    let executable = try configuration.location.resolve()
    let pair: SocketPair
    do { pair = try SocketPair() } catch { throw .system("socketpair", error) }
    let spawned = try spawn(executable, configuration, pair.handler.rawValue)
    let watcher = linux_pidfd_open(spawned, 0)
    defer { if watcher >= 0 { _ = close(watcher) } }
    let connection = HandlerConnection(descriptor: pair.takeClient(), dialect: configuration.dialect)

    let question: [UInt8]
    do { question = try ClientMessage.checkCredentials.encoded(in: configuration.dialect) } catch {
      throw CrashClientError(.systemCallFailed, error.description)
    }
    do { try connection.send(question, milliseconds: configuration.startTimeout) } catch {
      if error != .wouldBlock { throw died(executable, watcher) }
    }
    let deadline = MonotonicInstant.now().advanced(milliseconds: Int64(configuration.startTimeout))
    while true {
      switch connection.receive(milliseconds: deadline.millisecondsFromNow()) {
      case .message(let message, let process):
        if message.kind != .credentials { continue }
        let version = message.isFromOurHandler ? HandlerMark.version(of: message.processID) : nil
        return HandlerProcess(
          connection: connection, executable: executable, processID: process > 0 ? process : spawned,
          ourVersion: version, answered: true)
      case .nothing:
        return HandlerProcess(
          connection: connection, executable: executable, processID: spawned, ourVersion: nil, answered: false)
      case .end: throw died(executable, watcher)
      }
    }
  }

  private static func spawn(
    _ executable: FilePath, _ configuration: HandlerConfiguration, _ socket: Int32
  ) throws(CrashClientError) -> Int32 {
    let arguments = configuration.arguments(executable: executable, socket: socket)
    var process: Int32 = 0
    let failure = executable.withCString { path in
      withCStringArray(arguments) { argv in
        withCStringArray(configuration.fullEnvironment()) { environment in
          var request = linux_detached_process(
            path: path, arguments: argv, environment: environment, kept: socket, process: 0, failure: 0,
            inner_stack: nil)
          let failure = linux_spawn_detached(&request)
          process = request.process
          return failure
        }
      }
    }
    if failure == 0 { return process }
    throw CrashClientError(
      .handlerNotExecutable, "the handler \(executable.description) could not be started",
      advice: "See that it is built for this machine and that its dynamic loader is installed",
      underlying: Errno(rawValue: failure))
  }

  /// The handler closed its end before it answered.
  private static func died(_ executable: FilePath, _ watcher: Int32) -> CrashClientError {
    var reason = ""
    if watcher >= 0 {
      var request = pollfd(fd: watcher, events: Int16(POLLIN), revents: 0)
      _ = CLinuxShims.poll(&request, 1, 200)
      let status = linux_exit_status_of_stranger(watcher)
      if status >= 0 {
        switch ProcessTermination(waitStatus: status) {
        case .exited(let code): reason = " with exit code \(code)"
        case .signaled(let signal, _): reason = " by signal \(signal)"
        }
      }
    }
    return CrashClientError(
      .handlerDied, "the handler \(executable.description) ended\(reason) before it answered",
      advice: "Run it with --help: missing shared libraries and refused options show there; its log and standard"
        + " error say more")
  }
}

extension HandlerProcess {
  consuming func takeConnection() -> HandlerConnection { connection }
}
