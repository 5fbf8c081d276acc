import CLinuxShims
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

@testable import SentryClient

/// What servers, proxies and networks do.
enum Misbehaviour: CaseIterable, Sendable {
  case closedPort, resetAtBody, resetAfterBody, brokenResponse, garbage, halfStatusLine, redirect, notFound, tooLarge
  case tooLargeEarly, limited, limitedByDate, internalError, unavailable, unavailableWithDate, dripping, wrongLength
  case endlessHeaders

  var answer: IngestAnswer {
    switch self {
    case .closedPort: .accepted
    case .resetAtBody: .resetAtBody
    case .resetAfterBody: .resetAfterBody
    case .brokenResponse: .brokenResponse
    case .garbage: .garbage("\u{0}\u{1}\u{2} this is not HTTP\r\n\r\n")
    case .halfStatusLine: .garbage("HTTP/1.1 20")
    case .redirect: .response(status: 302, headers: ["Location": "http://127.0.0.1:1/"])
    case .notFound: .response(status: 404)
    case .tooLarge: .response(status: 413)
    case .tooLargeEarly: .earlyResponse(status: 413)
    case .limited: .rateLimited(retryAfter: "60")
    case .limitedByDate: .rateLimited(retryAfter: "Wed, 21 Oct 2099 07:28:00 GMT")
    case .internalError: .response(status: 500)
    case .unavailable: .response(status: 503, headers: ["Retry-After": "30"])
    case .unavailableWithDate: .response(status: 503, headers: ["Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"])
    case .dripping: .dripping(milliseconds: 1, then: .response(status: 500))
    case .wrongLength: .garbage("HTTP/1.1 500 x\r\nContent-Length: -5\r\n\r\n")
    case .endlessHeaders:
      .response(status: 500, headers: Dictionary(uniqueKeysWithValues: (0..<300).map { ("h\($0)", "v") }))
    }
  }
}

enum Keeping: CaseIterable, Sendable {
  case nothing, offline, always, retries, retriesAndOffline

  func apply(_ context: inout TransportContext) {
    switch self {
    case .nothing: break
    case .offline: context.cache.keep = .offline
    case .always: context.cache.keep = .always
    case .retries: context.retries = true
    case .retriesAndOffline:
      context.retries = true
      context.cache.keep = .offline
    }
  }
}

enum Disk: CaseIterable, Sendable { case sound, noFolder, blocked, vanished, readOnly }

@Suite(.timeLimit(.minutes(10))) struct `A misbehaving server` {
  @Test(arguments: Misbehaviour.allCases, Keeping.allCases)
  func `costs nothing that is not counted`(misbehaviour: Misbehaviour, keeping: Keeping) throws {
    try run(misbehaviour, keeping, .sound)
  }

  @Test(arguments: [Misbehaviour.resetAfterBody, .internalError, .limited, .notFound], Disk.allCases)
  func `and a broken disk neither`(misbehaviour: Misbehaviour, disk: Disk) throws {
    for keeping in [Keeping.nothing, .retriesAndOffline] { try run(misbehaviour, keeping, disk) }
  }

  private func run(_ misbehaviour: Misbehaviour, _ keeping: Keeping, _ disk: Disk) throws {
    let lab = try TransportLab(answer: misbehaviour.answer)
    let closed = try ClosedPort()
    lab.configure = { context in
      keeping.apply(&context)
      if misbehaviour == .closedPort { context.dsn = try? DSN("http://k@127.0.0.1:\(closed.port)/1") }
      if disk == .noFolder { context.databasePath = nil }
      if disk == .readOnly { context.databasePath = "/proc/sys" }
    }
    if disk == .blocked {
      // A file where the folder should be.
      try FileSystem.createDirectories(lab.database)
      try FileSystem.write([], to: lab.cache)
    }
    let transport = try lab.start()
    lab.submit(envelope("event", "attachment", "session"), to: transport)
    if disk == .vanished {
      #expect(transport.flush(milliseconds: 60_000))
      try? FileSystem.removeTree(lab.database)
      lab.submit(envelope("event"), to: transport)
    }
    lab.submit(envelope("transaction", payload: #"{"spans":[{}]}"#), to: transport)
    lab.submit(envelope("log"), to: transport)
    let start = MonotonicInstant.now()
    #expect(transport.flush(milliseconds: 60_000))
    #expect(MonotonicInstant.now() < start.advanced(milliseconds: 45_000))
    lab.end(transport)
    if disk == .vanished {
      // What waited on the disk went with it; all else is in the books.
      #expect(lab.lost + lab.files.count >= 1)
    } else {
      try lab.checkBooks()
    }
    if disk == .sound, keeping == .retries, misbehaviour != .tooLarge, misbehaviour != .tooLargeEarly,
      misbehaviour != .notFound
    {
      // The server comes to its senses, and gets everything.
      #expect(!lab.files.isEmpty)
      lab.server.answer(.accepted)
      try? FileSystem.remove(lab.database.appending("rate_limits"))
      let configure = lab.configure
      lab.configure = { [server = lab.server] in
        configure(&$0)
        $0.dsn = try? DSN(server.dsn)
      }
      let next = try lab.start()
      next.retry()
      #expect(next.flush(milliseconds: 60_000))
      lab.end(next)
      #expect(lab.files.isEmpty)
      try lab.checkBooks()
    }
  }

  @Test func `that hangs blocks nobody, and the queue is bounded`() throws {
    let lab = try TransportLab(answer: .silence)
    let transport = try lab.start()
    lab.submit(envelope("event"), to: transport)
    _ = try lab.server.nextRequest()
    let start = MonotonicInstant.now()
    for _ in 0..<(EnvelopeQueue.countLimit + 50) { lab.submit(envelope("session"), to: transport) }
    // Half of the time after which the request that hangs is given up.
    #expect(MonotonicInstant.now() < start.advanced(milliseconds: 30_000))
    #expect(lab.reports.discarded[.init(reason: .queueOverflow, category: .session)] == 50)
    let flushed = MonotonicInstant.now()
    #expect(!transport.flush(milliseconds: 50))
    #expect(!transport.shutdown(milliseconds: 50))
    #expect(MonotonicInstant.now() < flushed.advanced(milliseconds: 30_000))
    lab.end(transport, milliseconds: 0)
    // The one under way, the queue, and a report of what did not fit.
    #expect(lab.unsent.count == 1 + EnvelopeQueue.countLimit + 1)
    try lab.checkBooks()
    lab.submit(envelope("session"), to: transport)
    #expect(lab.reports.discarded[.init(reason: .queueOverflow, category: .session)] == 51)
  }

  @Test func `that hangs does not get the same envelope again from this run`() throws {
    let lab = try TransportLab(answer: .silence)
    lab.configure = { $0.retries = true }
    let transport = try lab.start()
    lab.submit(envelope("event"), to: transport)
    _ = try lab.server.nextRequest()
    lab.end(transport, milliseconds: 10)
    #expect(lab.unsent.count == 1)
    // The worker notices within a second that it shall end; what it had is not its own any more.
    try waitUntil("the worker's end") { transport.statistics.queued == 0 && !transport.isWorking }
    #expect(lab.files.isEmpty)
    #expect(lab.lost == 0)
    try lab.checkBooks()
  }

  @Test(arguments: [false, true])
  func `that changes its mind all the time, and many threads, leave the books right`(retries: Bool) throws {
    let lab = try TransportLab()
    lab.configure = {
      $0.retries = retries
      $0.cache.maxItems = 40
    }
    var random = SystemRandomNumberGenerator()
    let moods: [IngestAnswer] = [
      .accepted, .accepted, .accepted, .response(status: 500), .response(status: 400), .resetAtBody, .resetAfterBody,
      .rateLimited(limits: "0:error"), .garbage("no"),
      .response(status: 200, headers: ["X-Sentry-Rate-Limits": "1:log_item"]),
    ]
    for _ in 0..<400 {
      if let mood = moods.randomElement(using: &random) { lab.server.enqueue(mood) }
    }
    let count = Counter()
    for _ in 0..<3 {
      let transport = try lab.start()
      let threads = Counter()
      for _ in 0..<4 {
        _ = try WorkerThread(name: "submitter") {
          for index in 0..<40 {
            let next = index % 3 == 0 ? envelope("event", "attachment", "session") : envelope("log")
            transport.submit(next)
            count.add(next.items.count)
          }
          threads.add(1)
        }
      }
      try waitUntil("the threads' end") { threads.value == 4 }
      if retries { transport.retry() }
      lab.end(transport)
    }
    lab.noteSubmitted(count.value)
    try lab.checkBooks()
    // What the server was told, and will be told, is what it does not know by itself.
    #expect(try lab.told.total <= lab.reports.discarded.reduce(0) { $0 + UInt64($1.value) })
  }

  final class Counter: @unchecked Sendable {
    private let lock = Lock()
    private var sum = 0
    func add(_ number: Int) { lock.withLock { sum += number } }
    var value: Int { lock.withLock { sum } }
  }

  @Test func `is given up in the time that is set`() throws {
    let lab = try TransportLab(answer: .silence)
    lab.configure = { $0.transferTimeout = 200 }
    let transport = try lab.start()
    lab.submit(envelope("event"), to: transport)
    #expect(transport.flush(milliseconds: 60_000))
    #expect(lab.reports.discarded[.init(reason: .networkError, category: .error)] == 1)
    lab.end(transport)
    try lab.checkBooks()
  }

  @Test func `makes a large envelope wait for its turn, not the memory`() throws {
    var queue = EnvelopeQueue()
    let large = OutgoingEnvelope.raw([UInt8](repeating: 0, count: EnvelopeQueue.byteLimit / 2))
    var taken = [large, large, large, .raw([1])].map { queue.append($0) }
    #expect(taken == [true, true, false, false])
    let first = queue.next()
    #expect(first?.size == large.size)
    taken = [queue.append(.raw([1]))]
    #expect(taken == [true])
    _ = queue.next()
    _ = queue.next()
    #expect(queue.isEmpty && queue.byteCount == 0)
    // Alone, anything goes.
    taken = [queue.append(.raw([UInt8](repeating: 0, count: EnvelopeQueue.byteLimit + 1)))]
    #expect(taken == [true])
  }
}

@Suite(.timeLimit(.minutes(10))) struct `A process with a transport` {
  private func run(_ mode: String, _ lab: TransportLab, fault: String? = nil) throws -> RunningProcess {
    _ = try lab.context()
    return try RunningProcess(
      try productsDirectory().appending("TransportFixture"), [mode, lab.server.dsn, lab.database.description],
      environment: ["SENTRY_NATIVE_FAULT": fault, "SWIFT_BACKTRACE": "enable=no"])
  }

  @Test func `whose disk is full counts what it cannot keep`() throws {
    let lab = try TransportLab(answer: .response(status: 503))
    let process = try run("retry", lab, fault: "cache.store:28")
    defer { process.end() }
    #expect(try process.wait() == .exited(status: 0))
    #expect(
      process.output
        == "done true sent 0 retrying 0 failed 1\nlost send_error attachment 1\nlost send_error error 1\nunsent 1\n")
    #expect(process.errorOutput.isEmpty)
  }

  @Test func `that is killed while it keeps something leaves no half of it`() throws {
    let lab = try TransportLab(answer: .response(status: 503))
    let process = try run("retry", lab, fault: "cache.store:kill")
    defer { process.end() }
    #expect(try process.wait() == .signaled(signal: SIGKILL, coreDumped: false))
    #expect(lab.files.isEmpty)
  }

  @Test func `that forks sends nothing twice`() throws {
    let lab = try TransportLab(answer: .accepted)
    lab.server.enqueue(.delayed(milliseconds: 60_000, then: .accepted))
    lab.server.enqueue(.accepted)
    let process = try run("fork", lab)
    defer { process.end() }
    _ = try lab.server.nextRequest()
    try FileSystem.write([], to: lab.database.appending("go"))
    // The child's own envelope comes while its parent's first is under way.
    let second = try lab.server.nextRequest()
    #expect(try Envelope(bytes: second.body).items.types == ["feedback"])
    try process.waitForOutput(containing: "child true")
    process.end()
    #expect(try lab.server.requests.map { try Envelope(bytes: $0.body).items.types } == [["event"], ["feedback"]])
  }
}
