// Provides what a handler is started with, and its command line.
internal import CLinuxShims
public import CrashProtocol
public import LinuxSystem
import StableOrder

/// What a handler is started with.
///
/// Source of the command line: docs/formats/handler-protocol.md.
public struct HandlerConfiguration: Sendable {
  /// Where the executable is. Default: beside the program.
  public var location: HandlerLocation = .besideExecutable
  /// The report database; mandatory for every handler.
  public var databasePath: FilePath
  /// Chromium's metrics directory; `nil`: the argument is left out.
  public var metricsPath: FilePath?
  /// Where reports are uploaded to; `nil`: nowhere.
  public var url: String?
  /// A proxy for uploads, `<empty>` for "none, whatever the environment says"; `nil`: the argument is left out.
  public var httpProxy: String?
  /// Process annotations, sent in the order of their keys.
  public var annotations: [(key: String, value: String)] = []
  /// Files that are copied into each report, read at the time of the crash.
  public var attachments: [FilePath] = []
  /// A program that is started with the envelope instead of an upload.
  public var crashReporterPath: FilePath?
  /// The envelope that this program gets.
  public var crashEnvelopePath: FilePath?
  /// The identifier that the first report takes.
  public var reportID: UniqueID?
  /// Arguments that go first, as they are, such as `--no-rate-limit` or `--log-file=PATH`.
  public var extraArguments: [FilePath] = []
  /// `KEY=VALUE` strings that only the handler sees, on top of this process's environment.
  public var environment: [FilePath] = []
  /// The crashed process waits until the upload has been tried. Chosen by itself when this process is PID 1, whose
  /// death ends the handler too.
  public var waitsForUpload = false
  /// Whether forked children and programs that are executed may use the handler too. `false`: Crashpad's private
  /// connection, on which every handler, ours or not, can have this process do what it needs in order to see it: name its
  /// tracer, or fork a broker where it may not trace.
  public var sharesConnection = true
  /// What reports may hold; `nil`: everything.
  public var sanitization: CrashSanitization?
  /// Which messages the handler understands. Never guessed.
  public var dialect: Dialect = .sentry
  /// A file that the crashing thread writes, so that the next run knows.
  public var crashMarkerPath: FilePath?
  /// Milliseconds that the start waits for the handler's first answer.
  public var startTimeout: Int32 = 2000
  /// Whether a thread waits for the handler's end and starts another one; see `RestartSchedule`. Without it a crash
  /// starts one.
  public var restartsHandler = false
  /// Told in words, on a thread of the client's own, when the handler has ended and what came of it.
  public var onHandlerEvent: (@Sendable (String) -> Void)?
  /// Milliseconds that a crash waits for its dump; `nil`: 5 s, or 60 s with `waitsForUpload`.
  public var dumpTimeout: Int32?

  public init(databasePath: FilePath) { self.databasePath = databasePath }

  internal var effectiveWaitsForUpload: Bool {
    // Upstream's handler refuses an option that it does not know.
    dialect == .sentry && (waitsForUpload || CurrentProcess.id == 1)
  }

  internal var effectiveDumpTimeout: Int32 { dumpTimeout ?? (effectiveWaitsForUpload ? 60_000 : 5_000) }

  /// `argv`, in the order of Crashpad's and Sentry's clients.
  public func arguments(executable: FilePath, socket: Int32) -> [FilePath] {
    var list = commonArguments(executable)
    list.append(FilePath("--initial-client-fd=\(socket)"))
    if sharesConnection { list.append("--shared-client-connection") }
    if effectiveWaitsForUpload { list.append("--wait-for-upload") }
    return list
  }

  /// `argv` of a handler that is started at the crash, and traces its parent.
  ///
  /// - Parameters:
  ///   - record: the address of the parent's exception information.
  ///   - sanitization: the address of its rules for sanitized reports; 0: the argument is left out.
  public func arguments(executable: FilePath, record: UInt, sanitization: UInt64 = 0) -> [FilePath] {
    func option(_ name: String, _ address: UInt64) -> FilePath {
      FilePath("--\(name)=0x\(String(address, radix: 16))")
    }
    return commonArguments(executable) + [option("trace-parent-with-exception", UInt64(record))]
      + (sanitization == 0 ? [] : [option("sanitization-information", sanitization)])
  }

  private func commonArguments(_ executable: FilePath) -> [FilePath] {
    var list = [executable] + extraArguments
    func add(_ name: String, _ value: FilePath?) {
      if let value, !value.isEmpty { list.append(FilePath(bytes: Array("--\(name)=".utf8) + value.bytes)) }
    }
    add("database", databasePath)
    add("metrics-dir", metricsPath)
    add("url", url.map { FilePath($0) })
    if dialect == .sentry { add("http-proxy", httpProxy.map { FilePath($0) }) }
    for (key, value) in annotations.inOrder(by: { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }) {
      list.append(FilePath("--annotation=\(key)=\(value)"))
    }
    for path in attachments { add("attachment", path) }
    if dialect == .sentry {
      add("crash-reporter", crashReporterPath)
      add("crash-envelope", crashEnvelopePath)
      add("report-id", reportID.map { FilePath($0.description) })
    }
    return list
  }

  /// The handler's environment: this process's, with Swift's own backtracer off, and `environment`.
  internal func fullEnvironment() -> [FilePath] {
    var additions: [FilePath] = ["SWIFT_BACKTRACE=enable=no"]
    if location == .thisProgram { additions.append(FilePath("\(SELF_HANDLER_VARIABLE)=\(SELF_HANDLER_ROLE_HANDLER)")) }
    additions += environment
    let names = additions.map { $0.bytes.prefix { $0 != UInt8(ascii: "=") } }
    let inherited = EnvironmentVariable.all().filter { entry in
      !names.contains { name in
        entry.bytes.count > name.count && entry.bytes[name.count] == UInt8(ascii: "=")
          && entry.bytes.prefix(name.count) == name
      }
    }
    return inherited + additions
  }
}
