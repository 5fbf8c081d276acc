// Provides the stack walker as a process of its own.
internal import CLinuxShims
internal import HandlerCore
internal import LinuxSystem
internal import StructuredValue

/// Runs `crashpad_walker` on a dump. Its death, its silence and its absence cost frames, nothing else.
struct StackWalkerProcess {
  /// Milliseconds after which the walker is ended.
  private static let deadline: Int64 = 30_000
  /// Bytes of its answer.
  private static let limit = 32 << 20

  private let log: HandlerLog

  init(log: HandlerLog) { self.log = log }

  /// The walker's answer, as docs/stack-walking.md describes it; `nil` without one.
  func walk(_ dump: FilePath) -> StructuredValue? {
    guard let program = Self.program else {
      log.verbose("there is no crashpad_walker beside this handler: reports have no stacks")
      return nil
    }
    do throws(Errno) {
      let (answer, termination) = try run(program, dump, [])
      if case .signaled = termination, answer != nil {
        // A library stumbled over the dump. The walker's own code gives fewer frames, but it is made for such input.
        log.warning("crashpad_walker died: \(termination); trying without libraries")
        return result(try run(program, dump, ["--no-libraries"]))
      }
      return result((answer, termination))
    } catch {
      log.warning("crashpad_walker cannot be run: \(error)")
      return nil
    }
  }

  private func run(
    _ program: FilePath, _ dump: FilePath, _ options: [FilePath]
  ) throws(Errno) -> (answer: [UInt8]?, termination: ProcessTermination) {
    let ends = try Pipe.open()
    let reading = OwnedFileDescriptor(owning: ends.reading)
    let process = try start(program, dump, options, output: OwnedFileDescriptor(owning: ends.writing))
    let answer = read(reading)
    if answer == nil { process.send(signal: SIGKILL) }
    return (answer, try process.wait())
  }

  private func result(_ run: (answer: [UInt8]?, termination: ProcessTermination)) -> StructuredValue? {
    guard let answer = run.answer, run.termination == .exited(status: 0) else {
      log.warning("crashpad_walker gave no stacks: \(run.termination)")
      return nil
    }
    return try? StructuredValue(json: answer)
  }

  /// Beside the handler; a program that is its own handler has the walker inside as well.
  private static var program: FilePath? {
    if isSelf { return "/proc/self/exe" }
    guard let executable = try? FileSystem.executable() else { return nil }
    let walker = executable.directory.appending("crashpad_walker")
    return FileSystem.isExecutable(walker) ? walker : nil
  }

  private static var isSelf: Bool { self_handler_state() & UInt32(SELF_HANDLER_ACTS) != 0 }

  /// The writing end is closed here, so that the walker's is the only one.
  private func start(
    _ program: FilePath, _ dump: FilePath, _ options: [FilePath], output: consuming OwnedFileDescriptor
  ) throws(Errno) -> ChildProcess {
    try ChildProcess.spawn(
      program, arguments: [program, dump, "--json", "--seconds", "25"] + options,
      environment: Self.isSelf
        ? EnvironmentVariable.all() + [FilePath("\(SELF_HANDLER_VARIABLE)=\(SELF_HANDLER_ROLE_WALKER)")] : nil,
      input: .null,
      output: .descriptor(output.rawValue), error: .null)
  }

  /// All that the walker writes; `nil` when it takes too long or writes too much.
  private func read(_ descriptor: borrowing OwnedFileDescriptor) -> [UInt8]? {
    let end = MonotonicInstant.now().advanced(milliseconds: Self.deadline)
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
      let ready = poll(&request, 1, end.millisecondsFromNow())
      if ready < 0 && Errno.current == .interrupted { continue }
      if ready <= 0 { return nil }
      let number = descriptor.rawValue
      let count = buffer.withUnsafeMutableBytes { CLinuxShims.read(number, $0.baseAddress, $0.count) }
      if count == 0 { return answer }
      if count < 0 || answer.count + count > Self.limit { return nil }
      answer += buffer[..<count]
    }
  }
}
