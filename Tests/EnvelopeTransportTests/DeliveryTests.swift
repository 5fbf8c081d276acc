import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

@testable import SentryClient

@Suite(.timeLimit(.minutes(10))) struct `The transport of envelopes` {
  @Test func `sends what it is given, in order, over one connection`() throws {
    let lab = try TransportLab()
    let transport = try lab.start()
    let ids = (0..<5).map { _ in SentryID(bytes: UniqueID.random().bytes) }
    for id in ids { lab.submit(envelope("event", "session", id: id), to: transport) }
    #expect(transport.flush(milliseconds: 60_000))
    let requests = lab.server.requests
    #expect(try lab.accepted.map { $0.eventID } == ids)
    #expect(lab.server.connectionCount == 1)
    #expect(requests[0].target == "/api/1/envelope/")
    #expect(requests[0].method == "POST")
    #expect(requests[0].header("content-encoding") == "gzip")
    #expect(requests[0].header("content-type") == "application/x-sentry-envelope")
    #expect(
      requests[0].header("x-sentry-auth")
        == "Sentry sentry_key=\(lab.server.publicKey), sentry_version=7, sentry_client=test.sdk/1.0")
    #expect(requests[0].header("user-agent") == "test.sdk/1.0")
    #expect(transport.statistics.sent == 5 && transport.statistics.queued == 0)
    lab.end(transport)
    try lab.checkBooks()
  }

  @Test func `has one thread, which bears its name and ends`() throws {
    func threads() -> Int {
      ((try? FileSystem.entries(of: "/proc/self/task")) ?? []).filter { task in
        let name = try? FileSystem.read(FilePath("/proc/self/task").appending(bytes: task).appending("comm"))
        return name == Array("only-in-test-1\n".utf8)
      }.count
    }
    let lab = try TransportLab()
    lab.configure = { $0.threadName = "only-in-test-1" }
    let transport = try lab.start()
    for _ in 0..<3 { lab.submit(envelope("event"), to: transport) }
    #expect(transport.flush(milliseconds: 60_000))
    // The list stops early where another thread ends while it is read.
    try waitUntil("one thread has the name") { threads() == 1 }
    lab.end(transport)
    try waitUntil("the thread's end") { threads() == 0 }
  }

  @Test func `sends bytes of an earlier run as they are`() throws {
    let lab = try TransportLab()
    let transport = try lab.start()
    let bytes = Array("{ \"dsn\":\"x\" }\n{\"type\":\"event\", \"length\":2}\n{}\n".utf8)
    transport.submit(raw: bytes)
    transport.submit(raw: Array("no envelope at all".utf8))
    #expect(transport.flush(milliseconds: 60_000))
    #expect(lab.server.requests.map { $0.body } == [bytes, Array("no envelope at all".utf8)])
    lab.end(transport)
  }

  @Test func `without a DSN says so`() throws {
    let lab = try TransportLab()
    lab.configure = { $0.dsn = nil }
    let transport = HTTPEnvelopeTransport()
    #expect(!transport.start(try lab.context()))
    lab.submit(envelope("event"), to: transport)
    _ = transport.flush(milliseconds: 100)
    lab.end(transport, milliseconds: 100)
    try lab.checkBooks()
    #expect(lab.server.requests.isEmpty)
  }

  @Test func `goes through the proxy that was given`() throws {
    let lab = try TransportLab()
    lab.configure = { [server = lab.server] in
      $0.dsn = try? DSN("http://key@ingest.invalid/42")
      $0.proxy = "http://127.0.0.1:\(server.port)"
    }
    let transport = try lab.start()
    lab.submit(envelope("event"), to: transport)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(lab.server.requests.first?.target == "http://ingest.invalid/api/42/envelope/")
    lab.end(transport)
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Limits of the server` {
  @Test func `take items out of envelopes, also out of those of earlier runs`() throws {
    let lab = try TransportLab()
    lab.server.enqueue(.response(status: 200, headers: ["X-Sentry-Rate-Limits": "60:session, 60:log_item:key"]))
    let transport = try lab.start()
    lab.submit(envelope("event"), to: transport)
    lab.submit(envelope("event", "session"), to: transport)
    lab.submit(envelope("log"), to: transport)
    let raw = envelope("event", "session")
    transport.submit(raw: raw.bytes)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(lab.reports.discarded[.init(reason: .rateLimited, category: .session)] == 2)
    #expect(lab.reports.discarded[.init(reason: .rateLimited, category: .log)] == 1)
    // The second tells what was lost until then, the third what came after it.
    let accepted = try lab.accepted
    #expect(accepted.map { $0.items.types } == [["event"], ["event", "client_report"], ["event", "client_report"]])
    #expect(try lab.told.quantity(.rateLimited, .session) == 2)
    #expect(try lab.told.quantity(.rateLimited, .log) == 1)
    lab.end(transport)
  }

  @Test func `outlive the transport`() throws {
    let lab = try TransportLab()
    lab.server.enqueue(.response(status: 200, headers: ["X-Sentry-Rate-Limits": "600:error:organization"]))
    let first = try lab.start()
    lab.submit(envelope("event"), to: first)
    lab.end(first)
    let second = try lab.start()
    lab.submit(envelope("event", "session"), to: second)
    #expect(second.flush(milliseconds: 60_000))
    #expect(try lab.accepted.map { $0.items.types } == [["event"], ["session", "client_report"]])
    lab.end(second)
    try lab.checkBooks()
  }

  @Test(
    arguments: [
      IngestAnswer.rateLimited(), .rateLimited(retryAfter: "60"), .rateLimited(limits: "60::organization"),
      .rateLimited(retryAfter: "Wed, 21 Oct 2099 07:28:00 GMT"), .rateLimited(limits: "60"),
      .rateLimited(retryAfter: "1", limits: "60:error;session;default:key"), .rateLimited(retryAfter: "soon"),
      .rateLimited(limits: "nonsense"), .rateLimited(limits: "60:error, 60:session:x"),
    ]) func `come with 429 in every form`(answer: IngestAnswer) throws
  {
    let lab = try TransportLab()
    lab.server.enqueue(answer)
    let transport = try lab.start()
    lab.submit(envelope("event"), to: transport)
    lab.submit(envelope("event"), to: transport)
    lab.submit(envelope("session"), to: transport)
    #expect(transport.flush(milliseconds: 60_000))
    // The server counted the first itself, and is told of the others, by the flush.
    #expect(try lab.accepted.map { $0.items.types } == [["client_report"]])
    #expect(try lab.told.total == 2)
    lab.end(transport)
    try lab.checkBooks()
  }

  @Test func `make envelopes wait where they are tried again`() throws {
    let lab = try TransportLab()
    lab.configure = { $0.retries = true }
    lab.server.enqueue(.rateLimited(retryAfter: "600"))
    let first = try lab.start()
    lab.submit(envelope("event"), to: first)
    #expect(first.flush(milliseconds: 60_000))
    #expect(lab.files.map { $0.name.attempt?.count } == [0])
    #expect(first.statistics.retrying == 1)
    #expect(lab.lost == 0)
    try lab.checkBooks()
    // While the limit holds it stays where it is, and no attempt counts.
    first.retry()
    #expect(first.flush(milliseconds: 60_000))
    #expect(lab.files.map { $0.name.attempt?.count } == [0])
    lab.end(first)
    // The limit's end.
    try FileSystem.remove(lab.database.appending("rate_limits"))
    let second = try lab.start()
    second.retry()
    #expect(second.flush(milliseconds: 60_000))
    #expect(lab.files.isEmpty)
    #expect(try lab.accepted.count == 1)
    lab.end(second)
    try lab.checkBooks()
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Reports of losses` {
  @Test func `go with the next envelope, or alone when there is none`() throws {
    let lab = try TransportLab()
    let transport = try lab.start()
    lab.reports.record(.beforeSend, .error, quantity: 3)
    lab.submit(envelope("session"), to: transport)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(try lab.accepted.map { $0.items.types } == [["session", "client_report"]])
    lab.reports.record(.sampleRate, .transaction)
    #expect(transport.flush(milliseconds: 60_000))
    lab.reports.record(.sampleRate, .transaction, quantity: 2)
    lab.end(transport)
    #expect(try lab.accepted.map { $0.items.types }.suffix(2) == [["client_report"], ["client_report"]])
    #expect(try lab.told.quantity(.beforeSend, .error) == 3)
    #expect(try lab.told.quantity(.sampleRate, .transaction) == 3)
  }

  @Test func `are not lost with their request`() throws {
    let lab = try TransportLab()
    lab.server.enqueue(.response(status: 500), .response(status: 413), .resetAfterBody, .response(status: 503))
    let transport = try lab.start()
    lab.reports.record(.beforeSend, .error, quantity: 3)
    for _ in 0..<3 { lab.submit(envelope("session"), to: transport) }
    // The report alone fails as well, and flush does not try for ever.
    #expect(transport.flush(milliseconds: 60_000))
    lab.submit(envelope("session"), to: transport)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(try lab.told.quantity(.beforeSend, .error) == 3)
    #expect(try lab.told.quantity(.sendError, .session) == 2)
    #expect(try lab.told.quantity(.networkError, .session) == 1)
    lab.end(transport)
    #expect(lab.unsent.isEmpty)
  }

  @Test func `that could not be told are handed on`() throws {
    let lab = try TransportLab(answer: .response(status: 500))
    let first = try lab.start()
    lab.submit(envelope("event"), to: first)
    lab.end(first)
    #expect(lab.unsent.count == 1)
    lab.server.answer(.accepted)
    let second = try lab.start()
    second.submit(raw: lab.unsent[0])
    #expect(second.flush(milliseconds: 60_000))
    #expect(try lab.told.quantity(.sendError, .error) == 1)
    #expect(try lab.told.total == 1)
    lab.end(second)
  }

  @Test func `are not sent when nobody wants them`() throws {
    let lab = try TransportLab()
    lab.configure = { $0.sendsClientReports = false }
    let transport = try lab.start()
    lab.reports.record(.beforeSend, .error)
    lab.submit(envelope("session"), to: transport)
    #expect(transport.flush(milliseconds: 60_000))
    lab.end(transport)
    #expect(try lab.accepted.map { $0.items.types } == [["session"]])
    #expect(lab.unsent.isEmpty)
  }

  @Test func `of other processes are told too`() throws {
    let lab = try TransportLab()
    _ = try lab.context()
    try FileSystem.write(Array("network_error error 4\n".utf8), to: lab.database.appending("discarded"))
    let transport = try lab.start()
    lab.submit(envelope("event"), to: transport)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(try lab.told.quantity(.networkError, .error) == 4)
    lab.end(transport)
  }
}
