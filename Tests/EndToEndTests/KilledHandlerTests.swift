// Provides what becomes of a report when its handler is killed at each step of the report's life.
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `A handler that is killed` {
  struct Step: CustomTestStringConvertible, Sendable {
    let name: String
    let handler: FilePath
    var testDescription: String { "\(name), \(handler)" }
  }

  /// From the last byte of the dump to the recorded outcome. The steps before are the client's loss: there is no dump.
  static let steps: [Step] = TestProducts.handlersWithFaultPoints.flatMap { handler in
    [
      "capture.dumped", "capture.attached", "database.finish.locked", "database.finish.described",
      "database.finish.renamed", "upload.sent", "database.complete.begin", "database.move.described",
      "database.move.renamed", "database.move.done",
    ].map { Step(name: $0, handler: handler) }
  }

  @Test func `can be told to die at named steps, where it is built for tests`() {
    #expect(!TestProducts.handlersWithFaultPoints.isEmpty)
  }

  @Test(.timeLimit(.minutes(10)), arguments: steps)
  func `at a step after the dump loses nothing, and the server keeps one report`(step: Step) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let run = try ZooRun(
      flavor: "null-write", handler: step.handler, dsn: server.dsn,
      environment: ["SWIFT_BACKTRACE": "enable=no", "SENTRY_NATIVE_FAULT": "\(step.name):kill"])
    defer { run.end() }
    // The application dies of its own signal, whatever became of the handler.
    #expect(run.termination.signal == 11)
    try run.waitForHandler()

    let database = try #require(run.database).path
    let next = try HandlerRun(step.handler, database: database, url: server.minidumpURL)
    defer { next.end() }
    #expect(try next.finish() == .exited(status: 0))
    let requests = server.requests
    let sent = Set(requests.compactMap { $0.form?.file("upload_file_minidump")?.filename })
    #expect(sent.count == 1, "\(next.process.errorOutput)")
    // Killed between the server's answer and the note of it, the handler cannot know: the same report is sent under
    // the same id, which the server takes for one; a third time where the look at the database that follows the
    // handler's start was so late that it met the report, too. At all other steps it is sent once.
    let repeats = ["upload.sent", "database.complete.begin"].contains(step.name)
    #expect(repeats ? (2...3).contains(requests.count) : requests.count == 1)

    let reports = try CrashDatabase(path: database, create: false)
    #expect(try reports.pendingReports().isEmpty)
    let completed = try reports.completedReports()
    #expect(completed.map { "\($0.id).dmp" } == Array(sent))
    #expect(completed.first?.metadata.isUploaded == true)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlersWithFaultPoints)
  func `before the dump is complete leaves the work to the crashing thread`(handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    // The handler that takes its place at the crash dies at the same step.
    let run = try ZooRun(
      flavor: "null-write", handler: handler, dsn: server.dsn,
      environment: ["SWIFT_BACKTRACE": "enable=no", "SENTRY_NATIVE_FAULT": "capture.snapshot:kill"])
    defer { run.end() }
    #expect(run.termination.signal == 11)
    try run.waitForHandler()
    let database = try #require(run.database).path
    let next = try HandlerRun(handler, database: database, url: server.minidumpURL)
    defer { next.end() }
    #expect(try next.finish() == .exited(status: 0))
    let dumps = server.requests.compactMap { $0.form?.file("upload_file_minidump") }
    #expect(dumps.count == 1)
    #expect(run.dumps().count == 1)
    let shown = try ShownDump(try #require(run.dumps().first))
    #expect(shown.exception?.code.value == 11)
    #expect(shown.threads.count == 1)
  }
}
