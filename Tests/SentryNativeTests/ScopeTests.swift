import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A scope` {
  let run: SDKRun
  let server: LoopbackIngestServer
  init() throws {
    run = try SDKRun()
    server = try LoopbackIngestServer()
  }

  @Test func `the global one is in every event, and in a crash`() throws {
    let steps = [
      "tag=a=b", "tag=gone=x", "remove-tag=gone", "context=order=seven", "extra=more=words", "user=5=a@b.example",
      "fingerprint=x=y", "level=warning", "breadcrumb=one", "attach-bytes=note.txt=inside",
    ]
    _ = try run.run(["start"] + steps + ["message=m", "flush=60000", "abort"], dsn: server.dsn)
    let form = try waitFor("the dump", timeout: .seconds(60)) { server.requests.first { $0.minidump != nil }?.form }
    let crash = SentryEvent(value: try StructuredValue(messagePack: try #require(form.file("__sentry-event")).content))
    let event = try #require(server.event("m"))
    for event in [event, crash] {
      #expect(event.tags["a"] == "b" && event.tags["gone"] == nil)
      #expect(event.contexts["order"] == ["name": "seven"] && event.extra["more"] == "words")
      #expect(event.user?.userId == "5" && event.fingerprint == ["x", "y"])
      for name in ["os", "device", "app", "runtime", "trace"] { #expect(event.contexts[name] != nil, "\(name)") }
      #expect(event.sdk["name"] == "sentry.swift")
    }
    #expect(event.level == .warning && event.breadcrumbs.map { $0.message } == ["one"])
    #expect(form.file("note.txt")?.text == "inside")
    let item = try #require(server.envelopes.flatMap { $0.items }.first { $0.type == "attachment" })
    #expect(item.headers["filename"] == "note.txt" && item.headers["content_type"] == "text/x-test")
  }

  @Test func `of one capture changes that event only, on top of the task's and the global one`() throws {
    try run.run(server, [], ["tag=global=yes", "scoped-message=inner", "message=outer"])
    let inner = try #require(server.event("inner")), outer = try #require(server.event("outer"))
    #expect(inner.tags["call"] == "own" && inner.tags["scope"] == "task" && inner.tags["global"] == "yes")
    #expect(outer.tags.keys == ["global"])
  }

  @Test func `of a task is that of its child tasks, and of no other one`() throws {
    try run.run(server, [], ["tasks"])
    for index in 0..<4 {
      let event = try #require(server.event("task \(index)"))
      #expect(event.tags["task"] == .string("\(index)") && event.tags["outer"] == "yes")
    }
    #expect(server.event("after")?.tags.keys == ["outer"])
    #expect(server.event("outside")?.tags.isEmpty == true)
  }

  @Test func `of a task can say everything, to events, logs and metrics`() throws {
    try run.run(server, [], ["tag=global=1", "everything-scoped=m", "message=other"])
    let event = try #require(server.event("m"))
    #expect(event.tags["kept"] == "1" && event.tags["gone"] == nil && event.tags["global"] == "1")
    #expect(event.extra["extra"] == ["deep": [1, true]] && event.contexts["order"] == ["number": 5])
    #expect(event.user?.userId == "7" && event.user?.username == "ada" && event.level == .fatal)
    #expect(event.fingerprint == ["a", "b"] && event.transaction == "checkout")
    #expect(event.breadcrumbs.map { $0.message } == ["local"])
    let trace = "11111111111111111111111111111111"
    #expect(event.contexts["trace"]?["trace_id"] == .string(trace))
    #expect(event.contexts["trace"]?["parent_span_id"] == "2222222222222222")
    let envelope = try #require(server.envelopes.first)
    #expect(envelope.headers["trace"]?["trace_id"] == .string(trace))
    #expect(envelope.items.last?.headers["filename"] == "local.txt")
    for type in ["log", "trace_metric"] {
      let item = try #require(server.payloads(type).first?["items"]?[0])
      #expect(item["trace_id"] == .string(trace) && item["attributes"]?["region"]?["value"] == "eu")
      #expect(item["attributes"]?["user.id"]?["value"] == "7")
    }
    let other = try #require(server.event("other"))
    #expect(other.tags.keys == ["global"] && other.contexts["trace"]?["trace_id"] != .string(trace))
    #expect(other.user?.userId != "7" && other.breadcrumbs.isEmpty)
  }

  @Test func `without a user has the installation's identifier, the same in every run`() throws {
    try run.run(server, [], ["message=1", "user=5=x", "no-user", "message=2"])
    try run.run(server, [], ["message=3"])
    let users = ["1", "2", "3"].map { server.event($0)?.user?.userId }
    #expect(users[0] != nil && Set(users).count == 1)
  }

  @Test func `is changed without any system call`() throws {
    // The thread that does it is killed at the first one.
    let result = try run.run(["start", "silence"])
    #expect(result.output == "silent=yes\nover=true\n")
  }

  /// A full disk: in a mount of its own, which goes with the program and its handler.
  @Test(arguments: [true, false]) func `survives a full disk`(hasRoomAgain: Bool) throws {
    let products = try productsDirectory()
    try FileSystem.createDirectories(run.database)
    let filler = run.database.appending("filler")
    var steps = ["start", "fill=\(filler)", "issues"]
    for number in 0..<300 { steps += ["tag=a=\(number)", "breadcrumb=\(number)"] }
    steps +=
      ["user=5=x", "log=still=here", "message=m", "error", "flush=60000"] + (hasRoomAgain ? ["unfill=\(filler)"] : [])
      + ["abort"]
    let process = try RunningProcess(
      "/usr/bin/unshare",
      [
        "--mount", "/bin/sh", "-c", "mount -t tmpfs -o size=24m none \"$1\" && shift && exec \"$@\"", "sh",
        run.database.description, products.appending("SDKFixture").description,
        products.appending("crashpad_handler").description, run.database.description, server.dsn,
      ] + steps, environment: ["SENTRY_DSN": nil, "SENTRY_DEBUG": nil, "SWIFT_BACKTRACE": "enable=no"])
    defer { process.end() }
    // Whatever room there is: it dies of what it died of, and its events go their way.
    if case .signaled(let signal, _) = try process.wait() {
      #expect(signal == 6)
    } else {
      Issue.record("\(process.errorOutput)")
    }
    #expect(process.output.contains("full=true"))
    if !hasRoomAgain { return }
    let form = try waitFor("the dump", timeout: .seconds(60)) { server.requests.first { $0.minidump != nil }?.form }
    let event = SentryEvent(value: try StructuredValue(messagePack: try #require(form.file("__sentry-event")).content))
    #expect(event.tags["a"] == "299" && event.user?.userId == "5")
    let trails = ["__sentry-breadcrumb1", "__sentry-breadcrumb2"].compactMap { form.file($0)?.content }
    let crumbs = Set(trails.flatMap { StructuredValue.sequence(messagePack: $0) }.compactMap { $0["message"]?.string })
    #expect(crumbs.isSuperset(of: (200..<300).map { "\($0)" }))
    #expect(server.event("m") != nil)
  }

  @Test func `survives that its files are cut, removed, or have no room`() throws {
    let gate = run.directory.appending("gate")
    #expect(gate.withCString { mkfifo($0, 0o600) } == 0)
    let process = try run.start([
      "start", "run", "tag=a=b", "breadcrumb=one", "gate=\(gate)", "tag=c=d", "breadcrumb=two", "abort",
    ])
    try process.waitForOutput(containing: "run=")
    let folder = FilePath(try #require(process.output.split(separator: "\n").first?.dropFirst(4)).description)
    for name in try FileSystem.entries(of: folder) {
      let path = folder.appending(bytes: name)
      if name.starts(with: "__sentry-event".utf8) {
        try FileSystem.open(path, [.write]).truncate(to: 0)
      } else {
        try FileSystem.remove(path)
      }
    }
    try waitUntil("the program is at the gate", timeout: .seconds(60)) {
      (try? FileSystem.open(gate, [.write, .nonBlocking])) != nil
    }
    if case .signaled(let signal, _) = try process.wait() { #expect(signal == 6) } else { Issue.record("no crash") }
    let database = try CrashDatabase(path: run.database, create: false)
    let id = try waitFor("the report", timeout: .seconds(60)) { database.unsentReports().first }
    let file = try #require(database.attachments(of: id).first { $0.name.elementsEqual("__sentry-event".utf8) })
    #expect(try StructuredValue(messagePack: FileSystem.read(file.path))["tags"] == ["a": "b", "c": "d"])
  }
}
