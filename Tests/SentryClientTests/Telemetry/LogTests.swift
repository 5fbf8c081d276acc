import LinuxSystem
import SentryEnvelope
import StructuredValue
import Testing

@testable import SentryClient

@Suite struct `Structured logs and metrics` {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func attributes(_ members: (String, StructuredValue)...) -> StructuredObject {
    var result = StructuredObject()
    for (key, value) in members { result[key] = value }
    return result
  }

  @Test func `a log has the fields of the wire, in their order`() throws {
    let (client, transport) = try folder.collect()
    let before = Timestamp.now().seconds
    #expect(
      client.log(
        .warning, "disk \"full\"\n",
        attributes: attributes(
          ("text", "a"), ("flag", true), ("count", 3), ("share", 0.5),
          ("size", ["value": 5, "type": "integer", "unit": "byte"]),
          ("not", .array([])), ("a number", .double(.nan)), ("no value", ["type": "string"]))) == .accepted)
    #expect(transport.entries("log").isEmpty)
    client.close()
    let log = try #require(transport.entries("log").first)
    #expect(log.object?.keys == ["body", "level", "timestamp", "trace_id", "attributes"])
    #expect(log["body"] == "disk \"full\"\n" && log["level"] == "warn")
    let time = try #require(log["timestamp"]?.double)
    #expect(time >= Double(before) && time < Double(before) + 60)
    #expect(log["trace_id"]?.string == client.currentScope.propagationContext.traceID)
    let known = try #require(log["attributes"]?.object)
    #expect(
      known.keys == [
        "text", "flag", "count", "share", "size", "os.name", "os.version", "sentry.environment", "sentry.release",
        "sentry.sdk.name", "sentry.sdk.version",
      ])
    #expect(known["text"] == ["value": "a", "type": "string"] && known["flag"] == ["value": true, "type": "boolean"])
    #expect(known["count"] == ["value": 3, "type": "integer"] && known["share"] == ["value": 0.5, "type": "double"])
    #expect(known["size"] == ["value": 5, "type": "integer", "unit": "byte"])
    #expect(known["sentry.release"] == ["value": "shop@1.2.3", "type": "string"])
    #expect(known["sentry.environment"]?["value"] == "test" && known["os.name"]?["value"] == "Linux")
    #expect(known["sentry.sdk.version"]?["value"]?.string == SDKInformation.version)
    let envelope = try #require(transport.envelopes.first { $0.items.first?.type == "log" })
    #expect(envelope.headers.keys == ["dsn"])
    #expect(envelope.items[0].headers["item_count"] == 1)
    #expect(envelope.items[0].headers["content_type"] == "application/vnd.sentry.items.log+json")
  }

  @Test func `every level has its word`() throws {
    let (client, transport) = try folder.collect()
    for level: SentryLevel in [.trace, .debug, .info, .warning, .error, .fatal] { client.log(level, "x") }
    client.close()
    #expect(
      transport.entries("log").map { $0["level"]?.string } == ["trace", "debug", "info", "warn", "error", "fatal"])
  }

  @Test func `the call counts first, then its scope, then the global one, then what the SDK knows`() throws {
    let (client, transport) = try folder.collect()
    var user = User(userId: "7", username: "ann", email: "a@b")
    user.name = nil
    client.configureScope { scope in
      scope.setUser(user)
      for key in ["a", "b", "c", "os.name"] { scope.setAttribute(value: "global", key: key) }
    }
    var local = Scope()
    for key in ["a", "b", "sentry.release"] { local.setAttribute(value: "local", key: key, unit: "unit") }
    local.setUser(User(userId: "8"))
    client.log(.info, "x", attributes: attributes(("a", "call"), ("sentry.environment", "call")), scope: local)
    client.log(.info, "y")
    client.close()
    let logs = transport.entries("log").compactMap { $0["attributes"] }
    #expect(logs.count == 2)
    #expect(logs[0]["a"] == ["value": "call", "type": "string"])
    #expect(logs[0]["b"] == ["value": "local", "type": "string", "unit": "unit"])
    #expect(logs[0]["c"]?["value"] == "global" && logs[0]["os.name"]?["value"] == "global")
    #expect(logs[0]["sentry.release"]?["value"] == "local" && logs[0]["sentry.environment"]?["value"] == "call")
    #expect(logs[0]["user.id"]?["value"] == "8" && logs[0]["user.email"]?["value"] == "a@b")
    #expect(logs[1]["user.id"]?["value"] == "7" && logs[1]["user.name"]?["value"] == "ann")
    #expect(logs[1]["sentry.release"]?["value"] == "shop@1.2.3")
    for log in logs { #expect(Set(log.object?.keys ?? []).count == log.object?.count) }
  }

  @Test func `the installation is no user`() throws {
    let (client, transport) = try folder.collect()
    client.log(.info, "x")
    client.close()
    #expect(transport.entries("log")[0]["attributes"]?["user.id"] == nil)
  }

  @Test func `a change of the scope is seen by the next log`() throws {
    let (client, transport) = try folder.collect()
    client.log(.info, "1")
    client.configureScope { $0.setRelease("shop@2") }
    client.log(.info, "2")
    client.configureScope { $0.setAttribute(value: 1, key: "n") }
    client.log(.info, "3")
    client.configureScope { $0.removeAttribute(key: "n") }
    client.log(.info, "4")
    client.close()
    let logs = transport.entries("log").compactMap { $0["attributes"] }
    #expect(logs.map { $0["sentry.release"]?["value"]?.string } == ["shop@1.2.3", "shop@2", "shop@2", "shop@2"])
    #expect(logs.map { $0["n"] != nil } == [false, false, true, false])
  }

  @Test func `a log in a span names it`() throws {
    let (client, transport) = try folder.collect { $0.tracesSampleRate = 1 }
    let transaction = client.startTransaction(TransactionContext(name: "a", operation: "b"))
    client.bind(transaction)
    client.log(.info, "x")
    var local = Scope()
    let child = transaction.startChild(operation: "c")
    local.span = child
    client.log(.info, "y", scope: local)
    transaction.finish()
    client.log(.info, "z")
    client.close()
    let logs = transport.entries("log")
    #expect(logs.map { $0["trace_id"]?.string == transaction.traceID } == [true, true, false])
    let parents = logs.map { $0["attributes"]?["sentry.trace.parent_span_id"]?["value"]?.string }
    #expect(parents == [transaction.spanID, child.spanID, nil])
  }

  @Test func `metrics have the fields of the wire, in their order`() throws {
    let (client, transport) = try folder.collect()
    #expect(client.metric(.counter, "orders", 3) == .accepted)
    #expect(client.metric(.gauge, "depth", 0.25, unit: "", attributes: attributes(("k", "v"))) == .accepted)
    #expect(client.metric(.distribution, "time", 12.5, unit: "millisecond") == .accepted)
    #expect(client.metric(.gauge, "nothing", .double(.infinity)) == .failed)
    #expect(client.metric(.gauge, "nothing", "text") == .failed)
    client.close()
    let metrics = transport.entries("trace_metric")
    #expect(metrics.map { $0["type"]?.string } == ["counter", "gauge", "distribution"])
    #expect(metrics[0].object?.keys == ["timestamp", "type", "name", "value", "trace_id", "attributes"])
    #expect(metrics[2].object?.keys == ["timestamp", "type", "name", "value", "unit", "trace_id", "attributes"])
    #expect(metrics[0]["value"] == 3 && metrics[1]["value"]?.double == 0.25 && metrics[2]["unit"] == "millisecond")
    #expect(metrics[1]["attributes"]?["k"] == ["value": "v", "type": "string"])
    #expect(metrics[0]["attributes"]?["sentry.release"]?["value"] == "shop@1.2.3")
    let item = try #require(transport.envelopes.flatMap { $0.items }.first { $0.type == "trace_metric" })
    #expect(
      item.headers["content_type"] == "application/vnd.sentry.items.trace-metric+json"
        && item.headers["item_count"] == 3)
  }

  @Test func `hooks may change and drop, and what they drop is counted`() throws {
    let (client, transport) = try folder.collect { options in
      options.hooks.beforeSendLog = { log in
        if log["body"] == "drop" { return nil }
        var log = log
        log["body"] = "changed\nby a hook"
        return log
      }
      options.hooks.beforeSendMetric = { $0["name"] == "drop" ? nil : $0 }
    }
    #expect(client.log(.info, "drop") == .discarded && client.log(.info, "keep") == .accepted)
    #expect(client.metric(.counter, "drop", 1) == .discarded && client.metric(.counter, "keep", 1) == .accepted)
    client.close()
    #expect(transport.entries("log").map { $0["body"]?.string } == ["changed\nby a hook"])
    #expect(transport.entries("trace_metric").count == 1)
    let counts = client.reports.discarded
    #expect(counts[ClientReports.Pair(reason: .beforeSend, category: DataCategory(rawValue: "log_item"))] == 1)
    #expect(counts[ClientReports.Pair(reason: .beforeSend, category: DataCategory(rawValue: "trace_metric"))] == 1)
  }

  @Test func `what is switched off, or over, says so`() throws {
    let (client, transport) = try folder.collect { options in
      options.enablesLogs = false
      options.enablesMetrics = false
    }
    #expect(client.log(.info, "x") == .disabled && client.metric(.counter, "x", 1) == .disabled)
    client.close()
    #expect(transport.entries("log").isEmpty)
    let (second, _) = try folder.collect()
    second.close()
    #expect(second.log(.info, "x") == .failed)
  }

  @Test func `a hundred are sent at once, the others on request`() throws {
    let (client, transport) = try folder.collect()
    for number in 0..<250 { client.log(.info, "\(number)") }
    client.flushTelemetry()
    let batches = transport.payloads("log").map { $0["items"]?.array?.count ?? 0 }
    #expect(batches == [100, 100, 50])
    #expect(transport.entries("log").map { $0["body"]?.string } == (0..<250).map { "\($0)" })
    client.close()
  }

  @Test func `a log that is longer than a batch is sent by itself`() throws {
    let (client, transport) = try folder.collect()
    #expect(client.log(.info, String(repeating: "x", count: 300_000)) == .accepted)
    #expect(transport.entries("log").count == 1)
    client.close()
  }
}
