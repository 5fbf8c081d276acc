// Provides the start of a handler: spawn, handshake, and what went wrong.
internal import CLinuxShims
internal import CrashProtocol
internal import LinuxSystem

/// A handler that has been started and has answered, or is at least alive.
internal struct HandlerProcess: ~Copyable {
  /// `nil`: it is started at the crash.
  let connection: HandlerConnection?
  let dialect: Dialect
  /// The connection's descriptor; -1 without one.
  let socket: Int32
  /// Whether this process is the only one that sends on it.
  let isPrivate: Bool
  let executable: FilePath
  /// As this process sees it.
  let processID: Int32
  /// The mark in the first answer: the version of our handler, `nil` for a foreign one.
  let ourVersion: UInt16?
  /// Whether the handler answered in time. A silent one is kept: it may only be slow.
  let answered: Bool

  /// One that is there.
  init(
    _ connection: consuming HandlerConnection, _ executable: FilePath, processID: Int32, ourVersion: UInt16? = nil,
    answered: Bool = false
  ) {
    dialect = connection.dialect
    socket = connection.descriptor.rawValue
    isPrivate = connection.isPrivate
    self.connection = consume connection
    self.executable = executable
    self.processID = processID
    self.ourVersion = ourVersion
    self.answered = answered
  }

  /// One that is started at the crash, or none at all: an empty path.
  init(atCrash executable: FilePath, _ dialect: Dialect) {
    connection = nil
    self.dialect = dialect
    socket = -1
    isPrivate = false
    self.executable = executable
    processID = 0
    ourVersion = nil
    answered = false
  }

  /// Starts the handler and asks it who it is.
  ///
  /// - Parameter meanwhile: called once the process is there, with its program, before its answer is waited for.
  static func start(
    _ configuration: HandlerConfiguration, meanwhile: (FilePath) -> Void = { _ in }
  ) throws(CrashClientError) -> HandlerProcess {
    let executable = try configuration.location.resolve()
    let pair: SocketPair
    do { pair = try SocketPair() } catch { throw .system("socketpair", error) }
    let spawned = try spawn(executable, configuration, pair.handler.rawValue)
    let watcher = linux_pidfd_open(spawned, 0)
    defer { if watcher >= 0 { _ = close(watcher) } }
    let connection = HandlerConnection(
      descriptor: pair.takeClient(), dialect: configuration.dialect, isPrivate: !configuration.sharesConnection)
    return try ask(
      connection, executable, spawned, watcher, milliseconds: configuration.startTimeout, meanwhile: meanwhile)
  }

  /// Takes a connection that another process has made.
  ///
  /// - Parameter processID: what the caller knows of the handler; `nil`: it is asked.
  static func join(
    _ connection: consuming HandlerConnection, processID: Int32?, milliseconds: Int32
  ) throws(CrashClientError) -> HandlerProcess {
    guard let processID else { return try ask(connection, "", 0, -1, milliseconds: milliseconds) }
    if !connection.isAlive { throw died("", processID, -1) }
    return HandlerProcess(connection, "", processID: processID)
  }

  /// Asks the handler who it is.
  ///
  /// - Parameter meanwhile: called between question and answer.
  private static func ask(
    _ connection: consuming HandlerConnection, _ executable: FilePath, _ spawned: Int32, _ watcher: Int32,
    milliseconds: Int32, meanwhile: (FilePath) -> Void = { _ in }
  ) throws(CrashClientError) -> HandlerProcess {
    let question: [UInt8]
    do { question = try ClientMessage.checkCredentials.encoded(in: connection.dialect) } catch {
      throw CrashClientError(.systemCallFailed, error.description)
    }
    do { try connection.send(question, milliseconds: milliseconds) } catch {
      if error != .wouldBlock { throw died(executable, spawned, watcher) }
    }
    meanwhile(executable)
    let deadline = MonotonicInstant.now().advanced(milliseconds: Int64(milliseconds))
    while true {
      switch connection.receive(milliseconds: deadline.millisecondsFromNow()) {
      case .message(let message, let process):
        if message.kind != .credentials { continue }
        let version = message.isFromOurHandler ? HandlerMark.version(of: message.processID) : nil
        return HandlerProcess(
          connection, executable, processID: process > 0 ? process : spawned, ourVersion: version, answered: true)
      case .nothing: return HandlerProcess(connection, executable, processID: spawned)
      case .end: throw died(executable, spawned, watcher)
      }
    }
  }

  static func spawn(
    _ executable: FilePath, _ configuration: HandlerConfiguration, _ socket: Int32
  ) throws(CrashClientError) -> Int32 {
    let arguments = configuration.arguments(executable: executable, socket: socket)
    let (process, failure) = DetachedProgram.start(
      executable, arguments, environment: configuration.fullEnvironment(), keeping: socket)
    if failure == 0 { return process }
    throw CrashClientError(
      .handlerNotExecutable, "the handler \(executable.description) could not be started",
      advice: "See that it is built for this machine and that its dynamic loader is installed",
      underlying: Errno(rawValue: failure))
  }

  /// The handler closed its end before it answered.
  private static func died(_ executable: FilePath, _ process: Int32, _ watcher: Int32) -> CrashClientError {
    let reason =
      switch exitStatus(process, watcher).map({ ProcessTermination(waitStatus: $0) }) {
      case .exited(let code): " with exit code \(code)"
      case .signaled(let signal, _): " by signal \(signal)"
      case nil: ""
      }
    return CrashClientError(
      .handlerDied, "the handler \(executable.description) ended\(reason) before it answered",
      advice: "Run it with --help: missing shared libraries and refused options show there; its log and standard"
        + " error say more")
  }

  /// The wait status of a process that is nobody's child here: from its remains while init has not reaped it, from the
  /// kernel's record afterwards (Linux 6.15). `nil` when neither tells, or the process lives.
  private static func exitStatus(_ process: Int32, _ watcher: Int32) -> Int32? {
    if watcher < 0 { return nil }
    var request = pollfd(fd: watcher, events: Int16(POLLIN), revents: 0)
    if CLinuxShims.poll(&request, 1, 2000) <= 0 { return nil }
    if let line = try? FileSystem.read(FilePath("/proc/\(process)/stat"), limit: 4096),
      let name = line.lastIndex(of: UInt8(ascii: ")"))
    {
      // proc_pid_stat(5): after the name the state (field 3), and last the exit status (field 52).
      let fields = line[(name + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
      if fields.first == [UInt8(ascii: "Z")], fields.count == 50 {
        return fields.last.flatMap { Int32(String(decoding: $0, as: UTF8.self)) }
      }
    }
    let status = linux_exit_status_of_stranger(watcher)
    return status >= 0 ? status : nil
  }
}

extension HandlerProcess {
  consuming func takeConnection() -> HandlerConnection? { connection }
}
