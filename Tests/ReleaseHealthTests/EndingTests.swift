import CLinuxShims
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

/// A way to end, and what the server is to know of the session then.
struct Ending: Sendable, CustomTestStringConvertible {
  let name: String
  let steps: [String]
  /// Of all sessions that the server heard of, sorted.
  let statuses: [String]
  /// Errors of the last one.
  var errors = 0
  /// What is sent without another start.
  var isToldAtOnce = false

  init(_ name: String, _ steps: [String], _ statuses: [String], errors: Int = 0, atOnce: Bool = false) {
    self.name = name
    self.steps = steps
    self.statuses = statuses
    self.errors = errors
    isToldAtOnce = atOnce
  }

  var testDescription: String { name }

  static let all = [
    Ending("close", ["start", "close"], ["exited"], atOnce: true),
    Ending("close, then exit", ["start", "close", "exit=3"], ["exited"], atOnce: true),
    Ending("exit", ["start", "exit=0"], ["exited"]),
    Ending("exit with a status", ["start", "exit=7"], ["exited"]),
    Ending("return from main", ["start"], ["exited"]),
    Ending("exit with an error before", ["start", "error", "exit=1"], ["exited"], errors: 1),
    Ending("_exit", ["start", "_exit=0"], ["abnormal"]),
    Ending("quick_exit", ["start", "quick_exit=0"], ["abnormal"]),
    Ending("SIGTERM", ["start", "signal=15"], ["abnormal"]),
    Ending("kill -9", ["start", "signal=9"], ["abnormal"]),
    Ending("kill -9 with errors before", ["start", "error", "error", "info", "signal=9"], ["abnormal"], errors: 2),
    Ending("abort", ["start", "abort"], ["crashed"], errors: 1, atOnce: true),
    Ending("segmentation fault", ["start", "segv"], ["crashed"], errors: 1, atOnce: true),
    Ending("segmentation fault in a thread", ["start", "thread-segv"], ["crashed"], errors: 1, atOnce: true),
    Ending("kill -SEGV", ["start", "signal=11"], ["crashed"], errors: 1, atOnce: true),
    Ending("fatalError", ["start", "fatalError"], ["crashed"], errors: 1, atOnce: true),
    Ending("stack overflow", ["start", "overflow"], ["crashed"], errors: 1, atOnce: true),
    Ending("handled errors, then a crash", ["start", "error", "error", "abort"], ["crashed"], errors: 3, atOnce: true),
    Ending("a crash that the hook discards", ["discard-crashes", "start", "abort"], ["abnormal"], atOnce: true),
    Ending("close, then a crash", ["start", "close", "abort"], ["exited"], atOnce: true),
    Ending("the session ended by hand, then a crash", ["start", "end-session", "abort"], ["exited"]),
    Ending("a second session, then a crash", ["start", "session", "abort"], ["crashed", "exited"], errors: 1),
    Ending("exec of another program", ["start", "exec=/bin/true"], ["abnormal"]),
    Ending("exec of itself", ["start", "exec-self", "start", "flush", "close"], ["exited", "exited"], atOnce: true),
    Ending("a forked child that exits", ["start", "fork-exit", "close"], ["exited"], atOnce: true),
    Ending("quick restart", ["start", "close", "start", "close"], ["exited", "exited"], atOnce: true),
    Ending("no release", ["no-release", "start", "error", "abort"], []),
    Ending("no tracking", ["no-tracking", "start", "error", "exit=0"], []),
  ]
}

@Suite(.timeLimit(.minutes(10))) struct `How a run ends` {
  let run: HealthRun
  init() throws { run = try HealthRun() }

  @Test(arguments: Ending.all) func `the server knows how it ended`(_ ending: Ending) throws {
    try run.run(ending.steps)
    if ending.isToldAtOnce {
      try run.waitForEnds(ending.statuses.count)
    } else {
      try run.nextStart()
      if !ending.statuses.isEmpty { try run.waitForEnds(ending.statuses.count) }
    }
    #expect(run.statuses.sorted() == ending.statuses)
    if ending.statuses.count == 1 {
      let session = try #require(run.sessions.first)
      #expect(session.errors == ending.errors)
      #expect(session.duration >= 0 && session.duration < 60)
    }
    // Each session was announced once, with its first item; what was under way at a crash may be sent again as it was.
    for session in run.sessions {
      var items: [StructuredValue] = []
      for item in run.payloads("session") where item["sid"]?.string == session.id.dashed && !items.contains(item) {
        items.append(item)
      }
      #expect(items.map { $0["init"]?.bool ?? false } == [true] + items.dropFirst().map { _ in false })
    }
    // Whatever comes later tells nothing more.
    let count = run.payloads("session").count
    try run.nextStart()
    #expect(run.payloads("session").count == count)
  }

  /// What the next start says of how earlier runs ended.
  /// - Parameter flush: how long it waits at most, in milliseconds.
  private func earlier(_ steps: [String] = [], flush: Int = 60_000) throws -> String {
    let process = try run.start(["no-tracking"] + steps + ["start", "earlier", "flush=\(flush)", "close"])
    _ = try process.wait()
    let line = process.output.split(separator: "\n").first { $0.hasPrefix("earlier=") }
    return String(try #require(line, "\(process.errorOutput)").dropFirst("earlier=".count))
  }

  @Test func `killed for its memory, which is told from other kills`() throws {
    let group = try MemoryGroup(limit: 64 << 20)
    defer { group.remove() }
    let end = try run.run(["join=\(group.path)", "start", "memory"])
    #expect(end == .signaled(signal: 9, coreDumped: false))
    #expect(try earlier() == "out-of-memory")
    #expect(run.statuses == ["abnormal"])
    // In the same group, where somebody was killed for memory before.
    try run.run(["join=\(group.path)", "start", "signal=9"])
    #expect(try earlier() == "killed")
  }

  @Test func `a kill, a crash, an exit and a restart of the machine are told apart`() throws {
    try run.run(["start", "signal=9"])
    #expect(try earlier() == "killed")
    try run.run(["start", "exit=1"])
    #expect(try earlier() == "exited")
    try run.run(["no-tracking", "start", "signal=9"])
    #expect(try earlier() == "unknown")
    // Without consent everything stays, also what our handler would have sent at once.
    try run.run(["consent-required", "start", "abort"])
    #expect(try earlier(["consent-required"], flush: 15_000) == "crashed")
    #expect(try earlier() == "crashed")
    try run.run(["start", "signal=9"])
    for name in try FileSystem.entries(of: run.database) where name.suffix(4).elementsEqual(".run".utf8) {
      let path = run.database.appending(bytes: name).appending("__sentry-process")
      var value = try #require(try StructuredValue(json: FileSystem.read(path)).object)
      value["boot_id"] = "00000000-0000-0000-0000-000000000000"
      try FileSystem.write(StructuredValue.object(value).json, to: path)
    }
    #expect(try earlier() == "reboot")
    #expect(try earlier() == "")
  }

  @Test func `limits of its control group are in what it sends`() throws {
    let group = try MemoryGroup(limit: 96 << 20)
    defer { group.remove() }
    try run.run(["join=\(group.path)", "no-tracking", "start", "error", "flush", "close"])
    let contexts = try #require(run.payloads("event").first?["contexts"])
    #expect(contexts["container"]?["memory_limit"]?.int64 == 96 << 20)
    #expect(contexts["device"]?["usable_memory"]?.int64 == 96 << 20)
  }

  @Test func `what an earlier run left is not lost when the next one is killed while it sends`() throws {
    run.server.answer(.silence)
    try run.run(["start", "error", "log=words", "transaction=job", "signal=9"])
    for _ in 0..<2 {
      let known = run.server.requests.count
      let process = try run.start(["no-tracking", "start", "say=ready", "wait"])
      try process.waitForOutput(containing: "said=ready")
      try waitUntil("it sends") { run.server.requests.count > known }
      process.send(signal: 9)
      _ = try process.wait()
    }
    // One that may not wait for the end either.
    try run.run(["no-tracking", "shutdown-timeout=2000", "start", "close"])
    run.server.answer(.accepted)
    let sent = run.server.requests.count
    try run.nextStart()
    let envelopes = run.server.requests.dropFirst(sent).compactMap { try? Envelope(bytes: $0.body) }
    let types = envelopes.flatMap { $0.items.map { $0.type } }
    // In their order, the session's end last.
    #expect(types.filter { $0 != "client_report" } == ["event", "session", "log", "transaction", "session"])
    #expect(run.sessions.map { $0.status } == [.abnormal])
    #expect(try FileSystem.entries(of: run.database).allSatisfy { !$0.suffix(4).elementsEqual(".run".utf8) })
  }

  @Test func `crashes and kills on one database are not mixed up`() throws {
    let waiting = try run.start(["start", "say=ready", "wait"])
    try waiting.waitForOutput(containing: "said=ready")
    try run.run(["start", "error", "abort"])
    try run.run(["start", "abort"])
    waiting.send(signal: 9)
    _ = try waiting.wait()
    try run.nextStart()
    try run.waitForEnds(3)
    #expect(run.statuses.sorted() == ["abnormal", "crashed", "crashed"])
    #expect(run.sessions.map { $0.errors }.sorted() == [0, 1, 2])
  }

  @Test func `a process that lives keeps its session while others come and go`() throws {
    let waiting = try run.start(["start", "say=ready", "wait"])
    try waiting.waitForOutput(containing: "said=ready")
    try run.nextStart()
    #expect(run.statuses.isEmpty)
    waiting.send(signal: 9)
    _ = try waiting.wait()
    try run.nextStart()
    #expect(run.statuses == ["abnormal"])
  }

  @Test func `a crash whose handler is killed while it sends`() throws {
    run.server.answer(.delayed(milliseconds: 20_000, then: .accepted))
    let process = try run.start(["start", "abort"])
    _ = try process.wait()
    _ = try run.server.nextRequest()
    for member in process.livingFamily() { _ = kill(member, SIGKILL) }
    try waitUntil("the handler is gone") { process.livingFamily().isEmpty }
    run.server.answer(.accepted)
    try run.nextStart()
    try run.waitForEnds(1)
    #expect(run.statuses == ["crashed"])
  }

  @Test func `a crash without any handler counts as killed`() throws {
    // Nobody made a report: nobody can say that it was a crash.
    try run.run(["start", "abort"], handler: "/nonexistent/handler")
    try run.nextStart(handler: "/nonexistent/handler")
    #expect(["abnormal", "crashed"].contains(run.statuses.first ?? ""))
    #expect(run.statuses.count == 1)
  }

  @Test func `nothing is told before the user agrees`() throws {
    try run.run(["consent-required", "start", "abort"])
    try run.nextStart(["consent-required"], flush: 15_000)
    #expect(run.server.requests.isEmpty)
  }

  @Test func `the open transaction is sent as aborted, logs and metrics are not lost`() throws {
    try run.run(["start", "transaction=job", "log=last words", "count=steps", "abort"])
    try run.waitForEnds(1)
    let transaction = try #require(run.payloads("transaction").first)
    #expect(transaction["transaction"] == "job" && transaction["contexts"]?["trace"]?["status"] == "aborted")
    #expect(transaction["release"] == "fixture@1.2.3" && transaction["contexts"]?["os"]?["name"] == "Linux")
    let spans = transaction["spans"]?.array ?? []
    #expect(spans.map { $0["op"]?.string } == ["finished", "open"])
    #expect(spans.map { $0["status"]?.string } == ["ok", "aborted"])
    #expect(spans.allSatisfy { $0["timestamp"]?.string != nil })
    let log = try #require(run.payloads("log").first?["items"]?[0])
    #expect(log["body"] == "last words" && log["trace_id"] == transaction["contexts"]?["trace"]?["trace_id"])
    #expect(run.payloads("trace_metric").first?["items"]?[0]?["name"] == "steps")
    try run.nextStart()
    #expect(run.payloads("transaction").count == 1 && run.payloads("log").count == 1)
  }

  @Test func `a killed run's logs and its transaction come with the next start`() throws {
    try run.run(["start", "transaction=job", "log=last words", "count=steps", "signal=9"])
    try run.nextStart()
    #expect(run.statuses == ["abnormal"])
    #expect(run.payloads("log").first?["items"]?[0]?["body"] == "last words")
    #expect(run.payloads("trace_metric").first?["items"]?[0]?["name"] == "steps")
    let transaction = try #require(run.payloads("transaction").first)
    #expect(transaction["contexts"]?["trace"]?["status"] == "aborted" && transaction["release"] == "fixture@1.2.3")
  }

  @Test func `where a hook sees transactions the next start asks it`() throws {
    let process = try run.start(["hook-transactions", "start", "transaction=job", "abort"])
    try process.wait()
    try run.waitForEnds(1)
    // Its handler holds the run until it has read the server's answer.
    try waitUntil("the handler has ended") { process.livingFamily().isEmpty }
    #expect(run.payloads("transaction").isEmpty)
    try run.nextStart(["hook-transactions"])
    #expect(run.payloads("transaction").count == 1)
  }

  @Test func `a forked child has no part in its parent's session`() throws {
    try run.run(["start", "fork-error", "close"])
    try run.waitForEnds(1)
    let sessions = run.sessions.filter { $0.status == .exited }
    #expect(sessions.count == 1 && sessions[0].errors == 0)
  }
}
