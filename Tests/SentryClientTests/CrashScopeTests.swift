import CrashDatabase
import LinuxSystem
@testable import SentryClient
import SentryEnvelope
import StructuredValue
import Testing

/// Clients without a handler: everything but the crash itself.
@Suite struct `The scope of a crash` {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// What a crash would write now.
  private func event(_ client: SentryClient) throws -> SentryEvent {
    SentryEvent(value: try StructuredValue(messagePack: client.crashScope.event))
  }

  private func breadcrumbs(_ client: SentryClient) throws -> [[String?]] {
    client.crashScope.breadcrumbs.map { bytes in
      StructuredValue.sequence(messagePack: bytes).map { $0["message"]?.string }
    }
  }

  @Test func `the event of a crash is complete before there is one`() throws {
    let client = folder.start { options in
      options.release = "shop@1.2.3"
      options.dist = "7"
      options.environment = "staging"
      options.runtime = ("Swift", "6")
    }
    let event = try event(client)
    #expect(event.eventID == client.crashEventID)
    #expect(event.platform == "native")
    #expect(event.level == .fatal)
    #expect(event.release == "shop@1.2.3" && event.dist == "7" && event.environment == "staging")
    #expect(event.user?.userId == client.installationID.description)
    #expect(event.sdk["name"] == "sentry.swift")
    #expect(event.contexts["os"]?["name"] == "Linux")
    #expect(event.contexts["os"]?["version"]?.string?.isEmpty == false)
    #expect(try #require(event.contexts["device"]?["processor_count"]?.int64) > 0)
    #expect(try #require(event.contexts["device"]?["memory_size"]?.int64) > 1 << 20)
    #expect(event.contexts["device"]?["arch"]?.string?.isEmpty == false)
    #expect(event.contexts["app"]?["app_version"] == "1.2.3")
    #expect(event.contexts["runtime"]?["name"] == "Swift")
    #expect(event.contexts["trace"]?["trace_id"]?.string?.utf8.count == 32)
    #expect(event.contexts["trace"]?["span_id"]?.string?.utf8.count == 16)
    #expect(event.breadcrumbs.isEmpty)
    client.close()
  }

  @Test func `every change of the scope is part of a crash when the call returns`() throws {
    let client = folder.start()
    client.configureScope { scope in
      scope.setTag(value: "eu", key: "region")
      scope.setExtra(value: ["a": 1], key: "more")
      scope.setUser(User(userId: "5"))
      scope.setFingerprint(["x"])
      scope.setTransactionName("GET /")
      scope.setLevel(.warning)
      var context = StructuredObject()
      context["size"] = 3
      scope.setContext(value: context, key: "cart")
    }
    var stored = try event(client)
    #expect(stored.tags["region"] == "eu")
    #expect(stored.extra["more"] == ["a": 1])
    #expect(stored.user?.userId == "5")
    #expect(stored.fingerprint == ["x"])
    #expect(stored.transaction == "GET /")
    #expect(stored.contexts["cart"]?["size"] == 3)
    // A crash is fatal, whatever the scope says of other events.
    #expect(stored.level == .fatal)
    client.configureScope { $0.clear() }
    stored = try event(client)
    #expect(stored.tags.isEmpty && stored.contexts["cart"] == nil && stored.contexts["os"] != nil)
    #expect(stored.user?.userId == client.installationID.description)
    #expect(stored.environment == "production")
    client.close()
  }

  @Test func `two files hold at least the last breadcrumbs`() throws {
    let client = folder.start { $0.maxBreadcrumbs = 3 }
    for number in 1...8 { client.addBreadcrumb(Breadcrumb(message: "\(number)")) }
    #expect(try breadcrumbs(client) == [["7", "8"], ["4", "5", "6"]])
    #expect(client.currentScope.breadcrumbs.map { $0.message } == ["6", "7", "8"])
    client.configureScope { scope in
      scope.addBreadcrumb(Breadcrumb(message: "9"))
      scope.addBreadcrumb(Breadcrumb(message: "10"))
    }
    #expect(try breadcrumbs(client) == [["7", "8", "9"], ["10"]])
    client.configureScope { scope in
      scope.clearBreadcrumbs()
      scope.addBreadcrumb(Breadcrumb(message: "new"))
    }
    #expect(try breadcrumbs(client) == [["new"], []])
    client.close()
  }

  @Test func `no breadcrumbs are written when none are wanted`() throws {
    let client = folder.start { $0.maxBreadcrumbs = 0 }
    client.addBreadcrumb(Breadcrumb(message: "1"))
    #expect(try breadcrumbs(client) == [[], []])
    client.close()
  }

  @Test func `a breadcrumb gets its time`() throws {
    let client = folder.start()
    client.addBreadcrumb(Breadcrumb(level: .info, category: "db", message: "opened", timestamp: EventTime(seconds: 5)))
    client.addBreadcrumb(Breadcrumb(message: "now"))
    let known = client.currentScope.breadcrumbs
    #expect(known[0].timestamp == EventTime(seconds: 5))
    #expect(try #require(known[1].timestamp) > EventTime(seconds: 1_700_000_000))
    client.close()
  }

  @Test func `a closure may call the client, and what others change meanwhile stays`() throws {
    let client = folder.start()
    client.configureScope { scope in
      scope.setTag(value: "outer", key: "a")
      client.configureScope { $0.setTag(value: "inner", key: "b") }
      client.addBreadcrumb(Breadcrumb(message: "inner"))
      scope.addBreadcrumb(Breadcrumb(message: "outer"))
    }
    let stored = try event(client)
    #expect(stored.tags["a"] == "outer" && stored.tags["b"] == "inner")
    #expect(client.currentScope.breadcrumbs.map { $0.message } == ["inner", "outer"])
    client.close()
  }

  @Test func `threads that change the scope at once lose nothing`() async throws {
    let client = folder.start { $0.maxBreadcrumbs = 1000 }
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<4 {
        group.addTask {
          for number in 0..<25 {
            client.configureScope { $0.setTag(value: "\(number)", key: "\(worker).\(number)") }
            client.addBreadcrumb(Breadcrumb(message: "\(worker).\(number)"))
          }
        }
      }
    }
    #expect(try event(client).tags.count == 100)
    #expect(try breadcrumbs(client)[0].count == 100)
    client.close()
  }

  @Test func `a scope fills only what the event does not say`() {
    var scope = Scope()
    scope.setTag(value: "scope", key: "a")
    scope.setTag(value: "scope", key: "b")
    scope.setLevel(.info)
    scope.setUser(User(userId: "1"))
    scope.addBreadcrumb(Breadcrumb(message: "x"))
    var object: StructuredObject = StructuredObject()
    object["level"] = "error"
    object["tags"] = ["a": "event"]
    object["future"] = "kept"
    scope.apply(to: &object)
    let event = SentryEvent(value: .object(object))
    #expect(event.other["future"] == "kept")
    #expect(event.tags["a"] == "event" && event.tags["b"] == "scope")
    #expect(event.level == .error && event.user?.userId == "1" && event.breadcrumbs.count == 1)
  }

  /// The log's function was called under the lock of the scope: one that wrote a breadcrumb for each message waited for
  /// itself.
  @Test(.timeLimit(.minutes(10))) func `the function that takes the log may change the scope`() throws {
    final class Reference: @unchecked Sendable {
      // @unchecked: set before anybody logs.
      weak var client: SentryClient?
      var messages = 0
    }
    let reference = Reference()
    let client = folder.start { options in
      options.isDebug = true
      options.logSink = { _, message in
        reference.messages += 1
        reference.client?.addBreadcrumb(Breadcrumb(message: message))
      }
    }
    let before = reference.messages
    reference.client = client
    client.setTag(value: String(repeating: "x", count: CrashScope.limit + 1), key: "large")
    #expect(reference.messages == before + 1)
    #expect(client.currentScope.breadcrumbs.last?.message?.contains("the scope is larger") == true)
    #expect(client.health.issues.contains { $0.code == .storage })
    client.close()
  }
}
