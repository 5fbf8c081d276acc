import LinuxSystem
import SentryEnvelope
import StructuredValue
import Testing

@testable import SentryClient

@Suite struct `The session of a run` {
  private let folder: TemporaryFolder
  private let tracker = SessionTracker()
  init() throws { folder = try TemporaryFolder() }

  private var file: FilePath { folder.path.appending("session.json") }
  /// As somebody finds it who comes after a death.
  private func stored() throws -> StructuredValue {
    .object(try #require(EarlierSession.remains(folder.path).session).value)
  }

  @discardableResult private func start(at seconds: Int64 = 1000, release: String? = "shop@1") -> EnvelopeItem? {
    tracker.start(
      in: folder.path, release: release, environment: "test", distinctID: "someone",
      now: Timestamp(seconds: seconds, nanoseconds: 250_000_000))
  }

  private func payload(_ item: EnvelopeItem?) throws -> StructuredValue {
    try StructuredValue(json: #require(item).payload)
  }

  @Test func `it has the fields of the wire, in their order`() throws {
    start()
    let item = try #require(tracker.item(now: Timestamp(seconds: 1003, nanoseconds: 750_000_000)))
    #expect(item.type == "session" && item.headers.keys == ["type"])
    let value = try StructuredValue(json: item.payload)
    #expect(value.object?.keys == ["init", "sid", "status", "did", "errors", "started", "duration", "attrs"])
    #expect(value["init"] == true && value["status"] == "ok" && value["did"] == "someone")
    #expect(value["errors"] == 0 && value["duration"]?.double == 3.5)
    #expect(value["started"] == "1970-01-01T00:16:40.250000Z")
    #expect(value["attrs"] == ["release": "shop@1", "environment": "test"])
    #expect(value["sid"]?.string?.utf8.count == 36)
  }

  @Test func `the server is told once that it is new`() throws {
    start()
    let first = try #require(tracker.item())
    #expect(try payload(tracker.item())["init"] == nil)
    #expect(try stored()["init"] == nil)
    tracker.restore(first)
    #expect(try stored()["init"] == true)
    #expect(try payload(tracker.item())["init"] == true)
    #expect(try payload(tracker.end())["init"] == nil)
  }

  @Test func `errors count, other events do not`() throws {
    start()
    for level in ["info", "warning", "debug", nil] { tracker.noteError(level: level, hasException: false) }
    #expect(try stored()["errors"] == 0)
    tracker.noteError(level: "error", hasException: false)
    tracker.noteError(level: "fatal", hasException: false)
    tracker.noteError(level: "info", hasException: true)
    #expect(try stored()["errors"] == 3)
    let value = try payload(tracker.end(now: Timestamp(seconds: 1001)))
    #expect(value["errors"] == 3 && value["status"] == "exited" && value["init"] == true)
    #expect(value["duration"]?.double == 0.75)
    #expect(!FileSystem.exists(file))
  }

  @Test func `a crash counts as an error, and the clock may go backwards`() throws {
    start()
    tracker.noteError(level: "error", hasException: false)
    let value = try payload(tracker.end(.crashed, now: Timestamp(seconds: 5)))
    #expect(value["status"] == "crashed" && value["errors"] == 2 && value["duration"]?.double == 0)
  }

  @Test func `starting ends the one that runs`() throws {
    #expect(start() == nil)
    let first = try stored()["sid"]
    let ended = try payload(start(at: 2000))
    #expect(ended["sid"] == first && ended["status"] == "exited" && ended["duration"]?.double == 1000)
    #expect(try stored()["sid"] != first)
    #expect(tracker.end() != nil && tracker.end() == nil && tracker.item() == nil)
  }

  @Test func `without a release there are none`() {
    start(release: nil)
    start(release: "")
    #expect(tracker.item() == nil && !FileSystem.exists(file))
    tracker.noteError(level: "error", hasException: true)
    tracker.setDistinctID("x")
  }

  @Test func `it follows the user and the release`() throws {
    start()
    tracker.setDistinctID("other")
    tracker.setRelease("shop@2", environment: "live")
    #expect(try stored()["did"] == "other")
    #expect(try stored()["attrs"] == ["release": "shop@2", "environment": "live"])
    tracker.setDistinctID(nil)
    #expect(try stored()["did"] == nil)
  }

  @Test func `many changes leave the last one, and native SDKs find the beginning and the end`() throws {
    start()
    for number in 0..<2000 { tracker.setDistinctID("user \(number)") }
    #expect(try stored()["did"] == "user 1999")
    #expect(try StructuredValue(json: FileSystem.read(file))["did"] == "someone")
    // A state that is too long for the journal goes to the file.
    tracker.setDistinctID(String(repeating: "x", count: 20_000))
    tracker.noteError(level: "error", hasException: false)
    #expect(try stored()["did"]?.string?.utf8.count == 20_000 && stored()["errors"] == 1)
    tracker.storeExit()
    #expect(try StructuredValue(json: FileSystem.read(file))["status"] == "exited")
    _ = tracker.end()
    #expect(try FileSystem.entries(of: folder.path).isEmpty)
  }

  @Test func `changes of another session count for nothing`() throws {
    start()
    tracker.noteError(level: "error", hasException: false)
    let journal = folder.path.appending("__sentry-session")
    let bytes = try FileSystem.read(journal)
    start(at: 2000)
    try FileSystem.write(bytes, to: journal)
    #expect(try stored()["errors"] == 0)
    try FileSystem.write([1, 2, 3], to: journal)
    #expect(try stored()["status"] == "ok")
  }

  @Test func `an exit without close is in the file`() throws {
    start()
    tracker.storeExit(now: Timestamp(seconds: 1010, nanoseconds: 250_000_000))
    #expect(try stored()["status"] == "exited" && stored()["duration"]?.double == 10)
    // The process may still do something in its exit handlers.
    #expect(tracker.session?.status == .ok)
  }

  @Test func `it lives in memory where no file can be`() throws {
    _ = tracker.start(in: "/proc/nothing", release: "a", environment: nil, distinctID: nil)
    tracker.noteError(level: "error", hasException: false)
    let value = try payload(tracker.end())
    #expect(value["errors"] == 1 && value["did"] == nil && value["attrs"] == ["release": "a"])
  }

  @Test func `a value that was read is written as the same`() throws {
    let text =
      #"{"init":true,"sid":"0123abcd-0000-4000-8000-0123456789ab","status":"ok","did":"d","errors":7,"#
      + #""started":"2026-11-25T03:00:00.000001Z","duration":1.5,"attrs":{"release":"r","environment":"e"}}"#
    let session = try #require(Session(value: StructuredValue(json: text)))
    #expect(StructuredValue.object(session.value).jsonText == text)
    for wrong in [
      "{}", "[]", #"{"sid":"x","started":"2026-11-25T03:00:00Z","attrs":{"release":"r"}}"#,
      #"{"sid":"0123abcd-0000-4000-8000-0123456789ab","started":"never","attrs":{"release":"r"}}"#,
      #"{"sid":"0123abcd-0000-4000-8000-0123456789ab","started":"2026-11-25T03:00:00Z"}"#,
    ] { #expect(try Session(value: StructuredValue(json: wrong)) == nil, "\(wrong)") }
    let value = try StructuredValue(
      json:
        #"{"sid":"0123abcd-0000-4000-8000-0123456789ab","started":5,"errors":1e18,"duration":-1,"attrs":{"release":"r"}}"#
    )
    let hostile = try #require(Session(value: value))
    #expect(hostile.duration == 0 && hostile.errors == Int(Int32.max))
  }
}
