import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A hook of the program` {
  let run: SDKRun
  let server: LoopbackIngestServer
  init() throws {
    run = try SDKRun()
    server = try LoopbackIngestServer()
  }

  @Test func `beforeSend changes each event, and sees what the scope says`() throws {
    try run.run(server, ["before-send-tag=hook=was here"], ["tag=a=b", "message=one", "error"])
    #expect(server.payloads("event").count == 2)
    #expect(server.payloads("event").allSatisfy { $0["tags"]?["hook"] == "was here" && $0["tags"]?["a"] == "b" })
  }

  @Test func `beforeSend drops events, which is counted and told`() throws {
    let result = try run.run(server, ["before-send-drop"], ["message=one", "error", "discarded", "feedback=x=y"])
    #expect(server.payloads("event").isEmpty && server.payloads("feedback").count == 1)
    #expect(result.output.contains("message=\(SentryID.empty.dashed)"))
    #expect(result.output.contains("discarded=before_send/error/2"))
    let told = server.payloads("client_report").flatMap { $0["discarded_events"]?.array ?? [] }
    #expect(told == [["reason": "before_send", "category": "error", "quantity": 2]])
  }

  @Test func `an event that a hook leaves alone keeps fields that nobody knows`() throws {
    try run.run(server, ["before-send-same"], ["event=made"])
    #expect(server.payloads("event").first?["modules"] == ["swift": "6"])
  }

  @Test func `beforeBreadcrumb changes and drops, also for a crash`() throws {
    try run.run(
      server, ["before-breadcrumb=secret=changed"],
      ["breadcrumb=one", "breadcrumb=secret", "breadcrumb=two", "message=m"])
    let crumbs = try #require(server.event("m")?.breadcrumbs)
    #expect(crumbs.map { $0.message } == ["one", "two"] && crumbs.allSatisfy { $0.category == "changed" })
    let other = try SDKRun()
    _ = try other.run(
      ["before-breadcrumb=secret=changed", "start", "breadcrumb=one", "breadcrumb=secret", "abort"], dsn: server.dsn)
    let form = try waitFor("the dump", timeout: .seconds(60)) { server.requests.first { $0.minidump != nil }?.form }
    let kept = StructuredValue.sequence(messagePack: try #require(form.file("__sentry-breadcrumb1")).content)
    #expect(kept.map { $0["message"] } == ["one"] && kept[0]["category"] == "changed")
  }

  @Test func `beforeSendTransaction changes transactions and leaves events alone`() throws {
    try run.run(server, ["traces=1", "before-transaction-tag=hook=t"], ["transaction=job"])
    #expect(server.payloads("transaction").first?["tags"]?["hook"] == "t")
    #expect(server.event("inside")?.tags["hook"] == nil)
  }

  @Test func `beforeSendTransaction drops transactions, which is counted with their spans`() throws {
    let result = try run.run(server, ["traces=1", "before-transaction-drop"], ["transaction=job", "discarded"])
    #expect(server.payloads("transaction").isEmpty && server.event("inside") != nil)
    #expect(result.output.contains("discarded=before_send/span/4,before_send/transaction/1"))
  }

  @Test func `beforeSendLog changes and drops logs`() throws {
    let result = try run.run(server, ["before-log=a has b=other words"], ["log=a=b", "log=c=d", "discarded"])
    let logs = server.payloads("log").flatMap { $0["items"]?.array ?? [] }
    #expect(logs.map { $0["body"] } == ["other words"])
    #expect(result.output.contains("discarded=before_send/log_item/1"))
  }

  @Test func `beforeSendMetric changes and drops metrics`() throws {
    let result = try run.run(server, ["before-metric=gone=renamed"], ["count=gone", "count=here", "discarded"])
    let metrics = server.payloads("trace_metric").flatMap { $0["items"]?.array ?? [] }
    #expect(metrics.map { $0["name"] } == ["renamed"])
    #expect(result.output.contains("count=false") && result.output.contains("discarded=before_send/trace_metric/1"))
  }

  @Test func `beforeSendFeedback changes and drops feedback`() throws {
    try run.run(server, ["before-feedback-tag=hook=f"], ["feedback=x=y"])
    #expect(server.payloads("feedback").first?["tags"]?["hook"] == "f")
    let result = try run.run(server, ["before-feedback-drop"], ["feedback=x=y", "discarded"])
    #expect(server.payloads("feedback").count == 1)
    #expect(result.output.contains("discarded=before_send/feedback/1"))
  }

  @Test func `onCrashedLastRun gets the crash of the run before, once`() throws {
    let first = try run.run(["start", "event-id", "tag=a=b", "breadcrumb=one", "abort"])
    let id = try #require(first.output.split(separator: "=").last?.dropLast())
    let second = try run.run(["last-run-hook", "start", "crashed-last-run", "close"])
    #expect(second.output.contains("last-run=event+attachment\n"))
    #expect(second.output.contains("last-run-id=\(id)\n") && second.output.contains("crashed=true"))
    let third = try run.run(["last-run-hook", "start", "close"])
    #expect(!third.output.contains("last-run="))
  }

  @Test func `beforeSend stands for onCrash where there is none`() throws {
    _ = try run.run(["before-send-tag=hook=stood in", "hook-timeout=30000", "start", "abort"], dsn: server.dsn)
    let form = try waitFor("the dump", timeout: .seconds(60)) { server.requests.first { $0.minidump != nil }?.form }
    let event = try StructuredValue(messagePack: try #require(form.file("__sentry-event")).content)
    #expect(event["tags"]?["hook"] == "stood in")
  }

  @Test func `tracesSampler decides by the name and by what it is told beside`() throws {
    try run.run(server, ["sampler=wanted"], ["sampled=wanted=eu", "sampled=wanted=us", "sampled=other=eu"])
    #expect(server.payloads("transaction").map { $0["transaction"] } == ["wanted"])
  }
}
