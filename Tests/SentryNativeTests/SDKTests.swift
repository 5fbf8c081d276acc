import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

@Suite(.timeLimit(.minutes(1))) struct `The SDK in a program` {
  let run: SDKRun
  init() throws { run = try SDKRun() }

  @Test func `a crash arrives at the server with what the scope says`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let log = run.directory.appending("app.log")
    try FileSystem.write(Array("first line\n".utf8), to: log)
    let result = try run.run(
      [
        "file=\(log)", "start", "captures", "event-id", "tag=region=eu", "user=5=a@b.example", "breadcrumb=one",
        "breadcrumb=two", "abort",
      ], dsn: server.dsn)
    #expect(
      result.termination == .signaled(signal: 6, coreDumped: false)
        || result.termination == .signaled(signal: 6, coreDumped: true))
    #expect(result.output.contains("captures=true"))
    let request = try server.nextRequest(timeout: .seconds(30))
    #expect(request.minidump?.starts(with: "MDMP".utf8) == true)
    let form = try #require(request.form)
    let event = SentryEvent(
      value: try StructuredValue(messagePack: try #require(form.file("__sentry-event")).content))
    #expect(result.output.contains("event=\(try #require(event.eventID).dashed)"))
    #expect(event.tags["region"] == "eu")
    #expect(event.user?.userId == "5" && event.user?.email == "a@b.example")
    #expect(event.release == "fixture@1.2.3")
    #expect(event.level == .fatal)
    #expect(event.contexts["runtime"]?["name"] == "Swift")
    let breadcrumbs = StructuredValue.sequence(
      messagePack: try #require(form.file("__sentry-breadcrumb1")).content)
    #expect(breadcrumbs.map { $0["message"] } == ["one", "two"])
    #expect(form.file("app.log")?.text == "first line\n")
    #expect(request.query["sentry_client"] == "sentry.swift/0.1.0")
  }

  @Test func `the next start knows of the crash, the one after it does not`() throws {
    _ = try run.run(["start", "abort"])
    #expect(try run.run(["start", "crashed-last-run"]).output.contains("crashed=true"))
    #expect(try run.run(["start", "crashed-last-run"]).output.contains("crashed=false"))
    #expect(try CrashDatabase(path: run.database, create: false).pendingReports().count == 1)
  }

  @Test func `a program that was killed did not crash, and its folder goes`() throws {
    _ = try run.run(["start", "kill"])
    #expect(try run.names(".run").count == 1)
    #expect(try run.run(["start", "crashed-last-run", "close"]).output.contains("crashed=false"))
    #expect(try run.names(".run").isEmpty && run.names(".lock").isEmpty)
  }

  @Test func `flush waits for the report of the last run`() throws {
    _ = try run.run(["start", "abort"])
    let server = try LoopbackIngestServer(answer: .delayed(milliseconds: 300, then: .accepted))
    defer { server.stop() }
    for step in ["flush=20000", "flush-async=20000"] {
      #expect(try run.run(["start", step, "close"], dsn: server.dsn).output.contains("flush=true"))
    }
    #expect(server.requests.count == 1)
    let database = try CrashDatabase(path: run.database, create: false)
    #expect(try database.completedReports().first?.metadata.isUploaded == true)
  }

  @Test func `flush gives up when the server cannot be reached, long before its time`() throws {
    _ = try run.run(["start", "abort"])
    let closed = try ClosedPort()
    let started = MonotonicInstant.now()
    #expect(
      try run.run(["start", "flush=50000", "close"], dsn: "http://key@127.0.0.1:\(closed.port)/1").output.contains(
        "flush=false"))
    #expect(MonotonicInstant.now().nanoseconds - started.nanoseconds < 25_000_000_000)
    #expect(try CrashDatabase(path: run.database, create: false).pendingReports().count == 1)
  }

  @Test func `without a DSN flush says at once that something is left`() throws {
    _ = try run.run(["start", "abort"])
    #expect(try run.run(["start", "flush=50000"]).output.contains("flush=false"))
    #expect(try SDKRun().run(["start", "flush=0"]).output.contains("flush=true"))
  }

  @Test func `after close a crash is the program's own again, and nothing is left of the run`() throws {
    let result = try run.run(["start", "handler", "close", "abort"])
    if case .signaled(let signal, _) = result.termination { #expect(signal == 6) } else { Issue.record("\(result)") }
    #expect(try CrashDatabase(path: run.database, create: false).pendingReports().isEmpty)
    #expect(try run.names(".run").isEmpty && run.names(".lock").isEmpty)
    let handler = try #require(result.output.split(separator: "=").last.flatMap { Int32($0.dropLast()) })
    try waitUntil("the handler has ended") { !ProcessTable.isAlive(handler) }
  }

  @Test func `a second start takes the place of the first`() throws {
    let result = try run.run(["start", "tag=a=1", "start", "captures", "abort"])
    #expect(result.output.contains("captures=true"))
    #expect(try CrashDatabase(path: run.database, create: false).pendingReports().count == 1)
    #expect(try run.names(".run").count == 1)
  }

  @Test(arguments: ["/nonexistent/handler", "/etc/passwd", "/bin/false"])
  func `a handler that is none does not harm the program, and nothing is said without being asked`(handler: String)
    throws
  {
    let result = try run.run(["start", "captures", "issues", "breadcrumb=x", "flush=10", "close"], handler: handler)
    #expect(result.termination == .exited(status: 0))
    #expect(result.output.contains("captures=false\nissues=dsn,handler\n"))
    #expect(result.errorOutput == "")
    #expect(try run.run(["debug", "start"], handler: handler).errorOutput.contains("crashes are not captured"))
  }

  @Test func `a DSN that is none is named as the trouble, and reports are kept`() throws {
    let result = try run.run(["start", "issues", "abort"], dsn: "nonsense")
    #expect(result.output.contains("issues=dsn\n"))
    #expect(try CrashDatabase(path: run.database, create: false).pendingReports().count == 1)
  }

  @Test func `reports wait for the user's consent`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    _ = try run.run(["consent-required", "start", "abort"], dsn: server.dsn)
    let database = try CrashDatabase(path: run.database, create: false)
    #expect(try run.run(["consent-required", "start", "flush=500"], dsn: server.dsn).output.contains("flush=false"))
    #expect(server.requests.isEmpty)
    #expect(
      try run.run(["consent-required", "start", "consent", "flush=20000", "close"], dsn: server.dsn).output.contains(
        "flush=true"))
    #expect(server.requests.count == 1)
    #expect(try database.completedReports().count == 1)
  }

  @Test func `attachments can be added and taken away later`() throws {
    let kept = run.directory.appending("kept.txt")
    let removed = run.directory.appending("removed.txt")
    for file in [kept, removed] { try FileSystem.write(Array("x".utf8), to: file) }
    _ = try run.run(["start", "attach=\(kept)", "attach=\(removed)", "detach=\(removed)", "abort"])
    let database = try CrashDatabase(path: run.database, create: false)
    let id = try #require(try database.pendingReports().first).id
    let names = try database.reportForUploading(id).attachments.map { String(decoding: $0.name, as: UTF8.self) }
    #expect(names == ["__sentry-breadcrumb1", "__sentry-breadcrumb2", "__sentry-event", "kept.txt"])
  }

  @Test func `a forked child leaves its parent's files alone`() throws {
    _ = try run.run(["start", "breadcrumb=parent", "fork-breadcrumb=child", "breadcrumb=after", "abort"])
    let database = try CrashDatabase(path: run.database, create: false)
    let id = try #require(try database.pendingReports().first).id
    let upload = try database.reportForUploading(id)
    func content(_ name: String) throws -> [UInt8] {
      try FileSystem.read(try #require(upload.attachments.first { $0.name == Array(name.utf8) }).path)
    }
    let breadcrumbs = StructuredValue.sequence(messagePack: try content("__sentry-breadcrumb1"))
    #expect(breadcrumbs.map { $0["message"] } == ["parent", "after"])
    #expect(try StructuredValue(messagePack: content("__sentry-event"))["tags"]?["process"] == nil)
  }

  @Test func `two programs share a database without harming each other`() throws {
    let first = try run.start(["start", "run", "wait"])
    defer { first.end() }
    try first.waitForOutput(containing: "run=")
    _ = try run.run(["start", "abort"])
    _ = try run.run(["start", "close"])
    #expect(first.output.contains("run=\(run.database)"))
    #expect(try run.names(".run").count == 1)
    #expect(first.termination == nil)
  }

  @Test func `without start every call does nothing`() throws {
    let result = try run.run([
      "tag=a=b", "breadcrumb=x", "captures", "crashed-last-run", "flush=10", "close", "consent",
    ])
    #expect(result.output == "captures=false\ncrashed=false\nflush=true\n")
    #expect(!FileSystem.exists(run.database))
  }
}
