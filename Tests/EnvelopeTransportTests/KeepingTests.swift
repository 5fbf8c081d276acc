import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing
import Uploader

@testable import SentryClient

@Suite struct `Names in the cache` {
  private let id = UniqueID.random()

  @Test func `are those of native SDKs`() {
    #expect(CachedFileName(id: id).text == "\(id).envelope")
    let waiting = CachedFileName(id: id, attempt: .init(time: 1_700_000_000_123, count: 3))
    #expect(waiting.text == "1700000000123-03-\(id).envelope")
    for name in [CachedFileName(id: id), waiting] { #expect(CachedFileName(Array(name.text.utf8)) == name) }
  }

  @Test(
    arguments: [
      "", ".envelope", "x.envelope", "-00-ID.envelope", "1-0-ID.envelope", "1-000-ID.envelope", "1--ID.envelope",
      "99999999999999999999-00-ID.envelope", "a-00-ID.envelope", "1-00ID.envelope", "ID.dmp", "ID.envelope.tmp",
      "1-00-1-00-ID.envelope", "-ID.envelope",
    ]) func `that make no sense are nobody's`(text: String)
  {
    let name = text.replacingID(id)
    #expect(CachedFileName(Array(name.utf8)) == nil)
  }

  @Test func `say what belongs to an envelope`() {
    let name = CachedFileName(id: id)
    #expect(name.owns(Array("\(id).dmp".utf8)))
    #expect(name.owns(Array("\(id)-video.mp4".utf8)))
    #expect(!name.owns(Array("\(id).envelope".utf8)))
    #expect(!name.owns(Array("\(id)".utf8)))
    #expect(!name.owns(Array("\(UniqueID.random()).dmp".utf8)))
  }
}

extension String {
  fileprivate func replacingID(_ id: UniqueID) -> String {
    split(separator: "ID", omittingEmptySubsequences: false).joined(separator: id.description)
  }
}

@Suite struct `The times of another attempt` {
  @Test func `double, and end`() {
    var attempt: CachedFileName.Attempt? = .init(time: 0, count: 0)
    var minutes: [Int64] = []
    var now: Int64 = 0
    while let known = attempt {
      let due = RetrySchedule.due(known)
      minutes.append((due - now) / 60_000)
      now = due
      attempt = RetrySchedule.next(known, now: now)
    }
    #expect(minutes == [15, 30, 60, 120, 240, 480])
  }

  @Test(arguments: [Int64.min, -1, 0, .max], [Int.min, -1, 0, 99, .max])
  func `survive any name`(time: Int64, count: Int) {
    let attempt = CachedFileName.Attempt(time: time, count: count)
    _ = RetrySchedule.due(attempt)
    _ = RetrySchedule.next(attempt, now: .max)
    _ = CachedFileName(id: .random(), attempt: attempt).text
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Envelopes that wait` {
  /// A waiting envelope, as an earlier run left it.
  private func leave(_ lab: TransportLab, count: Int, minutesAgo: Int64, _ envelope: Envelope) throws -> UniqueID {
    _ = try lab.context()
    let id = UniqueID.random()
    let time = (Timestamp.now().seconds - minutesAgo * 60) * 1000
    let cache = EnvelopeCache(database: lab.database, policy: CachePolicy())
    #expect(cache.store(envelope.bytes, as: CachedFileName(id: id, attempt: .init(time: time, count: count))))
    return id
  }

  private func settle(_ lab: TransportLab, _ transport: HTTPEnvelopeTransport) {
    transport.retry()
    #expect(transport.flush(milliseconds: 60_000))
  }

  @Test func `are sent by the next run, byte for byte, and once`() throws {
    let lab = try TransportLab()
    lab.configure = { $0.retries = true }
    let waiting = envelope("event", "session")
    _ = try leave(lab, count: 4, minutesAgo: 1, waiting)
    // Two runs at the same time.
    let transports = [try lab.start(), try lab.start()]
    for transport in transports { settle(lab, transport) }
    #expect(lab.server.requests.map { $0.body } == [waiting.bytes])
    #expect(lab.files.isEmpty)
    for transport in transports { lab.end(transport) }
  }

  @Test func `are given up after the sixth failure, and counted`() throws {
    let lab = try TransportLab(answer: .response(status: 503))
    lab.configure = { $0.retries = true }
    _ = try leave(lab, count: 5, minutesAgo: 60 * 24, envelope("event", "attachment"))
    let transport = try lab.start()
    settle(lab, transport)
    #expect(lab.files.isEmpty)
    #expect(lab.reports.discarded[.init(reason: .sendError, category: .error)] == 1)
    #expect(lab.reports.discarded[.init(reason: .sendError, category: .attachment)] == 1)
    lab.end(transport)
  }

  @Test func `are kept when they are given up and the cache is on`() throws {
    let lab = try TransportLab(answer: .resetAfterBody)
    lab.configure = {
      $0.retries = true
      $0.cache.keep = .offline
    }
    let id = try leave(lab, count: 5, minutesAgo: 60 * 24, envelope("event"))
    let transport = try lab.start()
    settle(lab, transport)
    #expect(lab.files.map { $0.name } == [CachedFileName(id: id)])
    #expect(lab.reports.discarded[.init(reason: .networkError, category: .error)] == 1)
    lab.end(transport)
  }

  @Test func `wait twice as long after each failure, and the first failure of the network ends the pass`() throws {
    let lab = try TransportLab(answer: .resetAfterBody)
    lab.configure = { $0.retries = true }
    for minutes in 1...3 { _ = try leave(lab, count: 1, minutesAgo: Int64(100 * minutes), envelope("event")) }
    let transport = try lab.start()
    try waitUntil("the first look") { lab.server.requests.count == 1 }
    #expect(transport.flush(milliseconds: 60_000))
    try waitUntil("its end") { lab.files.map { $0.name.attempt?.count ?? 0 }.sorted() == [1, 1, 2] }
    #expect(lab.server.requests.count == 1)
    lab.end(transport)
    #expect(lab.lost == 0)
  }

  @Test func `are refused for good by a server that says so`() throws {
    let lab = try TransportLab(answer: .response(status: 400))
    lab.configure = { $0.retries = true }
    _ = try leave(lab, count: 0, minutesAgo: 60, envelope("event"))
    let transport = try lab.start()
    settle(lab, transport)
    #expect(lab.files.isEmpty)
    #expect(lab.reports.discarded[.init(reason: .sendError, category: .error)] == 1)
    lab.end(transport)
  }

  @Test func `are bounded in number, size and age, the newest staying`() throws {
    for bound in 0..<3 {
      let lab = try TransportLab(answer: .response(status: 503))
      lab.configure = {
        $0.retries = true
        switch bound {
        case 0: $0.cache.maxItems = 3
        case 1:
          $0.cache.maxItems = 0
          $0.cache.maxSize = 1000
        default: $0.cache.maxAge = 3600
        }
      }
      let transport = try lab.start()
      for _ in 0..<10 {
        lab.submit(envelope("event", payload: String(repeating: "x", count: 200)), to: transport)
      }
      #expect(transport.flush(milliseconds: 60_000))
      #expect(lab.files.count == (bound == 0 ? 3 : bound == 1 ? 3 : 10))
      #expect(
        lab.reports.discarded[.init(reason: .cacheOverflow, category: .error)] ?? 0 == 10 - lab.files.count)
      lab.end(transport)
      try lab.checkBooks()
    }
  }

  @Test func `go without leaving a trace when they are too old`() throws {
    let lab = try TransportLab(answer: .response(status: 503))
    lab.configure = {
      $0.retries = true
      $0.cache.maxAge = 3600
    }
    let id = try leave(lab, count: 0, minutesAgo: 0, envelope("event"))
    let sibling = lab.cache.appending("\(id)-large.bin")
    try FileSystem.write([1], to: sibling)
    for path in try FileSystem.entries(of: lab.cache).map({ lab.cache.appending(bytes: $0) }) {
      #expect(try RunningProcess.run("/usr/bin/env", ["touch", "-d", "2 hours ago", path.description]).succeeded)
    }
    let transport = try lab.start()
    settle(lab, transport)
    #expect(try FileSystem.entries(of: lab.cache).isEmpty)
    #expect(lab.reports.discarded[.init(reason: .cacheOverflow, category: .error)] == 1)
    lab.end(transport)
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Consent` {
  @Test func `is waited for where something can be kept`() throws {
    let lab = try TransportLab()
    lab.configure = {
      $0.retries = true
      $0.maySend = false
    }
    let transport = try lab.start()
    lab.submit(envelope("event"), to: transport)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(lab.server.requests.isEmpty)
    #expect(lab.files.count == 1 && lab.lost == 0)
    try lab.checkBooks()
    transport.consentChanged(maySend: true)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(lab.server.requests.count == 1 && lab.files.isEmpty)
    transport.consentChanged(maySend: false)
    lab.submit(envelope("event"), to: transport)
    lab.end(transport)
    #expect(lab.server.requests.count == 1)
    try lab.checkBooks()
  }

  @Test func `that is missing drops and counts where nothing is kept`() throws {
    let lab = try TransportLab()
    lab.configure = { $0.maySend = false }
    let transport = try lab.start()
    lab.submit(envelope("event", "session"), to: transport)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(lab.reports.discarded[.init(reason: .noConsent, category: .error)] == 1)
    #expect(lab.reports.discarded[.init(reason: .noConsent, category: .session)] == 1)
    lab.end(transport)
    #expect(lab.server.requests.isEmpty)
    try lab.checkBooks()
  }
}

@Suite(.timeLimit(.minutes(10))) struct `A large attachment` {
  private func item(_ lab: TransportLab, _ id: SentryID, bytes: Int = 300_000) throws -> EnvelopeItem {
    _ = try lab.context()
    let source = lab.folder.appending("my dump/..core.bin")
    try FileSystem.createDirectories(source.directory)
    try FileSystem.write([UInt8](repeating: 7, count: bytes), to: source)
    return try #require(
      LargeAttachment.item(
        path: source, filename: "../..my core.bin", contentType: "application/x-core",
        attachmentType: "event.attachment", database: lab.database, eventID: id))
  }

  private func submit(_ lab: TransportLab, _ transport: HTTPEnvelopeTransport) throws -> String {
    let id = SentryID(bytes: UniqueID.random().bytes) ?? .empty
    var large = envelope("event", id: id)
    large.items.append(try item(lab, id))
    lab.submit(large, to: transport)
    return id.dashed
  }

  @Test func `goes before its envelope, by two requests`() throws {
    let lab = try TransportLab()
    lab.server.enqueue(
      .response(status: 201, headers: ["Location": "/api/1/upload/place-7/?x=1"]), .response(status: 204))
    let transport = try lab.start()
    let id = try submit(lab, transport)
    #expect(transport.flush(milliseconds: 60_000))
    let requests = lab.server.requests
    #expect(requests.map { $0.method } == ["POST", "PATCH", "POST"])
    #expect(requests[0].target == "/api/1/upload/")
    #expect(requests[0].header("upload-length") == "300000")
    #expect(requests[0].header("tus-resumable") == "1.0.0")
    #expect(requests[0].header("x-sentry-auth")?.contains(lab.server.publicKey) == true)
    #expect(
      requests[0].header("upload-metadata") == "sentry eyJhdHRhY2htZW50X3R5cGUiOiJldmVudC5hdHRhY2htZW50In0=")
    #expect(requests[1].target == "/api/1/upload/place-7/?x=1")
    #expect(requests[1].header("upload-offset") == "0")
    #expect(requests[1].header("content-type") == "application/offset+octet-stream")
    #expect(requests[1].body == [UInt8](repeating: 7, count: 300_000))
    let reference = try Envelope(bytes: requests[2].body).items[1]
    #expect(reference.headers["content_type"] == "application/vnd.sentry.attachment-ref+json")
    #expect(reference.headers["attachment_length"] == 300_000)
    #expect(reference.headers["filename"] == "../..my core.bin")
    let payload = try StructuredValue(json: reference.payload)
    #expect(payload["location"] == "/api/1/upload/place-7/?x=1")
    #expect(payload["path"]?.string == "\(id)-_..my_core.bin")
    #expect(try FileSystem.entries(of: lab.cache).isEmpty)
    lab.end(transport)
    try lab.checkBooks()
  }

  @Test(arguments: [IngestAnswer.response(status: 413), .response(status: 201), .response(status: 500), .resetAtBody])
  func `that cannot be sent is counted, and its envelope goes without it`(answer: IngestAnswer) throws {
    let lab = try TransportLab()
    lab.server.enqueue(answer)
    let transport = try lab.start()
    _ = try submit(lab, transport)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(try lab.accepted.filter { $0.eventID != nil }.map { $0.items.types } == [["event", "client_report"]])
    #expect(try lab.told.quantity(.sendError, .attachment) == 1)
    #expect(try FileSystem.entries(of: lab.cache).isEmpty)
    lab.end(transport)
  }

  @Test func `waits with its envelope, and is not uploaded twice`() throws {
    let lab = try TransportLab()
    lab.configure = { $0.retries = true }
    lab.server.enqueue(.response(status: 503))
    let transport = try lab.start()
    _ = try submit(lab, transport)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(lab.files.count == 1 && lab.files[0].siblings.count == 1)
    try lab.checkBooks()
    lab.server.enqueue(
      .response(status: 201, headers: ["Location": "/place"]), .response(status: 204), .response(status: 500))
    transport.retry()
    #expect(transport.flush(milliseconds: 60_000))
    #expect(lab.files.count == 1)
    lab.end(transport)
    try lab.checkBooks()
  }

  @Test(arguments: ["../../etc/passwd", "/etc/passwd", "..", "", "a/b"])
  func `that an envelope of somebody names is only looked for in the cache`(path: String) throws {
    let lab = try TransportLab()
    _ = try lab.context()
    var foreign = envelope("event")
    let payload: StructuredValue = ["path": .string(path)]
    var item = EnvelopeItem(type: "attachment", payload: payload.json)
    item.headers["content_type"] = .string("application/vnd.sentry.attachment-ref+json")
    foreign.items.append(item)
    let transport = try lab.start()
    transport.submit(raw: foreign.bytes)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(lab.server.requests.map { $0.method } == ["POST"])
    lab.end(transport)
  }

  @Test func `beyond 1 GiB is refused`() throws {
    let lab = try TransportLab()
    _ = try lab.context()
    let file = lab.folder.appending("huge")
    try FileSystem.open(file, [.write, .create]).truncate(to: LargeAttachment.limit + 1)
    #expect(
      LargeAttachment.item(path: file, filename: "huge", database: lab.database, eventID: .empty) == nil)
    #expect(LargeAttachment.item(path: "/nonexistent", filename: "x", database: lab.database, eventID: .empty) == nil)
    #expect(LargeAttachment.item(path: "/dev/zero", filename: "x", database: lab.database, eventID: .empty) == nil)
  }
}

@Suite(.timeLimit(.minutes(10))) struct `An application's own network` {
  final class Requests: @unchecked Sendable {
    let condition = Condition()
    var seen: [(method: String, url: String, headers: [HTTPHeader], bytes: Int)] = []
    var starts = 0
    var ends = 0
    var answers: [Result<HTTPResponse, UploaderError>] = []
  }

  private func client(_ requests: Requests) -> CustomHTTPClient {
    CustomHTTPClient(
      start: { _ in
        requests.starts += 1
        return true
      },
      shutdown: { requests.ends += 1 },
      send: { (request) throws(UploaderError) in
        let answer = requests.condition.withLock {
          var bytes = -1
          if case .bytes(let body)? = request.content { bytes = body.count }
          requests.seen.append((request.method, request.url, request.headers, bytes))
          return requests.answers.isEmpty ? .success(HTTPResponse(status: 200)) : requests.answers.removeFirst()
        }
        return try answer.get()
      })
  }

  @Test func `executes requests, and the transport does the rest`() throws {
    let lab = try TransportLab()
    lab.configure = { $0.retries = true }
    let requests = Requests()
    requests.answers = [
      .success(HTTPResponse(status: 200, headers: [HTTPHeader("x-sentry-rate-limits", "60:session")])),
      .failure(UploaderError(.noConnection, "no network")),
    ]
    let transport = try lab.start(client: client(requests))
    lab.submit(envelope("event"), to: transport)
    lab.submit(envelope("event", "session"), to: transport)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(transport.statistics.retrying == 1)
    lab.end(transport)
    #expect(requests.starts == 1 && requests.ends == 1)
    // The third is the report of what the limit cost.
    #expect(requests.seen.map { $0.method } == ["POST", "POST", "POST"])
    #expect(requests.seen.allSatisfy { $0.url == lab.server.envelopeURL && $0.bytes > 0 })
    #expect(requests.seen[0].headers.contains(HTTPHeader("content-encoding", "gzip")))
    #expect(lab.reports.discarded[.init(reason: .rateLimited, category: .session)] == 1)
    #expect(lab.server.requests.isEmpty)
  }

  @Test func `that is not there keeps everything`() throws {
    let lab = try TransportLab()
    let requests = Requests()
    requests.answers = [.failure(UploaderError(.libraryMissing, "libcurl is not installed"))]
    let first = try lab.start(client: client(requests))
    lab.submit(envelope("event"), to: first)
    #expect(first.flush(milliseconds: 60_000))
    #expect(first.statistics.lastError == "libcurl is not installed")
    lab.end(first)
    #expect(lab.files.count == 1)
    try lab.checkBooks()
    let second = try lab.start()
    try waitUntil("the next run has sent it") { lab.server.requests.count == 1 && lab.files.isEmpty }
    lab.end(second)
    try lab.checkBooks()
  }

  @Test func `takes whole envelopes, in the thread that submits them`() throws {
    final class Seen: @unchecked Sendable {
      var envelopes: [Envelope] = []
      var threads: Set<Int32> = []
      var flushed: [Int64] = []
    }
    let lab = try TransportLab()
    let seen = Seen()
    let transport = CustomTransport(
      start: { $0.dsn != nil },
      flush: { milliseconds in
        seen.flushed.append(milliseconds)
        return false
      },
      send: { envelope in
        seen.envelopes.append(envelope)
        seen.threads.insert(ProcessIdentity.threadID())
      })
    #expect(transport.start(try lab.context()))
    let first = envelope("event")
    transport.submit(first)
    transport.submit(raw: first.bytes)
    transport.submit(raw: Array("nothing".utf8))
    #expect(seen.envelopes == [first, try Envelope(bytes: first.bytes)])
    #expect(seen.threads == [ProcessIdentity.threadID()])
    #expect(!transport.flush(milliseconds: 7) && seen.flushed == [7])
    #expect(transport.shutdown(milliseconds: 7))
    transport.consentChanged(maySend: false)
    transport.submit(first)
    #expect(seen.envelopes.count == 2)
    #expect(lab.reports.discarded[.init(reason: .noConsent, category: .error)] == 1)
    #expect(lab.reports.discarded[.init(reason: .internalError, category: .other)] == 1)
  }

  @Test func `over TLS needs the certificate`() throws {
    let lab = try TransportLab()
    let server = try TLSServer(lab.folder.path)
    defer { server.stop() }
    for isTrusted in [false, true] {
      lab.configure = {
        $0.dsn = try? DSN("https://key@127.0.0.1:\(server.port)/1")
        $0.sendsClientReports = false
        if isTrusted { $0.caCertificates = server.certificate }
      }
      let transport = try lab.start()
      lab.submit(envelope("event"), to: transport)
      #expect(transport.flush(milliseconds: 60_000))
      lab.end(transport)
      #expect(server.requests == (isTrusted ? ["POST /api/1/envelope/"] : []))
      #expect(lab.reports.discarded[.init(reason: .networkError, category: .error)] == 1)
    }
  }
}
