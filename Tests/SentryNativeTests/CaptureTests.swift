import LinuxSystem
import MinidumpFormat
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

@Suite(.timeLimit(.minutes(10))) struct `What a program captures` {
  let run: SDKRun
  let server: LoopbackIngestServer
  init() throws {
    run = try SDKRun()
    server = try LoopbackIngestServer()
  }

  @Test func `an error arrives with its type, what it carries, and the stack of the caller`() throws {
    let result = try run.run(server, ["words=in our words"], ["error"])
    let payload = try #require(server.payloads("event").first)
    let event = SentryEvent(value: payload)
    #expect(result.output.contains("error=\(try #require(event.eventID).dashed)"))
    #expect(event.level == .error && event.platform == "native")
    let exceptions = event.exceptions
    #expect(exceptions.map { $0.type } == ["FixtureError", "FixtureError"])
    #expect(exceptions.allSatisfy { $0.value == "in our words" && $0.module == "SDKFixture" })
    #expect(exceptions.map { $0.mechanism?.type } == ["chained", "generic"])
    let frames = payload["exception"]?["values"]?[1]?["stacktrace"]?["frames"]?.array ?? []
    #expect(frames.allSatisfy { $0["instruction_addr"]?.string?.hasPrefix("0x") == true })
    // Names of functions that a program does not export are the server's to find: by these addresses in this image.
    #expect(frames.last?["package"]?.string?.hasSuffix("/SDKFixture") == true && frames.last?["in_app"] == true)
    let image = try #require(event.images.first { $0.codeFile?.hasSuffix("/SDKFixture") == true })
    #expect(image.debugID != nil && image.codeID != nil)
    let address = try #require(frames.last?["instruction_addr"]?.string.flatMap { UInt64($0.dropFirst(2), radix: 16) })
    let symbols = try RunningProcess.run(
      "/usr/bin/nm", ["--defined-only", "-n", productsDirectory().appending("SDKFixture").description])
    let offset = address - (image.imageAddress ?? 0)
    let symbol = symbols.output.split(separator: "\n").last { line in
      UInt64(line.prefix(16), radix: 16).map { $0 <= offset } ?? false
    }
    #expect(symbol?.contains("SDKFixture8CapturesO7perform") == true, "\(String(describing: symbol))")
  }

  @Test func `frames of functions that the program does not export have their names`() throws {
    try run.run(server, [], ["private-error"])
    let events = server.payloads("event")
    #expect(events.count == 2)
    for event in events {
      let frames = event["exception"]?["values"]?[0]?["stacktrace"]?["frames"]?.array ?? []
      let names = frames.map { $0["function"]?.string ?? "" }
      #expect(names.suffix(2).first?.hasPrefix("SDKFixture.hiddenCaller()") == true, "\(names)")
      #expect(names.last?.hasPrefix("SDKFixture.hiddenCapture()") == true, "\(names)")
      let last = try #require(frames.last)
      #expect(last["raw_function"]?.string?.contains("13hiddenCapture") == true)
      func number(_ key: String) throws -> UInt64 {
        try #require(UInt64(last[key]?.string?.dropFirst(2) ?? "", radix: 16))
      }
      // Within the function, which is not large.
      let (start, address) = (try number("symbol_addr"), try number("instruction_addr"))
      #expect(start < address && address - start < 4096)
    }
  }

  @Test func `frames have names also when the program's file was deleted meanwhile`() throws {
    let copy = run.directory.appending("program")
    try ProgramFile.copy(productsDirectory().appending("SDKFixture"), to: copy)
    let steps = ["no-crash-handler", "no-sessions", "start", "remove=\(copy)", "private-error", "close"]
    let process = try RunningProcess(
      copy, ["", run.database.description, server.dsn] + steps, environment: ["SWIFT_BACKTRACE": "enable=no"],
      workingDirectory: run.directory.path)
    defer { process.end() }
    #expect(try process.wait(timeout: .seconds(120)) == .exited(status: 0))
    #expect(!FileSystem.exists(copy))
    let frames = server.payloads("event").first?["exception"]?["values"]?[0]?["stacktrace"]?["frames"]?.array ?? []
    #expect(frames.last?["function"]?.string?.hasPrefix("SDKFixture.hiddenCapture()") == true, "\(frames)")
  }

  @Test func `messages have a level, and the stack of the caller where it is wanted`() throws {
    try run.run(server, ["stacktraces"], ["message=plain", "warning=louder", "level=fatal", "message=scope's"])
    #expect(server.event("plain")?.level == .info)
    #expect(server.event("louder")?.level == .warning)
    #expect(server.event("scope's")?.level == .fatal)
    let thread = try #require(server.payloads("event").first?["threads"]?["values"]?[0])
    #expect(thread["current"] == true && (thread["stacktrace"]?["frames"]?.array?.count ?? 0) > 3)
    let other = try SDKRun()
    try other.run(server, [], ["message=bare"])
    #expect(server.event("bare")?.threads.isEmpty == true)
  }

  @Test func `an exception of the program's own words has a stack`() throws {
    try run.run(server, [], ["exception=Timeout=after 5 s"])
    let exception = try #require(server.payloads("event").first?["exception"]?["values"]?[0])
    #expect(exception["type"] == "Timeout" && exception["value"] == "after 5 s")
    #expect((exception["stacktrace"]?["frames"]?.array?.count ?? 0) > 3)
  }

  @Test func `an event of the program's own keeps what it says, and its hint's attachments go with it`() throws {
    try run.run(server, [], ["tag=own=scope", "tag=more=scope", "event=made", "message=other"])
    let envelope = try #require(server.envelopes.first)
    #expect(envelope.items.map { $0.type } == ["event", "attachment"])
    #expect(envelope.items[1].headers["filename"] == "hint.txt" && envelope.items[1].payload == Array("hinted".utf8))
    let event = try #require(server.event("made"))
    #expect(event.level == .warning && event.logger == "fixture")
    #expect(event.tags["own"] == "event" && event.tags["more"] == "scope")
    #expect(event.other["modules"] == ["swift": "6"])
    #expect(server.envelopes.last?.items.count == 1)
  }

  @Test func `threads of the program's own go as they are`() throws {
    try run.run(server, [], ["threads=worker"])
    #expect(server.payloads("event").first?["threads"]?["values"]?[0]?["name"] == "worker")
  }

  @Test func `feedback names its event, and takes attachments along but no breadcrumbs' worth of scope`() throws {
    try run.run(server, [], ["message=before", "feedback=it broke=Ada"])
    let envelope = try #require(server.envelopes.last)
    #expect(envelope.items.map { $0.type } == ["feedback", "attachment"])
    #expect(envelope.items[1].headers["content_type"] == "image/png")
    let feedback = try #require(server.payloads("feedback").first?["contexts"]?["feedback"])
    #expect(
      feedback["message"] == "it broke" && feedback["name"] == "Ada" && feedback["contact_email"] == "a@b.example")
    let event = try #require(server.event("before")?.eventID)
    #expect(feedback["associated_event_id"]?.string.flatMap { SentryID($0) } == event)
  }

  @Test func `a minidump of somebody else becomes a fatal event with that file`() throws {
    let dump = run.directory.appending("other.dmp")
    try FileSystem.write(Array("MDMP and so on".utf8), to: dump)
    let result = try run.run(server, [], ["minidump=\(dump)", "minidump=/nonexistent.dmp", "discarded"])
    let envelope = try #require(server.envelopes.first)
    let attachment = try #require(envelope.items.first { $0.type == "attachment" })
    #expect(attachment.headers["attachment_type"] == "event.minidump" && attachment.payload.starts(with: "MDMP".utf8))
    #expect(server.payloads("event").first?["level"] == "fatal")
    #expect(server.payloads("event").count == 1)
    #expect(result.output.contains("minidump=\(SentryID.empty.dashed)"))
    #expect(result.output.contains("internal_sdk_error/error/1"))
  }

  @Test func `an envelope of the program's own goes as it is, with a DSN`() throws {
    let result = try run.run(server, [], ["envelope=custom=anything", "last-event"])
    let envelope = try #require(server.envelopes.first)
    #expect(envelope.items.map { $0.type } == ["custom"] && envelope.items[0].payload == Array("anything".utf8))
    #expect(envelope.headers["dsn"] == .string(server.dsn))
    #expect(result.output.contains("last-event=01234567-89ab-cdef-0123-456789abcdef"))
  }

  @Test func `a transaction with its spans, and an event in it that belongs to its trace`() throws {
    let result = try run.run(server, ["traces=1"], ["transaction=GET /"])
    #expect(result.output.contains("span=true"))
    let transaction = try #require(server.payloads("transaction").first)
    #expect(transaction["transaction"] == "GET /")
    #expect((transaction["spans"]?.array ?? []).map { $0["description"] } == ["0", "1", "2"])
    let trace = transaction["contexts"]?["trace"]?["trace_id"]
    #expect(trace != nil && server.event("inside")?.contexts["trace"]?["trace_id"] == trace)
    #expect(server.envelopes.allSatisfy { $0.headers["trace"]?["trace_id"] == trace })
  }

  @Test func `logs and metrics with their values as attributes`() throws {
    try run.run(
      server, [], ["attribute=region=eu", "user=5=a@b.example", "log=order=7 items", "count=orders", "metrics"])
    let log = try #require(server.payloads("log").first?["items"]?[0])
    #expect(log["body"] == "order has 7 items" && log["level"] == "info")
    let attributes = try #require(log["attributes"])
    #expect(attributes["sentry.message.template"]?["value"] == "{0} has {1}")
    #expect(attributes["sentry.message.parameter.1"]?["value"] == "7 items")
    #expect(attributes["weight"] == ["value": 2.5, "type": "double"])
    #expect(attributes["region"]?["value"] == "eu" && attributes["user.id"]?["value"] == "5")
    let metrics = server.payloads("trace_metric").flatMap { $0["items"]?.array ?? [] }
    #expect(metrics.map { $0["name"] } == ["orders", "depth", "response"])
    #expect(metrics.map { $0["type"] } == ["counter", "gauge", "distribution"])
    #expect(metrics.last?["unit"] == "millisecond" && metrics.last?["attributes"]?["ok"]?["value"] == true)
  }

  @Test func `nothing of it harms a program that has not started the SDK, or has closed it`() throws {
    let steps = ["message=x", "error", "feedback=a=b", "transaction=t", "log=a=b", "count=c", "last-event"]
    let result = try run.run(steps + ["start"] + ["close"] + steps, dsn: server.dsn)
    #expect(result.termination == .exited(status: 0))
    #expect(server.payloads("event").isEmpty && server.payloads("log").isEmpty)
    #expect(result.output.contains("message=\(SentryID.empty.dashed)") && result.output.contains("count=false"))
  }
}
