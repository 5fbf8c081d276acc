import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A database that the SDK shares with Sentry's own handler` {
  let runs: SDKRuns
  let server: LoopbackIngestServer
  let log: FilePath
  init() throws {
    runs = try SDKRuns()
    server = try LoopbackIngestServer()
    log = runs.directory.appending("app.log")
    try FileSystem.write(Array("a line\n".utf8), to: log)
  }

  private func checkUpload() throws {
    let form = try waitFor("the dump", timeout: .seconds(60)) { server.requests.first { $0.minidump != nil }?.form }
    #expect(form.file("upload_file_minidump")?.content.starts(with: "MDMP".utf8) == true)
    #expect(form.file("app.log")?.text == "a line\n")
    let event = SentryEvent(value: try StructuredValue(messagePack: try #require(form.file("__sentry-event")).content))
    #expect(event.tags["region"] == "eu" && event.user?.userId == "5" && event.level == .fatal)
    let crumbs = StructuredValue.sequence(messagePack: try #require(form.file("__sentry-breadcrumb1")).content)
    #expect(crumbs.map { $0["message"] } == ["one"])
    #expect(server.requests.filter { $0.minidump != nil }.count == 1)
  }

  private var crash: [String] {
    ["file=\(log)", "start", "event-id", "tag=region=eu", "user=5=x", "breadcrumb=one", "abort"]
  }

  @Test func `its report, made with our scope, is sent by ours`() throws {
    let process = try runs.run(crash, handler: Peers.sentryHandler())
    let database = try runs.database()
    let id = try waitFor("the report", timeout: .seconds(60)) { database.unsentReports().first }
    #expect(process.output.contains("event=\(id)"))
    #expect(
      try runs.run(["start", "crashed-last-run", "flush=60000", "close"], dsn: server.dsn).output.contains(
        "crashed=true"))
    try checkUpload()
    try waitUntil("the run's session", timeout: .seconds(60)) {
      server.payloads("session").contains { $0["status"] == "crashed" }
    }
  }

  @Test func `our report is sent by it`() throws {
    try runs.run(crash)
    try runs.run(["start", "flush=60000", "close"], dsn: server.dsn, handler: Peers.sentryHandler())
    try checkUpload()
    let database = try runs.database()
    let report = try waitFor("the report", timeout: .seconds(60)) { try? database.completedReports().first }
    #expect(report.metadata.isUploaded && report.metadata.uploadAttempts == 1)
  }

  @Test func `it sends at once what crashes under it, and what it does not know of comes with the next start`() throws {
    try runs.run(crash, dsn: server.dsn, handler: Peers.sentryHandler())
    try checkUpload()
    #expect(server.payloads("session").isEmpty)
    try runs.run(["no-sessions", "last-run-hook", "start", "flush=60000", "close"], dsn: server.dsn)
    #expect(server.payloads("session").map { $0["status"] } == ["crashed"])
  }

  @Test func `what the user said holds for it too`() throws {
    try runs.run(["consent-required"] + crash)
    let settings = runs.path.appending("settings.dat")
    func options() throws -> UInt8 { try FileSystem.read(settings)[8] }
    // Not enabled, but paused: reports wait.
    #expect(try options() == 2)
    #expect(!FileSystem.exists(runs.path.appending("user-consent")))
    try runs.run(["consent-required", "start", "flush=200", "close"], dsn: server.dsn, handler: Peers.sentryHandler())
    #expect(server.requests.isEmpty)
    #expect(try runs.database().unsentReports().count == 1)
    try runs.run(["consent-required", "start", "revoke", "close"])
    #expect(try FileSystem.read(runs.path.appending("user-consent")) == Array("0\n".utf8))
    try runs.run(
      ["consent-required", "start", "consent", "flush=60000", "close"], dsn: server.dsn, handler: Peers.sentryHandler())
    #expect(try FileSystem.read(runs.path.appending("user-consent")) == Array("1\n".utf8))
    #expect(try options() == 1)
    try checkUpload()
  }

  @Test func `has the files that native SDKs have, byte for byte`() throws {
    let process = try runs.run(["cache=always", "start", "run", "error", "flush=60000", "signal=9"], dsn: server.dsn)
    let folder = FilePath(String(try #require(process.output.split(separator: "\n").first?.dropFirst(4))))
    let name = String(decoding: folder.lastComponent, as: UTF8.self)
    #expect(name.utf8.count == 40 && name.hasSuffix(".run"))
    #expect(FileSystem.isRegularFile(folder.addingSuffix(".lock")))
    #expect(try FileSystem.status(folder.addingSuffix(".lock")).size == 0)
    for file in ["__sentry-event", "__sentry-breadcrumb1", "__sentry-breadcrumb2"] {
      #expect(try FileSystem.status(folder.appending(file)).size == 0, "\(file) is filled at the crash")
    }
    let session = try StructuredValue(json: FileSystem.read(folder.appending("session.json")))
    #expect(session["status"] == "ok" && session["attrs"]?["release"] == "fixture@1.2.3")
    let installation = try FileSystem.read(runs.path.appending("installation_id")).split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    #expect(installation.count == 3 && installation[0].count == 36 && installation[2].isEmpty)
    #expect(installation[1].elementsEqual(server.publicKey.utf8))
    let settings = try FileSystem.read(runs.path.appending("settings.dat"))
    #expect(settings.count == 40 && settings.prefix(12).elementsEqual(Array("sdPC".utf8) + [1, 0, 0, 0, 1, 0, 0, 0]))
    let cached = try FileSystem.entries(of: runs.path.appending("cache"))
    #expect(!cached.isEmpty && cached.allSatisfy { $0.count == 45 && $0.suffix(9).elementsEqual(".envelope".utf8) })
    let event = try #require(server.payloads("event").first?["event_id"]?.string)
    #expect(cached.contains { $0.elementsEqual("\(event).envelope".utf8) })
  }

  @Test func `a folder that a native SDK left is taken care of`() throws {
    // As sentry-native 0.16 leaves one after a kill: an envelope in the queue, a session, and the files of a crash.
    let id = "01234567-89ab-cdef-0123-456789abcdef"
    let folder = runs.path.appending("\(id).run")
    try FileSystem.createDirectories(folder)
    try FileSystem.write([], to: folder.addingSuffix(".lock"))
    for file in ["__sentry-event", "__sentry-breadcrumb1", "__sentry-breadcrumb2"] {
      try FileSystem.write([], to: folder.appending(file))
    }
    let session =
      #"{"init":true,"sid":"11111111-2222-4333-8444-555555555555","status":"ok","did":"d","errors":1,"#
      + #""started":"2026-11-25T03:00:00.000000Z","duration":1.5,"attrs":{"release":"r","environment":"e"}}"#
    try FileSystem.write(Array(session.utf8), to: folder.appending("session.json"))
    let payload = #"{"event_id":"22222222-2222-4222-8222-222222222222","level":"error","message":{"formatted":"left"}}"#
    let envelope =
      #"{"dsn":"\#(server.dsn)","event_id":"22222222-2222-4222-8222-222222222222"}"# + "\n"
      + #"{"type":"event","length":\#(payload.utf8.count)}"# + "\n" + payload
    try FileSystem.write(Array(envelope.utf8), to: folder.appending("22222222-2222-4222-8222-222222222222.envelope"))
    try runs.run(["no-sessions", "start", "flush=60000", "close"], dsn: server.dsn)
    // Byte for byte as it was.
    #expect(server.requests.first?.body == Array(envelope.utf8))
    #expect(server.payloads("session").map { $0["status"] } == ["abnormal"])
    #expect(!FileSystem.exists(folder) && !FileSystem.exists(folder.addingSuffix(".lock")))
  }
}
