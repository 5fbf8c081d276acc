import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A handler with a server` {
  @Test(arguments: TestProducts.handlers)
  func `delivers what is pending, with its attachments and the client's id`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    let id = try uploading.store(attachments: ["app.log": Array("line".utf8), "__sentry-event": [0]])
    try uploading.runOnce(server.minidumpURL) { try uploading.database.completedReports().count == 1 }

    let report = try uploading.database.lookUp(id)
    #expect(report.metadata.isUploaded)
    #expect(report.metadata.remoteID == Array(id.description.utf8))
    #expect(report.metadata.uploadAttempts == 1)
    #expect(try uploading.database.settings.lastUploadAttempt() > 0)
    let request = try server.nextRequest()
    let client = try uploading.database.settings.clientID()
    #expect(request.query == ["sentry_key": server.publicKey, "guid": client.description])
    #expect(request.form?.fields == ["guid": client.description])
    #expect(request.form?.files.map(\.name) == ["__sentry-event", "app.log", "upload_file_minidump"])
    #expect(request.form?.file("app.log")?.text == "line")
    #expect(request.form?.file("upload_file_minidump")?.filename == "\(id).dmp")
    #expect(request.minidump?.count == 1004)
    #expect(server.requests.count == 1)
  }

  @Test(arguments: TestProducts.handlers)
  func `repeats Sentry's event as a field, for servers that do not read the attachment`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    func breadcrumb(_ second: Int) -> [UInt8] {
      let value: StructuredValue = [
        "timestamp": .string("2026-11-25T10:00:0\(second).000000Z"), "message": .string("\(second)"),
      ]
      return value.messagePack
    }
    let event: StructuredValue = [
      "release": "shop@1", "tags": ["region": "eu"], "threads": ["values": []], "debug_meta": ["images": []],
    ]
    // The second file is the newer one; the limit of breadcrumbs is two.
    try uploading.store(attachments: [
      "__sentry-event": event.messagePack, "__sentry-breadcrumb1": breadcrumb(1) + breadcrumb(2),
      "__sentry-breadcrumb2": breadcrumb(3) + [0x81],
    ])
    try uploading.runOnce(server.minidumpURL) { try uploading.database.completedReports().count == 1 }
    let field = try StructuredValue(json: #require(try server.nextRequest().form?.fields["sentry"]))
    #expect(field["release"] == "shop@1")
    #expect(field["tags"]?["region"] == "eu")
    #expect(field["threads"] == nil && field["debug_meta"] == nil)
    #expect(field["breadcrumbs"]?["values"]?.array?.map { $0["message"]?.string } == ["2", "3"])
  }

  @Test(arguments: TestProducts.handlers)
  func `sends no event that is too large for a field`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    let event: StructuredValue = ["extra": ["long": .string(String(repeating: "x", count: 300_000))]]
    try uploading.store(attachments: ["__sentry-event": event.messagePack])
    try uploading.runOnce(server.minidumpURL) { try uploading.database.completedReports().count == 1 }
    let form = try #require(try server.nextRequest().form)
    #expect(form.fields["sentry"] == nil)
    #expect(form.file("__sentry-event")?.content.count ?? 0 > 300_000)
  }

  @Test(arguments: TestProducts.handlers)
  func `tries again after a failure and gives up after the seventh, if the report is a day old`(
    _ handler: FilePath
  ) throws {
    let server = try LoopbackIngestServer(answer: .response(status: 503))
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    let id = try uploading.store()
    for attempt in 1...6 {
      try uploading.runOnce(server.minidumpURL) { server.requests.count == attempt }
      let report = try uploading.database.lookUp(id)
      #expect(report.state == .pending)
      #expect(report.metadata.uploadAttempts == attempt)
    }
    // A crash loop while the server is down is no reason to give up.
    try uploading.runOnce(server.minidumpURL) { server.requests.count == 7 }
    #expect(try uploading.database.lookUp(id).state == .pending)
    try uploading.makeOlder(id, seconds: 86_401, attempts: 6)
    try uploading.runOnce(server.minidumpURL) { server.requests.count == 8 }
    let report = try uploading.database.lookUp(id)
    #expect(report.state == .completed)
    #expect(!report.metadata.isUploaded)
    #expect(report.metadata.uploadAttempts == 7)
    // Somebody is told, as soon as there is a handler that knows whom to tell.
    server.answer(.accepted)
    let run = try uploading.start(server.minidumpURL, environment: ["SENTRY_NATIVE_DSN": server.dsn])
    defer { run.process.end() }
    try waitUntil("the report of the loss") { server.requests.count == 9 }
    let told = try Envelope(bytes: server.requests[8].body)
    #expect(told.items.map { $0.type } == ["client_report"])
    let events = try StructuredValue(json: told.items[0].payload)["discarded_events"]
    #expect(events == [["reason": "send_error", "category": "error", "quantity": 1]])
    try run.leave()
    #expect(server.requests.count == 9)
  }

  @Test(arguments: TestProducts.handlers)
  func `counts no attempt when the server is busy, and leaves it alone`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer(answer: .rateLimited(retryAfter: "3600"))
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    let ids = [try uploading.store(), try uploading.store(), try uploading.store()]
    try uploading.runOnce(server.minidumpURL) { server.requests.count == 1 }
    #expect(server.requests.count == 1)
    for id in ids {
      let report = try uploading.database.lookUp(id)
      #expect(report.state == .pending)
      #expect(report.metadata.uploadAttempts == 0)
    }
    server.answer(.accepted)
    // The next handler knows of the limit.
    try uploading.start(server.minidumpURL).leave()
    #expect(server.requests.count == 1)
    try FileSystem.remove(uploading.database.path.appending("rate_limits"))
    try uploading.runOnce(server.minidumpURL) { try uploading.database.completedReports().count == 3 }
    #expect(server.requests.count == 4)
  }

  @Test(arguments: TestProducts.handlers)
  func `keeps the report while nobody answers, and delivers it when somebody does`(_ handler: FilePath) throws {
    let closed = try ClosedPort()
    defer { withExtendedLifetime(closed) {} }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    let id = try uploading.store()
    try uploading.runOnce(closed.minidumpURL) {
      (try? uploading.database.lookUp(id).metadata.uploadAttempts) == 1
    }
    #expect(try uploading.database.lookUp(id).state == .pending)
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    try uploading.runOnce(server.minidumpURL) { try uploading.database.completedReports().count == 1 }
    #expect(try uploading.database.lookUp(id).metadata.isUploaded)
  }

  @Test(arguments: TestProducts.handlers)
  func `that is killed while it uploads loses nothing`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer(answer: .silence)
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    let id = try uploading.store(attachments: ["a": [98]])
    let run = try uploading.start(server.minidumpURL)
    defer { run.process.end() }
    _ = try server.nextRequest()
    run.process.end()
    server.answer(.accepted)
    try uploading.runOnce(server.minidumpURL) { try uploading.database.completedReports().count == 1 }
    #expect(try uploading.database.lookUp(id).metadata.isUploaded)
    #expect(server.requests.last?.form?.file("a")?.text == "b")
  }

  @Test(arguments: TestProducts.handlersWithFaultPoints)
  func `outlives the death of its upload process`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    let id = try uploading.store()
    let run = try uploading.start(
      server.minidumpURL, environment: ["SENTRY_NATIVE_FAULT": "upload.sent:kill"])
    defer { run.process.end() }
    _ = try server.nextRequest()
    try waitUntil("the upload process is gone") { run.process.livingFamily() == [run.process.processID] }
    try run.leave()
    // Whether the server has it nobody knows: it is sent again, under the same name.
    try uploading.runOnce(server.minidumpURL) { try uploading.database.completedReports().count == 1 }
    let names = server.requests.map { $0.form?.file("upload_file_minidump")?.filename }
    #expect(names == ["\(id).dmp", "\(id).dmp"])
  }

  @Test(arguments: TestProducts.handlers)
  func `does not keep libcurl in its memory`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    try uploading.store()
    let run = try uploading.start(server.minidumpURL)
    defer { run.process.end() }
    try waitUntil("the report is delivered") { try uploading.database.completedReports().count == 1 }
    let maps = String(
      decoding: try FileSystem.read(FilePath("/proc/\(run.process.processID)/maps")), as: UTF8.self)
    #expect(!maps.contains("libcurl") && !maps.contains("libz.so"))
    #expect(maps.contains("libc.so"))
    try run.leave()
  }

  @Test(arguments: TestProducts.handlers)
  func `without libcurl keeps the report and says what is missing`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    let id = try uploading.store()
    // In a mount namespace of its own: an empty file in the place of each library.
    let hide =
      "for f in /usr/lib/*/libcurl.so* /usr/lib/*/libcurl-gnutls.so*; do"
      + " mount --bind /dev/null \"$(readlink -f \"$f\")\"; done; exec \"$@\""
    let log = uploading.log
    let run = try uploading.start(
      server.minidumpURL, ["--no-rate-limit", "--log-file=\(log)"],
      wrapper: ("/usr/bin/unshare", ["--mount", "/bin/sh", "-c", hide, "sh"]))
    defer { run.process.end() }
    try waitUntil("the log names the missing package") {
      String(decoding: (try? FileSystem.read(log)) ?? [], as: UTF8.self).contains("install libcurl4")
    }
    try run.leave()
    let report = try uploading.database.lookUp(id)
    #expect(report.state == .pending)
    #expect(report.metadata.uploadAttempts == 0)
    #expect(server.requests.isEmpty)
  }

  @Test(arguments: TestProducts.handlers)
  func `sends nothing without consent`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    try uploading.database.settings.setUploadsEnabled(false)
    let id = try uploading.store()
    try uploading.runOnce(server.minidumpURL) { try uploading.database.completedReports().count == 1 }
    #expect(!(try uploading.database.lookUp(id).metadata.isUploaded))
    #expect(server.requests.isEmpty)
  }

  @Test(arguments: TestProducts.handlers)
  func `sends one report an hour unless told otherwise`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    try uploading.store()
    try uploading.store()
    try uploading.runOnce(server.minidumpURL, []) { try uploading.database.completedReports().count == 2 }
    #expect(server.requests.count == 1)
    #expect(try uploading.database.completedReports().filter(\.metadata.isUploaded).count == 1)
  }

  @Test(arguments: TestProducts.handlers)
  func `obeys the options of the request`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    try uploading.store()
    try uploading.runOnce(
      server.minidumpURL, ["--no-rate-limit", "--no-upload-gzip", "--no-identify-client-via-url"]
    ) { try uploading.database.completedReports().count == 1 }
    let request = try server.nextRequest()
    #expect(request.query == ["sentry_key": server.publicKey])
    #expect(request.header("content-encoding") == nil)
    #expect(request.minidump?.count == 1004)
  }
}
