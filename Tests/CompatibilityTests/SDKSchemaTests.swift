import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

@Suite(.timeLimit(.minutes(10))) struct `What the SDK sends` {
  let run: SDKRuns
  let server: LoopbackIngestServer
  init() throws {
    run = try SDKRuns()
    server = try LoopbackIngestServer()
  }

  /// Everything that a program can send.
  static let everything = [
    "tag=region=eu", "context=order=seven", "extra=more=words", "user=5=a@b.example", "fingerprint=x=y",
    "breadcrumb=one", "attribute=shop=eu", "message=plain", "error", "exception=Timeout=after 5 s", "event=made",
    "threads=worker", "everything-scoped=scoped", "feedback=it broke=Ada", "transaction=GET /", "log=order=7 items",
    "count=orders", "metrics",
  ]

  @Test func `goes through Sentry's schema without an objection`() throws {
    try run.run(["traces=1", "stacktraces", "start"] + Self.everything + ["close"], dsn: server.dsn)
    let events = server.payloads("event") + server.payloads("transaction") + server.payloads("feedback")
    #expect(events.count == 9)
    for event in events {
      var event = event
      if event["contexts"]?["feedback"] != nil, var object = event.object {
        // Relay is told so by the item's type.
        object["type"] = "feedback"
        event = .object(object)
      }
      let reading = try RelayReading(event)
      #expect(reading.errors.isEmpty, "\(reading.errors.keys) in \(event.jsonText)")
    }
  }

  @Test func `has the fields of the wire in sessions, logs, metrics and reports of losses`() throws {
    try run.run(
      ["start", "tag=a=b", "attribute=shop=eu", "error", "log=order=7 items", "count=orders", "metrics", "close"],
      dsn: server.dsn)
    try run.run(["before-send-drop", "start", "message=gone", "close"], dsn: server.dsn)
    for session in server.payloads("session") {
      #expect(session["sid"]?.string?.utf8.count == 36 && session["did"]?.string != nil)
      #expect(["ok", "exited"].contains(session["status"]?.string))
      #expect(session["attrs"] == ["release": "fixture@1.2.3", "environment": "production"])
      #expect(session["started"]?.string?.hasSuffix("Z") == true && session["errors"]?.int64 != nil)
      #expect(session["duration"]?.double != nil)
    }
    let log = try #require(server.payloads("log").first?["items"]?[0])
    #expect(log.object?.keys.sorted() == ["attributes", "body", "level", "timestamp", "trace_id"])
    #expect((log["timestamp"]?.double ?? 0) > 1.7e9 && log["trace_id"]?.string?.utf8.count == 32)
    for attribute in log["attributes"]?.object?.members ?? [] {
      #expect(attribute.value["value"] != nil, "\(attribute.key)")
      #expect(["string", "integer", "double", "boolean"].contains(attribute.value["type"]?.string), "\(attribute.key)")
    }
    for name in ["sentry.environment", "sentry.release", "sentry.sdk.name", "sentry.sdk.version", "os.name"] {
      #expect(log["attributes"]?[name] != nil, "\(name)")
    }
    let metric = try #require(server.payloads("trace_metric").first?["items"]?[0])
    #expect(metric["type"] == "counter" && metric["name"] == "orders" && metric["value"] == 1)
    #expect((metric["timestamp"]?.double ?? 0) > 1.7e9 && metric["trace_id"]?.string?.utf8.count == 32)
    let report = try #require(server.payloads("client_report").first)
    #expect(report["discarded_events"] == [["reason": "before_send", "category": "error", "quantity": 1]])
    #expect(report["timestamp"] != nil)
    for envelope in server.requests.compactMap({ try? Envelope(bytes: $0.body) }) {
      #expect(envelope.headers["dsn"] == .string(server.dsn))
      for item in envelope.items { #expect(item.headers["length"]?.int64 == Int64(item.payload.count), "\(item.type)") }
      for item in envelope.items where item.type == "log" || item.type == "trace_metric" {
        #expect(item.headers["item_count"]?.int64 ?? 0 > 0)
        #expect(item.headers["content_type"]?.string?.hasPrefix("application/vnd.sentry.items.") == true)
      }
    }
  }

  @Test func `is taken by sentry-cli, which sends it on as it is`() throws {
    try run.run(["traces=1", "cache=always", "start"] + Self.everything + ["close"], dsn: server.dsn)
    let cache = run.path.appending("cache")
    let other = try LoopbackIngestServer(answer: .response(status: 200, body: "{}"))
    let files = try FileSystem.entries(of: cache).filter { $0.suffix(9).elementsEqual(".envelope".utf8) }
    #expect(files.count > 8)
    for name in files {
      let result = try RunningProcess.run(
        Peers.sentryCLI(), ["send-envelope", "--raw", cache.appending(bytes: name).description],
        environment: ["SENTRY_DSN": other.dsn, "http_proxy": nil, "HTTP_PROXY": nil])
      #expect(result.succeeded, "\(result.output) \(result.errorOutput)")
    }
    func types(_ server: LoopbackIngestServer) -> [String] {
      server.requests.compactMap { try? Envelope(bytes: $0.body) }.flatMap { $0.items }.map { $0.type }.sorted()
    }
    #expect(types(other) == types(server))
  }

  @Test func `is shown by a server with its stack, tags and breadcrumbs, a crash too`() throws {
    let bugsink = try BugsinkServer()
    defer { bugsink.end() }
    try run.run(
      ["start", "tag=region=eu", "breadcrumb=one", "error", "message=plain", "flush=60000", "abort"], dsn: bugsink.dsn)
    let events = try bugsink.waitForEvents(count: 3, timeout: .seconds(60))
    let error = try #require(events.first { $0.title == "FixtureError" }, "\(events) \(bugsink.log)")
    #expect(error.exceptions.count == 2 && error.frames.count > 3)
    let crash = try #require(events.first { $0.level == "fatal" })
    #expect(crash.title.contains("SIGABRT") && crash.threads > 0 && !crash.frames.isEmpty)
    #expect(events.contains { $0.value == "plain" || $0.title.contains("plain") || $0.title.contains("Log Message") })
    for event in events {
      #expect(event.tags["region"] == "eu" && event.breadcrumbs == ["one"] && event.release == "fixture@1.2.3")
    }
  }
}
