// Provides runs of a program that uses the SDK.
import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

/// A folder in which a program with the SDK runs, once or several times.
final class SDKRun {
  let directory: TemporaryDirectory
  var database: FilePath { directory.appending("database") }

  init() throws { directory = try TemporaryDirectory() }
  /// They end with the test and not before: a handler sends its report after its program is dead.
  private var processes: [RunningProcess] = []

  deinit {
    for process in processes { process.end() }
    directory.remove()
  }

  struct Result {
    let termination: ProcessTermination
    let output: String
    let errorOutput: String
  }

  /// Starts the program; `steps` are those of SDKFixture.
  func start(
    _ steps: [String], dsn: String = "", handler: String? = nil, environment: [String: String] = [:]
  ) throws -> RunningProcess {
    let products = try productsDirectory()
    let process = try RunningProcess(
      products.appending("SDKFixture"),
      [handler ?? products.appending("crashpad_handler").description, database.description, dsn] + steps,
      environment: ["SENTRY_DSN": nil, "SENTRY_DEBUG": nil, "SWIFT_BACKTRACE": "enable=no"].merging(environment) { $1 },
      workingDirectory: directory.path)
    processes.append(process)
    return process
  }

  /// Runs the program to its end; its handler may live on.
  @discardableResult
  func run(
    _ steps: [String], dsn: String = "", handler: String? = nil, environment: [String: String] = [:]
  ) throws -> Result {
    let process = try start(steps, dsn: dsn, handler: handler, environment: environment)
    let end = try process.wait(timeout: .seconds(120))
    return Result(termination: end, output: process.output, errorOutput: process.errorOutput)
  }

  /// Runs the program with a server of its own and waits until everything was sent that it submitted.
  @discardableResult
  func run(_ server: LoopbackIngestServer, _ options: [String] = [], _ steps: [String]) throws -> Result {
    let result = try run(["no-sessions"] + options + ["start"] + steps + ["close"], dsn: server.dsn)
    #expect(result.termination == .exited(status: 0))
    return result
  }

  /// Names in the database's folder that end so.
  func names(_ suffix: String) throws -> [String] {
    try FileSystem.entries(of: database).map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasSuffix(suffix) }
  }
}

extension LoopbackIngestServer {
  /// The envelopes that came, in their order.
  var envelopes: [Envelope] {
    requests.filter { $0.endpoint == .envelope && $0.isComplete }.compactMap { try? Envelope(bytes: $0.body) }
  }

  /// The payloads of all items of a type.
  func payloads(_ type: String) -> [StructuredValue] {
    envelopes.flatMap { $0.items }.filter { $0.type == type }.compactMap { try? StructuredValue(json: $0.payload) }
  }

  /// The event with this message.
  func event(_ message: String) -> SentryEvent? {
    payloads("event").map { SentryEvent(value: $0) }.first { $0.message == message }
  }
}
