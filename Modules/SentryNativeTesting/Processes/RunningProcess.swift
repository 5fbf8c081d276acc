// Provides real programs as children of a test, ended with everything they started.
internal import CLinuxShims
import LinuxSystem
import Synchronization

/// A program that a test started. It leads a session of its own; its output is kept in memory.
///
/// End it in every test, by `wait` and `defer { process.end() }`: the object's death does the same, but the compiler
/// may let an object die after its last use. All methods may be called from any thread.
public final class RunningProcess: Sendable {
  /// The kernel's id of the program.
  public let processID: Int32
  /// The program's path, for messages.
  public let executable: FilePath

  private let child: ChildProcess
  private let standardOutput: CapturedStream
  private let standardError: CapturedStream
  private let family: ProcessFamily
  private let ended = Mutex<ProcessTermination?>(nil)

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - executable: a path; `$PATH` is not searched.
  ///   - arguments: what follows the program's name.
  ///   - environment: added to this process's environment; `nil` removes a variable.
  ///   - workingDirectory: where it starts; `nil` keeps this process's.
  ///   - input: what it reads from standard input.
  ///   - kept: descriptors that it inherits under the same number.
  public init(
    _ executable: FilePath, _ arguments: [String] = [], environment: [String: String?] = [:],
    workingDirectory: FilePath? = nil, input: [UInt8] = [], keeping kept: [Int32] = []
  ) throws {
    guard workingDirectory != nil || FileSystem.isExecutable(executable) else {
      throw TestKitError(.missing, "\(executable) is not an executable file")
    }
    self.executable = executable
    family = ProcessFamily()
    standardOutput = try CapturedStream(name: "stdout")
    standardError = try CapturedStream(name: "stderr")
    let standardInput = try CapturedStream(name: "stdin", content: input)
    var variables = EnvironmentVariable.all().filter { entry in
      let name = String(decoding: entry.bytes.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
      return environment[name] == nil && name != ProcessFamily.variable
    }
    for (name, value) in environment {
      if let value { variables.append(FilePath("\(name)=\(value)")) }
    }
    variables.append(FilePath("\(ProcessFamily.variable)=\(family.mark)"))
    child = try ChildProcess.spawn(
      executable, arguments: [executable] + arguments.map { FilePath($0) },
      environment: variables, input: .descriptor(standardInput.descriptor),
      output: .descriptor(standardOutput.descriptor), error: .descriptor(standardError.descriptor), keeping: kept,
      newSession: true, workingDirectory: workingDirectory)
    processID = child.processID
  }

  deinit { end() }

  /// Everything written to standard output so far.
  public var outputBytes: [UInt8] { standardOutput.bytes() }
  /// The same as text.
  public var output: String { String(decoding: standardOutput.bytes(), as: UTF8.self) }
  /// Everything written to standard error so far, as text.
  public var errorOutput: String { String(decoding: standardError.bytes(), as: UTF8.self) }

  /// How the program ended; `nil` while it lives.
  public var termination: ProcessTermination? {
    ended.withLock { ended in
      if ended == nil { ended = try? child.poll() }
      return ended
    }
  }

  /// Waits until the program has ended. What it started may live on.
  ///
  /// - Throws: `TestKitError` with `.timedOut` and the program's output; the program is ended then.
  @discardableResult
  public func wait(timeout: Duration = .patience) throws -> ProcessTermination {
    if let known = termination { return known }
    let deadline = MonotonicInstant.now().advanced(milliseconds: timeout.milliseconds)
    let number = linux_pidfd_open(processID, 0)
    if number >= 0 {
      let descriptor = OwnedFileDescriptor(owning: number)
      var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
      while poll(&request, 1, deadline.millisecondsFromNow()) < 0, Errno.current == .interrupted {}
    }
    // One that has ended under a tracer, a handler mostly, is that one's until it lets go.
    let rest = Duration.milliseconds(deadline.millisecondsFromNow())
    try? waitUntil("\(executable) can be waited for", timeout: rest) { termination != nil }
    if let known = termination { return known }
    let text = "\(executable) did not end within \(timeout); output: \(output); error output: \(errorOutput)"
    end()
    throw TestKitError(.timedOut, text)
  }

  /// Waits until the program has written `text` to standard output (or standard error).
  ///
  /// - Throws: `TestKitError` when the time is over or the program ended without it.
  public func waitForOutput(
    containing text: String, inErrorOutput: Bool = false, timeout: Duration = .patience
  ) throws {
    try waitUntil("\(executable) writes \"\(text)\"", timeout: timeout) {
      let ended = termination
      if (inErrorOutput ? errorOutput : output).contains(text) { return true }
      guard let ended else { return false }
      throw TestKitError(
        .missing, "\(executable) \(ended) without writing \"\(text)\": \(output) \(errorOutput)")
    }
  }

  /// Sends a signal to the program alone. Does nothing once it has been waited for.
  public func send(signal: Int32) {
    ended.withLock { ended in if ended == nil { child.send(signal: signal) } }
  }

  /// The living processes that descend from the program, itself included, daemons too: they are known by a variable
  /// in their environment. Zombies do not count.
  public func livingFamily() -> [Int32] { family.living() }

  /// Kills the program and everything it started, and waits for the program. Calling it again is harmless.
  public func end() {
    ended.withLock { ended in
      if ended == nil { ended = try? child.poll() }
      if ended == nil {
        kill(-processID, SIGKILL)
        ended = try? child.wait()
      }
    }
    family.end()
  }
}

extension RunningProcess {
  /// A program that has ended by itself.
  public struct Result: Sendable {
    /// How it ended.
    public let termination: ProcessTermination
    /// Its standard output as bytes.
    public let outputBytes: [UInt8]
    /// Its standard output as text.
    public var output: String { String(decoding: outputBytes, as: UTF8.self) }
    /// Its standard error as text.
    public let errorOutput: String
    /// Whether it exited with status 0.
    public var succeeded: Bool { termination == .exited(status: 0) }
  }

  /// Runs a program to its end. Parameters and errors are those of `init` and `wait`.
  public static func run(
    _ executable: FilePath, _ arguments: [String] = [], environment: [String: String?] = [:],
    workingDirectory: FilePath? = nil, input: [UInt8] = [], keeping kept: [Int32] = [],
    timeout: Duration = .patience
  ) throws -> Result {
    let process = try RunningProcess(
      executable, arguments, environment: environment, workingDirectory: workingDirectory, input: input,
      keeping: kept)
    defer { process.end() }
    let termination = try process.wait(timeout: timeout)
    return Result(
      termination: termination, outputBytes: process.outputBytes, errorOutput: process.errorOutput)
  }
}
