// Provides runs of a program with a session, and what the server was told of them.
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

/// A database, a server, and programs that use them.
final class HealthRun {
  let directory: TemporaryDirectory
  let server: LoopbackIngestServer
  var database: FilePath { directory.appending("database") }
  /// They end with the test and not before: a handler sends what is left after its program is dead.
  private var processes: [RunningProcess] = []

  init() throws {
    directory = try TemporaryDirectory()
    server = try LoopbackIngestServer()
  }

  deinit {
    for process in processes { process.end() }
    server.stop()
    directory.remove()
  }

  static func handler() throws -> FilePath { try productsDirectory().appending("crashpad_handler") }

  /// Starts the program; `steps` are those of SessionFixture.
  func start(_ steps: [String], handler: FilePath? = nil) throws -> RunningProcess {
    let products = try productsDirectory()
    let process = try RunningProcess(
      products.appending("SessionFixture"),
      [(handler ?? products.appending("crashpad_handler")).description, database.description, server.dsn] + steps,
      environment: ["SENTRY_DSN": nil, "SENTRY_DEBUG": nil, "SWIFT_BACKTRACE": "enable=no"],
      workingDirectory: directory.path)
    processes.append(process)
    return process
  }

  /// Runs the program to its end; its handler may live on.
  @discardableResult
  func run(_ steps: [String], handler: FilePath? = nil) throws -> ProcessTermination {
    try start(steps, handler: handler).wait()
  }

  /// The next start of a program, which has no session of its own, finds what others left and sends it.
  ///
  /// - Parameter flush: how long it waits at most, in milliseconds.
  func nextStart(_ steps: [String] = [], handler: FilePath? = nil, flush: Int = 60_000) throws {
    try run(["no-tracking"] + steps + ["start", "flush=\(flush)", "close"], handler: handler)
  }

  /// All envelopes that the server has, in the order in which they came.
  var envelopes: [Envelope] {
    server.requests.filter { $0.endpoint == .envelope && $0.isComplete }.compactMap { try? Envelope(bytes: $0.body) }
  }

  func payloads(_ type: String) -> [StructuredValue] {
    envelopes.flatMap { $0.items }.filter { $0.type == type }.compactMap { try? StructuredValue(json: $0.payload) }
  }

  /// What the server knows of each session in the end, in the order in which it heard of them.
  var sessions: [Session] {
    var order: [SentryID] = []
    var last: [SentryID: Session] = [:]
    for value in payloads("session") {
      guard let session = Session(value: value) else { continue }
      // Requests on two connections may come in another order than they were sent in.
      if let known = last[session.id], known.status != .ok, session.status == .ok { continue }
      if last.updateValue(session, forKey: session.id) == nil { order.append(session.id) }
    }
    return order.compactMap { last[$0] }
  }

  var statuses: [String] { sessions.map { $0.status.rawValue } }

  /// Waits until the server knows of so many sessions that are over.
  func waitForEnds(_ count: Int, timeout: Duration = .patience) throws {
    try waitUntil("\(count) sessions have ended", timeout: timeout) {
      sessions.filter { $0.status != .ok }.count >= count
    }
  }
}
