// Provides the events of a long run, and their sums.
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import ZooRuns

struct Soak {
  private static let flavors = [
    "null-write", "non-canonical", "jump-null", "ud2", "int3", "divide-by-zero", "bus-truncated-map", "seccomp-sys",
    "misaligned-sse", "stack-overflow", "heap-corruption", "abort", "fatal-error", "index-out-of-range", "failed-cast",
    "raise-quit",
  ]
  private static let threads = ["main", "pthread", "dispatch", "task"]
  /// Steps at which a handler is killed: after the dump is complete.
  private static let steps = [
    "capture.dumped", "capture.attached", "database.finish.locked", "database.finish.described",
    "database.finish.renamed", "upload.sent", "database.complete.begin", "database.move.described",
    "database.move.renamed",
  ]

  private let server: LoopbackIngestServer
  private let directory: TemporaryDirectory

  private(set) var crashes = 0
  private(set) var kills = 0
  private(set) var wrongDeaths = 0
  private var pending = 0
  private var completed = 0

  init() throws {
    server = try LoopbackIngestServer()
    directory = try TemporaryDirectory(prefix: "soak")
  }

  private var database: FilePath { directory.appending("database") }

  mutating func crashOnce() throws {
    server.answer(
      [
        .accepted, .accepted, .response(status: 500), .rateLimited(retryAfter: "1"), .resetAfterBody,
        .delayed(milliseconds: 200, then: .accepted),
      ].randomElement() ?? .accepted)
    var environment: [String: String?] = ["SWIFT_BACKTRACE": "enable=no"]
    if Int.random(in: 0..<4) == 0, let step = Self.steps.randomElement() {
      environment["SENTRY_NATIVE_FAULT"] = "\(step):kill"
      kills += 1
    }
    guard let flavor = Self.flavors.randomElement(), let thread = Self.threads.randomElement(),
      let handler = TestProducts.handlers.randomElement()
    else { return }
    let program = try RunningProcess(
      TestProducts.zoo,
      [
        "--flavor", flavor, "--thread", thread, "--handler", handler.description, "--database", database.description,
        "--dsn", server.dsn,
      ], environment: environment)
    crashes += 1
    let termination = try program.wait(timeout: .seconds(60))
    if termination.signal != (try CrashFacts(output: program.output)).signal { wrongDeaths += 1 }
    // Most handlers may finish; some lose their machine in the middle of it.
    if Int.random(in: 0..<8) > 0 {
      try waitUntil("the handler ends", timeout: .seconds(70)) { program.livingFamily().isEmpty }
    }
    program.end()
  }

  /// The server is well again: handlers come until nothing waits.
  mutating func deliverTheRest() throws {
    server.answer(.accepted)
    let reports = try CrashDatabase(path: database, create: false)
    for _ in 0..<10 {
      guard let program = TestProducts.handlers.first else { return }
      let handler = try HandlerRun(program, database: database, url: server.minidumpURL)
      defer { handler.end() }
      _ = try handler.finish(timeout: .seconds(120))
      if reports.unsentReports().isEmpty { break }
    }
    pending = reports.unsentReports().count
    completed = try reports.completedReports().count { $0.metadata.isUploaded }
  }

  /// Reports that the server has, by name.
  private var delivered: Set<String> {
    Set(server.requests.filter { $0.isComplete }.compactMap { $0.form?.file("upload_file_minidump")?.filename })
  }

  var problems: [String] {
    var problems: [String] = []
    // Not the reports in the database: delivered ones are pruned when there are too many.
    if delivered.count != crashes {
      problems.append("\(crashes) crashes, but the server has \(delivered.count) reports")
    }
    if pending != 0 { problems.append("\(pending) reports wait") }
    if wrongDeaths != 0 { problems.append("\(wrongDeaths) programs did not die of their own signal") }
    if !ProcessTable.zombies().isEmpty { problems.append("zombies: \(ProcessTable.zombies())") }
    return problems
  }

  var table: String {
    """
    crashes                        \(crashes)
    handlers killed at a step      \(kills)
    delivered reports still kept   \(completed)
    reports waiting                \(pending)
    reports that the server has    \(delivered.count)
    requests to the server         \(server.requests.count)
    wrong wait status              \(wrongDeaths)
    zombies                        \(ProcessTable.zombies().count)
    """
  }

  func end() {
    server.stop()
    directory.remove()
  }
}
