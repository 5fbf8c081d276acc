import Foundation
import LinuxSystem
import SentryNativeTesting
import StructuredValue
import Testing
import ZooRuns

/// What Relay, which takes events at Sentry's door, makes of one.
struct RelayReading: Decodable {
  /// By the path of what was refused.
  let errors: [String: [JSONText]]
  let type: String
  let frames: [String?]
  let images: Int
  let threads: Int

  /// An error is a word, or a pair of a word and details.
  struct JSONText: Decodable {
    init(from decoder: any Decoder) throws {}
  }

  init(_ event: StructuredValue) throws {
    let folder = try TemporaryDirectory(prefix: "relay")
    defer { folder.remove() }
    let file = folder.appending("event.json")
    try FileSystem.write(event.json, to: file)
    let python = try Peers.relay()
    let result = try RunningProcess.run(python, [Peers.reader("normalize_relay.py").description, file.description])
    guard result.succeeded else { throw TestKitError(.malformed, "normalize_relay.py: \(result.errorOutput)") }
    self = try JSONDecoder().decode(RelayReading.self, from: Data(result.outputBytes))
  }
}

@Suite(.serialized, .timeLimit(.minutes(10))) struct `Sentry's schema of events` {
  @Test(arguments: TestProducts.handlers, ["index-out-of-range", "null-write"])
  func `has no objection to a crash as our handler delivers it`(_ handler: FilePath, _ flavor: String) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let run = try ZooRun(flavor: flavor, thread: "task", handler: handler, dsn: server.dsn)
    defer { run.end() }
    let attachment = try waitFor("the report") {
      server.requests.compactMap { $0.form?.file("__sentry-event") }.first
    }
    let event = try StructuredValue(messagePack: attachment.content)
    let reading = try RelayReading(event)
    #expect(reading.errors.isEmpty)
    #expect(reading.type == "error")
    #expect(reading.threads > 1)
    #expect(reading.images > 5)
    #expect(reading.frames.contains { $0?.contains("CrashZoo") == true }, "\(reading.frames)")
    let first = event["exception"]?["values"]?[0]
    #expect(first?["stacktrace"]?["registers"]?["rip"]?.string?.hasPrefix("0x") == true)
    #expect(first?["mechanism"]?["meta"]?["signal"]?["name"]?.string?.hasPrefix("SIG") == true)
    try run.waitForHandler()
  }

  @Test func `objects to what is wrong`() throws {
    let reading = try RelayReading([
      "event_id": "no id", "platform": "native", "level": "what", "debug_meta": ["images": [["type": "elf"]]],
    ])
    #expect(!reading.errors.isEmpty)
  }
}
