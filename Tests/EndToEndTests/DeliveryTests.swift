// Provides what becomes of a crash when the server takes it, refuses it, is slow or is not there.
import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing
import ZooRuns

@Suite struct `Delivery of a crash` {
  private func states(_ database: FilePath) throws -> (pending: [Report], completed: [Report]) {
    let database = try CrashDatabase(path: database, create: false)
    return (try database.pendingReports(), try database.completedReports())
  }

  /// A later start of the program: what waits is delivered, and once.
  private func deliverByNextStart(_ run: ZooRun, _ handler: FilePath, _ server: LoopbackIngestServer) throws {
    let database = try #require(run.database).path
    // A process that was killed holds its lock until it is gone.
    try waitUntil("the report waits") { try states(database).pending.count == 1 }
    let waiting = try states(database).pending.map { $0.id.description }
    server.answer(.accepted)
    let before = server.requests.count
    let next = try HandlerRun(handler, database: database, url: server.minidumpURL)
    defer { next.end() }
    let request = try waitFor("the report") {
      server.requests.dropFirst(before).first { $0.endpoint == .minidump }
    }
    #expect(request.form?.file("upload_file_minidump")?.filename == "\(waiting[0]).dmp")
    #expect(try next.finish() == .exited(status: 0))
    let (pending, completed) = try states(database)
    #expect(pending.isEmpty)
    #expect(completed.map { $0.id.description } == waiting)
    #expect(completed.first?.metadata.isUploaded == true)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `happens at once, with the event completed and every part named`(handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let run = try ZooRun(flavor: "fatal-error", thread: "task", handler: handler, dsn: server.dsn)
    defer { run.end() }
    let request = try server.nextRequest()
    let form = try #require(request.form)
    #expect(
      form.files.map { $0.name } == [
        "__sentry-breadcrumb1", "__sentry-breadcrumb2", "__sentry-event", "upload_file_minidump",
      ])
    #expect(form.file("upload_file_minidump")?.content.prefix(4) == Array("MDMP".utf8)[...])
    #expect(form.fields["guid"] != nil)
    #expect(request.header("content-encoding") == "gzip")

    let event = try StructuredValue(messagePack: try #require(form.file("__sentry-event")).content)
    #expect(event["tags"]?["flavor"] == "fatal-error")
    #expect(event["release"] == "crash-zoo@1.0.0")
    #expect(event["level"] == "fatal")
    #expect("\(event["event_id"]?.string ?? "").dmp" == form.file("upload_file_minidump")?.filename)
    let exception = event["exception"]?["values"]?[0]
    #expect(exception?["type"] == "SIGILL")
    #expect(exception?["value"]?.string?.contains("the zoo called fatalError") == true)
    let crumbs = StructuredValue.sequence(messagePack: try #require(form.file("__sentry-breadcrumb1")).content)
    #expect(crumbs.map { $0["category"] } == ["zoo"])

    try run.waitForHandler()
    let (pending, completed) = try states(try #require(run.database).path)
    #expect(pending.isEmpty)
    #expect(completed.count == 1)
    #expect(completed.first?.metadata.isUploaded == true)
    #expect(completed.first?.metadata.uploadAttempts == 1)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `to a server that answers 500 is made up for by the next start`(handler: FilePath) throws {
    let server = try LoopbackIngestServer(answer: .response(status: 500))
    defer { server.stop() }
    let run = try ZooRun(flavor: "null-write", handler: handler, dsn: server.dsn)
    defer { run.end() }
    _ = try server.nextRequest()
    try run.waitForHandler()
    let pending = try states(try #require(run.database).path).pending
    #expect(pending.first?.metadata.uploadAttempts == 1)
    try deliverByNextStart(run, handler, server)
    #expect(server.requests.filter { $0.endpoint == .minidump }.count == 2)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `to a server that says 429 is no failed attempt`(handler: FilePath) throws {
    let server = try LoopbackIngestServer(answer: .rateLimited(retryAfter: "3600"))
    defer { server.stop() }
    let run = try ZooRun(flavor: "null-write", handler: handler, dsn: server.dsn)
    defer { run.end() }
    _ = try server.nextRequest()
    try run.waitForHandler()
    let pending = try states(try #require(run.database).path).pending
    #expect(pending.first?.metadata.uploadAttempts == 0)
    // The server's word outlives the handler.
    try FileSystem.remove(try #require(run.database).path.appending("rate_limits"))
    try deliverByNextStart(run, handler, server)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `to a server that resets the connection is made up for by the next start`(handler: FilePath) throws {
    let server = try LoopbackIngestServer(answer: .resetAfterBody)
    defer { server.stop() }
    let run = try ZooRun(flavor: "null-write", handler: handler, dsn: server.dsn)
    defer { run.end() }
    try run.waitForHandler()
    try deliverByNextStart(run, handler, server)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `is made up for by the next start, even of a program that has ended before its handler looks`(
    handler: FilePath
  ) throws {
    let server = try LoopbackIngestServer(answer: .resetAfterBody)
    defer { server.stop() }
    let run = try ZooRun(flavor: "null-write", handler: handler, dsn: server.dsn)
    defer { run.end() }
    try run.waitForHandler()
    server.answer(.accepted)
    let database = try #require(run.database).path
    let next = try HandlerRun(handler, database: database, url: server.minidumpURL, clientHasGone: true)
    defer { next.end() }
    #expect(try next.finish() == .exited(status: 0))
    #expect(try states(database).pending.isEmpty)
    #expect(try states(database).completed.count == 1)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `to a server that is not there is made up for by the next start`(handler: FilePath) throws {
    let closed = try ClosedPort()
    defer { withExtendedLifetime(closed) {} }
    let run = try ZooRun(
      flavor: "null-write", handler: handler, dsn: "http://0123456789abcdef0123456789abcdef@127.0.0.1:\(closed.port)/1")
    defer { run.end() }
    try run.waitForHandler()
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    try deliverByNextStart(run, handler, server)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `to a server that hangs when the machine goes down is made up for by the next start`(handler: FilePath) throws {
    let server = try LoopbackIngestServer(answer: .silence)
    defer { server.stop() }
    let run = try ZooRun(flavor: "null-write", handler: handler, dsn: server.dsn)
    defer { run.end() }
    _ = try server.nextRequest()
    // The container ends: every process of it is killed, in the middle of the upload.
    run.process.end()
    try deliverByNextStart(run, handler, server)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `by two handlers on one database happens once for each report`(handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let database = try CrashDatabase(path: directory.path)
    try database.settings.setUploadsEnabled(true)
    var identifiers: Set<String> = []
    for _ in 0..<20 {
      let report = try database.prepareReport()
      try report.file.writeAll(Array("MDMP".utf8))
      identifiers.insert(try database.finish(report).description)
    }
    let handlers = try (0..<2).map { _ in
      try HandlerRun(handler, database: directory.path, url: server.minidumpURL)
    }
    defer { for handler in handlers { handler.end() } }
    for handler in handlers { #expect(try handler.finish() == .exited(status: 0)) }
    let sent = server.requests.compactMap { $0.form?.file("upload_file_minidump")?.filename }
    #expect(sent.count == identifiers.count)
    #expect(Set(sent) == Set(identifiers.map { "\($0).dmp" }))
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `of a program that is process 1 happens before the kernel ends everything`(handler: FilePath) throws {
    // A slow server: the container would be gone long before its answer.
    let server = try LoopbackIngestServer(answer: .delayed(milliseconds: 1500, then: .accepted))
    defer { server.stop() }
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let result = try RunningProcess.run(
      "/usr/bin/unshare",
      [
        "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", TestProducts.zoo.description, "--flavor",
        "null-write", "--handler", handler.description, "--database", directory.path.description, "--dsn", server.dsn,
      ], environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(try CrashFacts(output: result.output).process == 1, "\(result.errorOutput)")
    // The report, and the session of the run, which no later start would send.
    #expect(server.requests.map { $0.endpoint } == [.minidump, .envelope])
    let items = try Envelope(bytes: server.requests[1].body).items
    #expect(items.map { $0.type } == ["session"])
    #expect(try StructuredValue(json: items[0].payload)["status"] == "crashed")
    let (pending, completed) = try states(directory.path)
    #expect(pending.isEmpty)
    #expect(completed.first?.metadata.isUploaded == true)
  }
}
