// Provides a handler that has reports to deliver, without a crash.
import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryNativeTesting

/// A database with pending reports, and handlers that serve it.
final class UploadingHandler {
  let database: CrashDatabase
  private let executable: FilePath
  private let directory: TemporaryDirectory

  init(_ executable: FilePath) throws {
    self.executable = executable
    directory = try TemporaryDirectory(prefix: "delivery")
    database = try CrashDatabase(path: directory.appending("database"))
    try database.settings.setUploadsEnabled(true)
  }

  /// Stores a report as a handler does after a crash. The dump is none, which an upload does not mind.
  @discardableResult
  func store(attachments: [String: [UInt8]] = [:]) throws -> UniqueID {
    let report = try database.prepareReport()
    try report.file.writeAll(Array("MDMP".utf8) + [UInt8](repeating: 0, count: 1000))
    for (name, content) in attachments {
      try report.addAttachment(name: Array(name.utf8)).writeAll(content)
    }
    return try database.finish(report)
  }

  /// Rewrites a pending report's metadata as if it had been made earlier and tried so often.
  /// Layout: docs/formats/crash-database.md.
  func makeOlder(_ id: UniqueID, seconds: Int64, attempts: UInt8) throws {
    let path = database.path.appending("pending/\(id).meta")
    var bytes = try FileSystem.read(path)
    bytes[4] = attempts
    let creation = Timestamp.now().seconds - seconds
    for index in 0..<8 { bytes[16 + index] = UInt8(truncatingIfNeeded: creation >> (8 * Int64(index))) }
    try FileSystem.write(bytes, to: path)
  }

  /// Where a log may go.
  var log: FilePath { directory.appending("log") }

  /// Starts a handler whose one client is the test.
  func start(
    _ url: String, _ options: [String] = ["--no-rate-limit"], environment: [String: String?] = [:],
    wrapper: (FilePath, [String])? = nil
  ) throws -> Run {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw Errno.current
    }
    let client = OwnedFileDescriptor(owning: ends[0])
    let handlerEnd = OwnedFileDescriptor(owning: ends[1])
    var arguments = ["--database=\(database.path)", "--url=\(url)", "--initial-client-fd=\(handlerEnd.rawValue)"]
    arguments += ["--http-proxy=<empty>"] + options
    var program = executable
    if let wrapper {
      program = wrapper.0
      arguments = wrapper.1 + [executable.description] + arguments
    }
    let process = try RunningProcess(
      program, arguments, environment: environment, keeping: [handlerEnd.rawValue])
    return Run(process, client: client)
  }

  /// Runs a handler until it has tried what is pending and ended.
  func runOnce(_ url: String, _ options: [String] = ["--no-rate-limit"], until done: () throws -> Bool) throws {
    let run = try start(url, options)
    defer { run.process.end() }
    try waitUntil("the handler has tried the reports: \(run.process.errorOutput)") { try done() }
    try run.leave()
  }

  func remove() { directory.remove() }

  /// A handler and the test's end of its socket.
  final class Run {
    let process: RunningProcess
    private var client: OwnedFileDescriptor?

    init(_ process: RunningProcess, client: consuming OwnedFileDescriptor) {
      self.process = process
      self.client = consume client
    }

    /// The only client goes away; the handler finishes and ends with status 0.
    func leave() throws {
      client = nil
      let termination = try process.wait()
      if termination != .exited(status: 0) {
        throw TestKitError(.malformed, "the handler: \(termination) \(process.errorOutput)")
      }
    }
  }
}
