import LinuxSystem
import SentryNativeTesting
import Testing
import Uploader
import ZooRuns

@Suite(.serialized, .timeLimit(.minutes(10))) struct `A Sentry-compatible server` {
  private func client() -> HTTPClient {
    var configuration = HTTPConfiguration()
    configuration.proxy = .none
    return HTTPClient(configuration)
  }

  @Test func `makes an event of an uploaded minidump`() throws {
    let server = try BugsinkServer()
    defer { server.end() }
    // A dump that is not ours shows what the upload does, whatever our writer does.
    let run = try ZooRun(flavor: "null-write", handler: Peers.sentryHandler())
    defer { run.end() }
    let dump = try #require(run.dumps().first, "\(run.process.errorOutput)")
    let upload = MinidumpUpload(
      url: server.minidumpURL, reportID: .random(), minidump: .path(dump),
      attachments: [.init(name: Array("app.log".utf8), content: .bytes(Array("a line".utf8)))],
      fields: [.init("guid", "8a1f7f0e-0000-4000-8000-000000000001"), .init("note", "é \u{1F600}")])
    let (outcome, response) = client().attempt(upload)
    guard case .delivered(let id) = outcome else {
      Issue.record("\(outcome) \(String(decoding: response?.body ?? [], as: UTF8.self)) \(server.log)")
      return
    }
    let event = try #require(try server.waitForEvents(count: 1).first)
    #expect(String(decoding: id, as: UTF8.self).contains(event.eventId.filter { $0 != "-" }))
    #expect(event.level == "fatal")
    #expect(event.platform == "native")
    #expect(event.value.contains("SIGSEGV"))
    #expect(event.threads > 0)
    #expect(!event.frames.isEmpty)
    #expect(event.images.contains { $0?.hasSuffix("CrashZoo") == true })
    #expect(event.extra == ["guid": "8a1f7f0e-0000-4000-8000-000000000001", "note": "é \u{1F600}"])
  }

  @Test(arguments: TestProducts.handlers)
  func `shows a crash as our handler delivers it, with names, tags and breadcrumbs`(_ handler: FilePath) throws {
    let server = try BugsinkServer()
    defer { server.end() }
    let run = try ZooRun(flavor: "index-out-of-range", thread: "pthread", handler: handler, dsn: server.dsn)
    defer { run.end() }
    let event = try #require(try server.waitForEvents(count: 1).first)
    #expect(event.level == "fatal")
    #expect(event.title.contains("SIGILL"))
    #expect(event.release == "crash-zoo@1.0.0")
    #expect(event.tags["flavor"] == "index-out-of-range")
    #expect(event.exceptions.contains { $0.contains("Index out of range") })
    #expect(event.frames.contains { $0?.contains("SwiftTraps") == true }, "\(event.frames)")
    #expect(event.breadcrumbs == ["zoo"])
    #expect(event.threads > 1)
    try run.waitForHandler()
  }

  @Test func `shows the stack of a crash in a browser`() throws {
    let server = try BugsinkServer()
    defer { server.end() }
    let run = try ZooRun(
      flavor: "index-out-of-range", thread: "task", handler: TestProducts.handlers[0], dsn: server.dsn)
    defer { run.end() }
    let event = try #require(try server.waitForEvents(count: 1).first)
    let (document, size) = try server.browse(issue: event.issue)
    #expect(document.contains("Index out of range"))
    #expect(document.contains("static CrashZoo.SwiftTraps.readPastTheEnd()"), "\(document.prefix(2000))")
    #expect(document.contains("Tests/CrashZoo/SwiftTraps.swift"))
    // An empty page of this size is some 10 KB.
    #expect(size > 50_000)
    try run.waitForHandler()
  }

  @Test func `makes an event of an uploaded envelope`() throws {
    let server = try BugsinkServer()
    defer { server.end() }
    let payload =
      "{\"event_id\":\"11112222333344445555666677778888\",\"timestamp\":1800000000,\"platform\":\"native\","
      + "\"level\":\"error\",\"release\":\"shop@1\",\"environment\":\"tests\",\"tags\":{\"region\":\"eu\"},"
      + "\"exception\":{\"values\":[{\"type\":\"OutOfStock\",\"value\":\"no \u{1F34C}\"}]}}"
    let envelope =
      "{\"event_id\":\"11112222333344445555666677778888\",\"dsn\":\"\(server.dsn)\"}\n"
      + "{\"type\":\"event\",\"length\":\(payload.utf8.count)}\n\(payload)"
    for compresses in [true, false] {
      let upload = EnvelopeUpload(
        url: server.envelopeURL,
        authentication: EnvelopeUpload.authentication(publicKey: server.publicKey, client: "sentry-native-swift/0.1.0"),
        envelope: .bytes(Array(envelope.utf8)), compresses: compresses)
      let response = try client().send(upload.makeRequest())
      #expect(response.status == 200, "\(String(decoding: response.body, as: UTF8.self)) \(server.log)")
    }
    // The second is the same event again.
    let event = try #require(try server.waitForEvents(count: 1).first)
    #expect(event.title == "OutOfStock")
    #expect(event.value == "no \u{1F34C}")
    #expect(event.release == "shop@1")
    #expect(event.environment == "tests")
    #expect(event.tags["region"] == "eu")
    #expect(try server.events().count == 1)
  }

  @Test func `refuses a wrong key, and that is no success`() throws {
    let server = try BugsinkServer()
    defer { server.end() }
    let url = server.minidumpURL.replacing(server.publicKey, with: String(repeating: "0", count: 32))
    let upload = MinidumpUpload(url: url, reportID: .random(), minidump: .bytes(Array("MDMP".utf8)))
    guard case .refused(let status) = client().attempt(upload).0 else {
      Issue.record("not refused")
      return
    }
    #expect(status >= 400 && status < 500)
  }
}
