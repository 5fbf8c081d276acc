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

  /// Of a database: what is permitted, an eighth between two prunings, and reports that are being written.
  private static let mostDisk: Int64 = (128 + 16 + 16) << 20

  private let server: LoopbackIngestServer
  private let directory: TemporaryDirectory
  private var lasting: [LastingHandler]

  private(set) var crashes = 0
  private(set) var kills = 0
  private(set) var wrongDeaths = 0
  private var pending = 0
  private var completed = 0
  private var largest: Int64 = 0

  init() throws {
    let server = try LoopbackIngestServer()
    let directory = try TemporaryDirectory(prefix: "soak")
    self.server = server
    self.directory = directory
    lasting = try TestProducts.handlers.enumerated().map { number, handler in
      try LastingHandler(handler, database: directory.appending("shared-\(number)"), url: server.minidumpURL)
    }
  }

  private var database: FilePath { directory.appending("database") }

  mutating func crashOnce() throws {
    server.answer(
      [
        .accepted, .accepted, .response(status: 500), .rateLimited(retryAfter: "1"), .resetAfterBody,
        .delayed(milliseconds: 200, then: .accepted),
      ].randomElement() ?? .accepted)
    if crashes % 50 == 49 { try measureDisk() }
    if Int.random(in: 0..<4) == 0, let index = lasting.indices.randomElement() {
      crashes += 1
      if try !lasting[index].crashOnce() { wrongDeaths += 1 }
      return
    }
    guard let flavor = Self.flavors.randomElement(), let thread = Self.threads.randomElement(),
      let handler = TestProducts.handlers.randomElement()
    else { return }
    var environment: [String: String?] = ["SWIFT_BACKTRACE": "enable=no"]
    if TestProducts.handlersWithFaultPoints.contains(handler), Int.random(in: 0..<2) == 0,
      let step = Self.steps.randomElement()
    {
      environment["SENTRY_NATIVE_FAULT"] = "\(step):kill"
      kills += 1
    }
    let program = try RunningProcess(
      TestProducts.zoo,
      [
        "--flavor", flavor, "--thread", thread, "--handler", handler.description, "--database", database.description,
        "--dsn", server.dsn,
      ], environment: environment)
    crashes += 1
    let termination = try program.wait(timeout: .seconds(120))
    if environment["SENTRY_NATIVE_FAULT"] != nil, termination.signal == 9, program.output.isEmpty {
      // A debug build of the SDK has the same points: a program that finishes what the handler before was killed at
      // meets its own, before it crashes.
      crashes -= 1
      program.end()
      return
    }
    // One that says nothing before it dies has died too early.
    if termination.signal != (try? CrashFacts(output: program.output))?.signal ?? 0 {
      wrongDeaths += 1
      print("\(flavor) on \(thread): \(termination); \(program.errorOutput)")
    }
    // Most handlers may finish; some lose their machine in the middle of it.
    if Int.random(in: 0..<8) > 0 {
      try waitUntil("the handler ends", timeout: .seconds(70)) { program.livingFamily().isEmpty }
    }
    program.end()
  }

  private mutating func measureDisk() throws {
    for folder in [database] + lasting.map(\.database) { largest = max(largest, try DiskUsage.of(folder)) }
  }

  /// The server is well again: handlers come until nothing waits.
  mutating func deliverTheRest() throws {
    server.answer(.accepted)
    try measureDisk()
    for index in lasting.indices { try lasting[index].finish() }
    for database in [database] + lasting.map(\.database) {
      // Handlers that come now would obey what it said before.
      try? FileSystem.remove(database.appending("rate_limits"))
      let reports = try CrashDatabase(path: database, create: true)
      for _ in 0..<10 {
        guard let program = TestProducts.handlers.first else { return }
        let handler = try HandlerRun(program, database: database, url: server.minidumpURL)
        defer { handler.end() }
        _ = try handler.finish(timeout: .seconds(120))
        if reports.unsentReports().isEmpty { break }
      }
      pending += reports.unsentReports().count
      completed += try reports.completedReports().count { $0.metadata.isUploaded }
    }
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
    if largest > Self.mostDisk { problems.append("a database had \(largest) bytes") }
    for handler in lasting { problems += handler.problems }
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
    largest database, KiB          \(largest >> 10)
    """ + lasting.map { "\n" + $0.row }.joined()
  }

  func end() {
    lasting.forEach { $0.end() }
    server.stop()
    directory.remove()
  }
}
