// Provides crashes that come again and again.
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing
import ZooRuns

@Suite struct `A flood of crashes` {
  private func crash(_ flavor: String, _ handler: FilePath, _ database: FilePath, dsn: String, limit: Int) throws {
    let process = try RunningProcess(
      TestProducts.zoo,
      [
        "--flavor", flavor, "--handler", handler.description, "--database", database.description, "--dsn", dsn,
        "--flood-limit", "\(limit)",
      ], environment: ["SWIFT_BACKTRACE": "enable=no"])
    defer { process.end() }
    let facts = try process.wait()
    #expect(facts.signal == (try CrashFacts(output: process.output)).signal)
    // Its handler sends before the next crash comes.
    try waitUntil("the handler ends", timeout: .seconds(60)) { process.livingFamily().isEmpty }
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `of one cause is dumped as often as the limit says, and the server is told of the rest`(
    _ handler: FilePath
  ) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let database = try TemporaryDirectory(prefix: "flood")
    defer { database.remove() }
    // Under load five crashes may take longer than the minute in which they count together.
    let start = MonotonicInstant.now()
    for _ in 0..<5 { try crash("abort", handler, database.path, dsn: server.dsn, limit: 2) }
    let isWithinMinute = start.advanced(milliseconds: 55_000) > .now()
    // Another cause has a count of its own, although both end in the same function of libc.
    try crash("heap-corruption", handler, database.path, dsn: server.dsn, limit: 2)
    func dumps() -> Int { server.requests.filter { $0.endpoint == .minidump }.count }
    func told() throws -> Int64 {
      var sum: Int64 = 0
      for request in server.requests where request.endpoint == .envelope {
        for item in try Envelope(bytes: request.body).items where item.type == "client_report" {
          let report = try StructuredValue(json: item.payload)
          for loss in report["discarded_events"]?.array ?? [] where loss["reason"] == "backpressure" {
            #expect(loss["category"] == "error")
            sum += loss["quantity"]?.int64 ?? 0
          }
        }
      }
      return sum
    }
    // None is lost without a word, however long it took.
    #expect(dumps() + Int(try told()) == 6)
    if isWithinMinute { #expect(dumps() == 3) }
    #expect(try FileSystem.status(database.appending("floods")).permissions & 0o077 == 0)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `is dumped whole where the file of counts cannot be used`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let database = try TemporaryDirectory(prefix: "flood")
    defer { database.remove() }
    try FileSystem.createDirectory(database.appending("floods"))
    for _ in 0..<2 { try crash("null-write", handler, database.path, dsn: server.dsn, limit: 1) }
    #expect(server.requests.filter { $0.endpoint == .minidump }.count == 2)
  }
}
