import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The SDK in a program` {
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
    let request = try waitFor("the dump", timeout: .seconds(60)) { server.requests.first { $0.minidump != nil } }
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
    // Whether or not a handler is at it again.
    #expect(try CrashDatabase(path: run.database, create: false).unsentReports().count == 1)
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
    for step in ["flush=60000", "flush-async=60000"] {
      #expect(try run.run(["start", step, "close"], dsn: server.dsn).output.contains("flush=true"))
    }
    #expect(server.requests.filter { $0.minidump != nil }.count == 1)
    let database = try CrashDatabase(path: run.database, create: false)
    // The handler may hold the report for a moment longer than it is unsent.
    let report = try waitFor("the report", timeout: .seconds(60)) { try? database.completedReports().first }
    #expect(report.metadata.isUploaded)
  }

  @Test func `flush gives up when the server cannot be reached, long before its time`() throws {
    _ = try run.run(["start", "abort"])
    let closed = try ClosedPort()
    let started = MonotonicInstant.now()
    #expect(
      try run.run(["start", "flush=50000", "close"], dsn: "http://key@127.0.0.1:\(closed.port)/1").output.contains(
        "flush=false"))
    #expect(MonotonicInstant.now().nanoseconds - started.nanoseconds < 45_000_000_000)
    // The handler may still be trying: it has the report until it knows.
    let database = try CrashDatabase(path: run.database, create: false)
    try waitUntil("the report waits") { database.unsentReports().count == 1 }
  }

  @Test func `without a DSN flush says at once that something is left`() throws {
    _ = try run.run(["start", "abort"])
    #expect(try run.run(["start", "flush=50000"]).output.contains("flush=false"))
    #expect(try SDKRun().run(["start", "flush=0"]).output.contains("flush=true"))
  }

  @Test func `after close a crash is the program's own again, and nothing is left of the run`() throws {
    let result = try run.run(["start", "handler", "close", "abort"])
    if case .signaled(let signal, _) = result.termination { #expect(signal == 6) } else { Issue.record("\(result)") }
    #expect(try CrashDatabase(path: run.database, create: false).unsentReports().isEmpty)
    #expect(try run.names(".run").isEmpty && run.names(".lock").isEmpty)
    let handler = try #require(result.output.split(separator: "=").last.flatMap { Int32($0.dropLast()) })
    try waitUntil("the handler has ended", timeout: .seconds(60)) { !ProcessTable.isAlive(handler) }
  }

  @Test func `a second start takes the place of the first`() throws {
    let result = try run.run(["start", "tag=a=1", "start", "captures", "abort"])
    #expect(result.output.contains("captures=true"))
    #expect(try CrashDatabase(path: run.database, create: false).unsentReports().count == 1)
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
    #expect(try run.run(["debug", "start"], handler: handler).errorOutput.contains("without a handler"))
  }

  @Test func `a DSN that is none is named as the trouble, and reports are kept`() throws {
    let result = try run.run(["start", "issues", "abort"], dsn: "nonsense")
    #expect(result.output.contains("issues=dsn\n"))
    #expect(try CrashDatabase(path: run.database, create: false).unsentReports().count == 1)
  }

  @Test func `reports wait for the user's consent`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    _ = try run.run(["consent-required", "start", "abort"], dsn: server.dsn)
    let database = try CrashDatabase(path: run.database, create: false)
    #expect(try run.run(["consent-required", "start", "flush=500"], dsn: server.dsn).output.contains("flush=false"))
    #expect(server.requests.allSatisfy { $0.minidump == nil })
    #expect(
      try run.run(["consent-required", "start", "consent", "flush=60000", "close"], dsn: server.dsn).output.contains(
        "flush=true"))
    #expect(server.requests.filter { $0.minidump != nil }.count == 1)
    try waitUntil("the report is done with", timeout: .seconds(60)) { (try? database.completedReports().count) == 1 }
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

  /// A pipe was opened like a file, and the caller waited for its other end; of a device up to 100 MiB were read.
  @Test func `what cannot be an attachment is left out and counted, and nobody waits for it`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let pipe = run.directory.appending("pipe")
    #expect(pipe.withCString { mkfifo($0, 0o600) } == 0)
    let file = run.directory.appending("file.txt")
    try FileSystem.write(Array("x".utf8), to: file)
    let link = run.directory.appending("link.txt")
    #expect(symlink(file.description, link.description) == 0)
    let paths = [pipe, "/dev/zero", run.directory.path, link]
    let result = try run.run(server, [], paths.map { "attach=\($0)" } + ["message=x", "discarded"])
    let envelope = try #require(server.envelopes.first { $0.items.contains { $0.type == "event" } })
    #expect(envelope.items.filter { $0.type == "attachment" }.map { $0.headers["filename"] } == ["link.txt"])
    #expect(result.output.contains("discarded=internal_sdk_error/attachment/3"), "\(result.output)")
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

  @Test(.timeLimit(.minutes(10)))
  func `a handler that dies is started again, and health says so`() throws {
    let result = try run.run(["start", "kill-handler", "await-issue=was started again", "captures"])
    #expect(result.output.contains("the handler has ended 1 times"), "\(result.output)")
    #expect(result.output.contains("captures=true"), "\(result.output)")
  }

  @Test(.timeLimit(.minutes(10)))
  func `a handler that cannot be started again is named with the reason, and close does not wait`() throws {
    let handler = run.directory.appending("crashpad_handler")
    try ProgramFile.copy(try productsDirectory().appending("crashpad_handler"), to: handler)
    let result = try run.run(
      ["start", "remove=\(handler)", "kill-handler", "await-issue=cannot be started again", "captures", "close"],
      handler: handler.description)
    #expect(result.output.contains("there is no handler at"), "\(result.output)")
    #expect(result.output.contains("captures=false"), "\(result.output)")
    #expect(result.termination == .exited(status: 0))
  }

  @Test(.timeLimit(.minutes(10)))
  func `a snapshot is a report of all threads, and the crash that follows is another one`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let result = try run.run(
      ["no-sessions", "start", "tag=a=b", "event-id", "snapshot", "snapshot", "abort"], dsn: server.dsn)
    if case .signaled(let signal, _) = result.termination { #expect(signal == 6) } else { Issue.record("\(result)") }
    let reports = try waitFor("three reports", timeout: .seconds(50)) {
      let found = server.requests.filter { $0.endpoint == .minidump }
      return found.count == 3 ? found : nil
    }
    var levels: [String: String] = [:]
    for report in reports {
      let form = try #require(report.form)
      let event = try StructuredValue(messagePack: try #require(form.file("__sentry-event")).content)
      #expect(event["tags"]?["a"] == "b")
      let id = event["event_id"]?.string ?? ""
      #expect(form.file("upload_file_minidump")?.filename == "\(id).dmp")
      levels[id.filter { $0 != "-" }] = event["level"]?.string
    }
    let lines = result.output.split(separator: "\n")
    let snapshots = lines.filter { $0.hasPrefix("snapshot=") }.map { $0.dropFirst(9).filter { $0 != "-" } }
    let crash = lines.first { $0.hasPrefix("event=") }.map { $0.dropFirst(6).filter { $0 != "-" } } ?? ""
    #expect(Set(snapshots).count == 2)
    #expect(snapshots.allSatisfy { levels[$0] == "info" }, "\(levels) \(snapshots)")
    #expect(levels[crash] == "fatal", "\(levels) \(crash)")
  }

  /// The exception of the next event.
  private func hang(_ server: LoopbackIngestServer) throws -> StructuredValue? {
    let request = try server.nextRequest()
    let item = try #require(try Envelope(bytes: request.body).items.first { $0.type == "event" })
    return try StructuredValue(json: item.payload)["exception"]?["values"]?[0]
  }

  @Test(.timeLimit(.minutes(10)))
  func `an event loop that hangs is reported once, with its name`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let process = try run.start(["no-sessions", "hang-tracking", "start", "hang-loop", "wait"], dsn: server.dsn)
    defer { process.end() }
    let exception = try hang(server)
    #expect(exception?["type"] == "AppHang")
    #expect(exception?["value"]?.string?.contains("loop-1 has not responded") == true)
    #expect(server.requests.count == 1)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a main queue that hangs is reported without being named by anybody`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let process = try run.start(["no-sessions", "hang-tracking", "start", "hang-main", "wait"], dsn: server.dsn)
    defer { process.end() }
    let exception = try hang(server)
    #expect(exception?["type"] == "AppHang")
    #expect(exception?["value"]?.string?.contains("The main thread has not responded") == true)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a thread whose heart stops is reported with its stack`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let process = try run.start(["no-sessions", "hang-tracking", "start", "hang-thread", "wait"], dsn: server.dsn)
    defer { process.end() }
    let exception = try hang(server)
    #expect(exception?["value"]?.string?.contains("Application not responding") == true)
    let frames = exception?["stacktrace"]?["frames"]?.array ?? []
    // Names of a program's own functions are in no dynamic symbol table: the server has them.
    #expect(frames.last?["function"] == "pause", "\(frames)")
    #expect(frames.contains { $0["in_app"] == true }, "\(frames)")
  }
}
