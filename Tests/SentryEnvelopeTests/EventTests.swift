import SentryEnvelope
import StructuredValue
import Testing

@Suite struct `Events` {
  private func fullEvent() -> SentryEvent {
    var event = SentryEvent(eventID: SentryID("fc6d8c0c43fc4630ad850ee518f1b9d0"), level: .fatal)
    event.timestamp = EventTime(seconds: 1_795_575_600, nanoseconds: 123_456_789)
    event.message = "broken"
    event.release = "shop@1.0"
    event.dist = "7"
    event.environment = "production"
    event.user = User(userId: "5", email: "a@b")
    event.user?.data["shoe size"] = 42
    event.fingerprint = ["a", "{{ default }}"]
    event.transaction = "GET /"
    event.tags["region"] = "eu"
    event.extra["answer"] = 42
    event.contexts["os"] = ["name": "Linux"]
    event.breadcrumbs = [
      Breadcrumb(level: .info, category: "db", message: "opened", timestamp: EventTime(seconds: 1))
    ]
    var exception = SentryException(type: "SIGSEGV", value: "Segfault")
    exception.mechanism = Mechanism(type: "signalhandler", isHandled: false, isSynthetic: true)
    exception.mechanism?.meta["signal"] = ["number": 11]
    var frame = Frame(instructionAddress: 0xffff_ffff_ff60_0000)
    frame.function = "main"
    frame.lineNumber = 12
    frame.isInApp = true
    exception.stacktrace = Stacktrace(frames: [frame])
    exception.stacktrace?.registers["rip"] = "0x1"
    event.exceptions = [exception]
    event.threads = [SentryThread(id: "1", name: "worker", stacktrace: exception.stacktrace)]
    var image = DebugImage(codeFile: "/bin/x")
    image.imageAddress = 0x1000
    image.imageSize = 5 << 30
    event.images = [image]
    event.other["modules"] = ["swift-nio": "2.0"]
    return event
  }

  @Test func `an event is the same after a way through JSON and MessagePack`() throws {
    let event = fullEvent()
    #expect(SentryEvent(value: try StructuredValue(json: event.value.json)).eventID == event.eventID)
    var expected = event
    // The wire has microseconds.
    expected.timestamp = EventTime(seconds: 1_795_575_600, nanoseconds: 123_456_000)
    #expect(SentryEvent(value: try StructuredValue(json: event.value.json)) == expected)
    #expect(SentryEvent(value: try StructuredValue(messagePack: event.value.messagePack)) == expected)
  }

  @Test func `keys and shapes are those of native SDKs`() throws {
    let value = fullEvent().value
    #expect(
      value.object?.keys == [
        "event_id", "timestamp", "platform", "level", "message", "exception", "threads", "release", "dist",
        "environment", "user", "fingerprint", "transaction", "tags", "extra", "contexts", "breadcrumbs", "debug_meta",
        "modules",
      ])
    #expect(value["event_id"] == "fc6d8c0c-43fc-4630-ad85-0ee518f1b9d0")
    #expect(value["timestamp"] == "2026-11-25T03:00:00.123456Z")
    #expect(value["message"]?["formatted"] == "broken")
    #expect(
      value["exception"]?["values"]?[0]?["stacktrace"]?["frames"]?[0]?["instruction_addr"] == "0xffffffffff600000")
    #expect(value["debug_meta"]?["images"]?[0]?["image_size"] == 5_368_709_120)
    let empty = SentryEvent().value
    #expect(empty.object?.keys == ["platform", "tags", "extra"])
  }

  @Test func `fields of another shape are dropped and do no harm`() {
    for junk: StructuredValue in [
      nil, 1, "x", [], [1], ["values": 5], ["values": [1, "x", nil]], .double(.nan),
    ] {
      var object = StructuredObject()
      for key in fullEvent().value.object?.keys ?? [] { object[key] = junk }
      _ = SentryEvent(value: .object(object)).value.json
      _ = SentryEvent(value: junk).value.json
    }
  }

  @Test(
    arguments: [
      ("2026-11-25T03:00:00.123456Z", "2026-11-25T03:00:00.123456Z"),
      ("2026-11-25T03:00:00Z", "2026-11-25T03:00:00.000000Z"),
      ("2026-11-25 03:00:00", "2026-11-25T03:00:00.000000Z"),
      ("2026-11-25T03:00:00+01:30", "2026-11-25T01:30:00.000000Z"),
      ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
      ("2000-02-29T00:00:00.1234567891Z", "2000-02-29T00:00:00.123456Z"),
      ("2026-11-25T03:00:00.Z", nil), ("2026-13-25T03:00:00Z", nil), ("2026-11-25", nil), ("", nil),
      ("2026-11-25T03:00:00Zx", nil),
      ("2026-11-25T03:00:00+0130", nil), ("2026-11-25T25:00:00Z", nil), ("é026-11-25T03:00:00Z", nil),
    ] as [(String, String?)])
  func `a time is read in the forms of RFC 3339`(text: String, written: String?) {
    #expect(EventTime(text)?.description == written)
  }

  @Test func `a time may come as a number of seconds`() {
    #expect(
      Breadcrumb(value: ["timestamp": 1.5]).timestamp?.description
        == "1970-01-01T00:00:01.500000Z")
    #expect(Breadcrumb(value: ["timestamp": 5]).timestamp?.description == "1970-01-01T00:00:05.000000Z")
    #expect(Breadcrumb(value: ["timestamp": 1e300]).timestamp == nil)
  }

  @Test(arguments: [
    "", "fc6d8c0c43fc4630ad850ee518f1b9d", "fc6d8c0c43fc4630ad850ee518f1b9dg", "fc6d8c0c-43fc-4630-ad85-0ee518f1b9d",
    "fc6d8c0c-43fc-4630-ad8500ee518f1b9d0",
  ])
  func `what is no identifier is refused`(text: String) { #expect(SentryID(text) == nil) }
}
