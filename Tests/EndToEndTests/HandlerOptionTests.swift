// Provides tests of options and messages that concern uploads, from a client's crash or word to the server.
import CLinuxShims
import CrashDatabase
import CrashProtocol
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A client's word about uploads` {
  private let folder: TemporaryDirectory
  private let database: FilePath
  init() throws {
    folder = try TemporaryDirectory(prefix: "uploads")
    database = folder.appending("database")
    try CrashDatabase(path: database).settings.setUploadsEnabled(true)
  }

  @Test(arguments: TestProducts.handlers)
  func `holds it up until its report is sent, when it wants that`(_ handler: FilePath) throws {
    defer { folder.remove() }
    let server = try LoopbackIngestServer(answer: .delayed(milliseconds: 500, then: .accepted))
    defer { server.stop() }
    let begin = MonotonicInstant.now()
    let victim = try RunningProcess.run(
      TestProducts.folder.appending("CrashVictim"),
      [
        "handler=\(handler)", "database=\(database)", "argument=--url=\(server.minidumpURL)",
        "argument=--no-rate-limit", "wait-for-upload", "start", "die=segv",
      ], environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(victim.termination.signal == 11)
    #expect(server.requests.count == 1)
    #expect(MonotonicInstant.now().nanoseconds - begin.nanoseconds > 500_000_000)
    let reports = try CrashDatabase(path: database).completedReports()
    #expect(reports.count == 1 && reports[0].metadata.isUploaded)
  }

  private func waitForAttempts(_ count: Int32, _ id: UniqueID, at server: LoopbackIngestServer) throws {
    let database = try CrashDatabase(path: database)
    // Looking takes the report's lock for a moment, and a handler passes over a report that somebody has. From the
    // request to the record of the attempt the handler has it.
    try waitUntil("request \(count)") { server.requests.count >= Int(count) }
    try waitUntil("attempt \(count) is recorded") {
      // While it is being sent it cannot be looked at.
      (try? database.lookUp(id))?.metadata.uploadAttempts == count
    }
  }

  private func store() throws -> UniqueID {
    let database = try CrashDatabase(path: database)
    let report = try database.prepareReport()
    try report.file.writeAll(Array("MDMP".utf8))
    return try database.finish(report)
  }

  @Test(arguments: TestProducts.handlers)
  func `has failed uploads tried again at once, if it owns the handler`(_ handler: FilePath) throws {
    defer { folder.remove() }
    let server = try LoopbackIngestServer(answer: .response(status: 500))
    defer { server.stop() }
    let id = try store()
    let log = folder.appending("log")
    let run = try HandlerRun(
      handler, database: database, url: server.minidumpURL,
      arguments: ["--http-proxy=<empty>", "--log-file=\(log)", "--log-level=1"])
    defer { run.end() }
    try waitForAttempts(1, id, at: server)
    // Without a word it would wait for a quarter of an hour.
    try run.send(.requestRetry)
    try waitForAttempts(2, id, at: server)

    // Every message that changes something is the owner's.
    let file = folder.appending("not-written")
    let messages: [ClientMessage] = [
      .requestRetry, .addAttachment(path: Array("/etc/passwd".utf8)), .removeAttachment(path: Array("/x".utf8)),
      .writeAttachment(AttachmentWrite(.replace, path: file.bytes, payload: [1])),
      .writeAttachment(AttachmentWrite(.append, path: file.bytes, payload: [1])),
    ]
    let socket = run.clientDescriptor
    for message in messages {
      let packet = try message.encoded(in: .sentry)
      let child = try packet.withUnsafeBytes { buffer in
        let base = try #require(buffer.baseAddress)
        return try ChildProcess.fork { linux_send_packet(socket, base, buffer.count) == buffer.count ? 0 : 1 }
      }
      #expect(try child.wait() == .exited(status: 0))
    }
    // It answers after all of them.
    #expect(try run.isServing())
    let text = String(decoding: try FileSystem.read(log), as: UTF8.self)
    #expect(text.split(separator: "\n").count { $0.contains("is not the owner of this handler") } == messages.count)
    #expect(!FileSystem.exists(file))
    #expect(try run.finish() == .exited(status: 0))
    #expect(server.requests.count == 2)
  }

  /// How a proxy is named: options of the handler, and its environment.
  private static let proxies: [(options: [String], environment: [String: String], isUsed: Bool)] = [
    (["--http-proxy=PROXY"], [:], true), ([], ["http_proxy": "PROXY"], true),
    (["--http-proxy"], ["http_proxy": "PROXY"], true),
    (["--http-proxy=<empty>"], ["http_proxy": "PROXY"], false),
    (["--http-proxy=PROXY"], ["http_proxy": "http://127.0.0.1:1"], true),
  ]

  @Test(arguments: TestProducts.handlers, proxies.indices)
  func `sends them through a proxy`(_ handler: FilePath, _ index: Int) throws {
    defer { folder.remove() }
    let (options, environment, isUsed) = Self.proxies[index]
    let proxy = try LoopbackIngestServer()
    defer { proxy.stop() }
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let address = "http://127.0.0.1:\(proxy.port)"
    _ = try store()
    var variables: [String: String?] = ["no_proxy": nil, "NO_PROXY": nil, "http_proxy": nil, "all_proxy": nil]
    for (name, value) in environment { variables[name] = value.replacing("PROXY", with: address) }
    let run = try HandlerRun(
      handler, database: database, url: server.minidumpURL,
      arguments: options.map { $0.replacing("PROXY", with: address) }, environment: variables)
    defer { run.end() }
    let request = try (isUsed ? proxy : server).nextRequest()
    #expect(request.target.hasPrefix(isUsed ? "http://127.0.0.1:\(server.port)/" : "/"))
    #expect(try run.finish() == .exited(status: 0), "\(run.process.errorOutput)")
    #expect((isUsed ? server : proxy).requests.isEmpty)
  }
}
