import LinuxSystem
import SentryNativeTesting
import StructuredValue
import Testing

/// Relay, which all that is sent to Sentry goes through, says what it does not like of an event.
@Suite(.timeLimit(.minutes(10))) struct `Relay's opinion of transactions` {
  private static let program = """
    import json, sys
    from sentry_relay.processing import StoreNormalizer
    event = StoreNormalizer(project_id=1).normalize_event(json.load(sys.stdin))
    def complaints(meta, path):
        if not isinstance(meta, dict): return
        for key, value in meta.items():
            if key == "": yield [path, value]
            else: yield from complaints(value, path + "/" + key)
    print(json.dumps({"complaints": list(complaints(event.get("_meta", {}), "")), "type": event.get("type"),
      "transaction": event.get("transaction"), "trace": event["contexts"]["trace"], "spans": event.get("spans")}))
    """

  private static func python() throws -> FilePath {
    let folder: FilePath
    if let named = EnvironmentVariable.value("SENTRY_TEST_PEERS"), !named.isEmpty {
      folder = named
    } else {
      folder = FilePath(#filePath).directory.directory.directory.appending(".build/peers")
    }
    let path = folder.appending("relay/venv/bin/python3")
    guard FileSystem.isExecutable(path) else {
      throw TestKitError(.missing, "the peer relay is not installed; run Scripts/peers")
    }
    return path
  }

  private func normalized(_ event: StructuredValue) throws -> StructuredValue {
    let process = try RunningProcess(Self.python(), ["-c", Self.program], input: event.json)
    let end = try process.wait()
    guard end == .exited(status: 0) else { throw TestKitError(.system, process.errorOutput) }
    return try StructuredValue(json: process.outputBytes)
  }

  @Test(arguments: [["finish", "close"], ["abort"], ["signal=9"]])
  func `it has no objection`(_ ending: [String]) throws {
    let run = try HealthRun()
    try run.run(["start", "transaction=job"] + ending)
    if ending != ["abort"] { try run.nextStart() }
    let event = try waitFor("the transaction has come") { run.payloads("transaction").first }
    let opinion = try normalized(event)
    #expect(opinion["complaints"] == .array([]))
    #expect(opinion["type"] == "transaction" && opinion["transaction"] == "job")
    #expect(opinion["trace"]?["op"] == "test")
    #expect(opinion["trace"]?["status"]?.string == (ending.count == 2 ? "ok" : "aborted"))
    #expect((opinion["spans"]?.array ?? []).count == (ending.count == 2 ? 1 : 2))
  }

  @Test func `it objects to what is wrong`() throws {
    let wrong: StructuredValue = [
      "type": "transaction", "transaction": "x", "start_timestamp": "never", "timestamp": 5, "spans": [],
      "contexts": ["trace": ["trace_id": "00000000000000000000000000000000", "span_id": "0123456789abcdef"]],
    ]
    let complaints = try? normalized(wrong)["complaints"]?.array
    #expect(complaints?.isEmpty != true)
  }
}
