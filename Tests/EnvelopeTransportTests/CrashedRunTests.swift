import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing
import ZooRuns

@testable import SentryClient

@Suite(.timeLimit(.minutes(10))) struct `The rest of a crashed run` {
  private func run(
    _ mode: String, _ lab: TransportLab, _ handler: FilePath, dsn: String? = nil, environment: [String: String?] = [:]
  ) throws -> (process: RunningProcess, folder: FilePath) {
    _ = try lab.context()
    var environment = environment
    environment["HANDLER"] = handler.description
    environment["SWIFT_BACKTRACE"] = "enable=no"
    let process = try RunningProcess(
      try productsDirectory().appending("TransportFixture"), [mode, dsn ?? lab.server.dsn, lab.database.description],
      environment: environment)
    try process.waitForOutput(containing: "\n")
    let line = process.output.split(separator: "\n").first ?? ""
    return (process, FilePath(String(line.dropFirst(4))))
  }

  private func left(_ folder: FilePath) -> [String] {
    ((try? FileSystem.entries(of: folder)) ?? []).map { String(decoding: $0, as: UTF8.self) }.sorted()
  }

  /// The handler ends when its client is dead and its work is done.
  private func waitForHandler(_ process: RunningProcess) throws {
    try waitUntil("the handler's end: \(process.output)") { process.livingFamily().isEmpty }
  }

  @Test(arguments: TestProducts.handlers)
  func `is sent by the handler at once`(handler: FilePath) throws {
    let lab = try TransportLab()
    let (process, folder) = try run("crash", lab, handler)
    defer { process.end() }
    try waitForHandler(process)
    #expect(lab.server.requests.map { $0.endpoint } == [.minidump, .envelope, .envelope])
    let envelopes = try lab.server.requests.dropFirst().map { try Envelope(bytes: $0.body) }
    #expect(envelopes.map { $0.items.types } == [["event", "attachment"], ["session"]])
    let session = try StructuredValue(json: envelopes[1].items[0].payload)
    #expect(session["status"] == "crashed")
    #expect(session["errors"] == 2)
    #expect(session["init"] == true)
    #expect((session["duration"]?.double ?? 0) >= 9)
    #expect(envelopes[1].headers["dsn"]?.string == lab.server.dsn)
    let request = lab.server.requests[1]
    #expect(
      request.header("x-sentry-auth")
        == "Sentry sentry_key=\(lab.server.publicKey), sentry_version=7, sentry_client=fixture/1")
    // Nothing is left for the next start to send again.
    #expect(left(folder) == [])
  }

  @Test(arguments: TestProducts.handlers)
  func `is sent before a process goes on that waits for its upload`(handler: FilePath) throws {
    let lab = try TransportLab()
    let (process, folder) = try run("crash", lab, handler, environment: ["WAIT": "1"])
    defer { process.end() }
    #expect(try process.wait() == .signaled(signal: SIGABRT, coreDumped: false) || process.termination != nil)
    #expect(lab.server.requests.map { $0.endpoint } == [.minidump, .envelope, .envelope])
    #expect(left(folder) == [])
    try waitForHandler(process)
    #expect(lab.server.requests.count == 3)
  }

  @Test(arguments: TestProducts.handlers)
  func `waits for the next start where the server is down`(handler: FilePath) throws {
    let lab = try TransportLab()
    lab.server.enqueue(.accepted, .response(status: 500))
    let (process, folder) = try run("crash", lab, handler)
    defer { process.end() }
    try waitForHandler(process)
    #expect(lab.server.requests.count == 2)
    let names = left(folder)
    #expect(names.count == 2 && names.allSatisfy { $0.hasSuffix(".envelope") })
    let envelopes = try names.map { try Envelope(bytes: FileSystem.read(folder.appending($0))) }
    #expect(Set(envelopes.flatMap { $0.items.types }) == ["event", "attachment", "session"])
    let session = envelopes.first { $0.items.types == ["session"] }
    #expect(try StructuredValue(json: session?.items[0].payload ?? [])["status"] == "crashed")
  }

  @Test(arguments: TestProducts.handlers)
  func `obeys the server's limits, of which the whole database knows`(handler: FilePath) throws {
    let lab = try TransportLab()
    lab.server.enqueue(.response(status: 200, headers: ["X-Sentry-Rate-Limits": "600:session:organization"]))
    let transport = try lab.start()
    lab.submit(envelope("event"), to: transport)
    lab.end(transport)
    let (process, folder) = try run("crash", lab, handler)
    defer { process.end() }
    try waitForHandler(process)
    #expect(lab.server.requests.map { $0.endpoint } == [.envelope, .minidump, .envelope])
    #expect(try Envelope(bytes: lab.server.requests[2].body).items.types == ["event", "attachment"])
    #expect(left(folder).count == 1)
    // The limit that the handler learns holds for the next transport.
    try FileSystem.remove(lab.database.appending("rate_limits"))
    lab.server.enqueue(.rateLimited(limits: "600:error:key"))
    let second = try run("crash", lab, handler)
    defer { second.process.end() }
    try waitForHandler(second.process)
    let next = try lab.start()
    lab.submit(envelope("event"), to: next)
    lab.end(next)
    #expect(lab.reports.discarded[.init(reason: .rateLimited, category: .error)] == 1)
  }

  @Test(arguments: TestProducts.handlers)
  func `is not sent while its process lives`(handler: FilePath) throws {
    let lab = try TransportLab()
    let (process, folder) = try run("dump", lab, handler)
    defer { process.end() }
    #expect(try process.wait() == .exited(status: 0))
    try waitForHandler(process)
    #expect(lab.server.requests.map { $0.endpoint } == [.minidump])
    #expect(left(folder) == ["left.envelope", "session.json"])
  }

  @Test(arguments: TestProducts.handlers)
  func `goes over TLS with the certificates of the client, and its report too`(handler: FilePath) throws {
    let lab = try TransportLab()
    let server = try TLSServer(lab.folder.path)
    defer { server.stop() }
    let trusting = try run(
      "crash", lab, handler, dsn: "https://key@127.0.0.1:\(server.port)/1",
      environment: ["CERTIFICATES": server.certificate.description])
    defer { trusting.process.end() }
    try waitForHandler(trusting.process)
    #expect(server.requests.count == 3)
    let distrusting = try run("crash", lab, handler, dsn: "https://key@127.0.0.1:\(server.port)/1")
    defer { distrusting.process.end() }
    try waitForHandler(distrusting.process)
    #expect(server.requests.count == 3)
    #expect(left(distrusting.folder).count == 2)
  }
}
