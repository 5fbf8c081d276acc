// Provides what the fixture can send, and what it can say about itself before.
import CConfine
import CLinuxShims
import LinuxSystem
import SentryNative

enum FixtureError: Error {
  case inner(String)
  indirect case outer(any Error)
}

/// Functions that the program does not export.
@inline(never) private func hiddenCaller() {
  hiddenCapture()
  // Not a call in tail position, which would leave no frame.
  say("captured", true)
}

@inline(never) private func hiddenCapture() {
  say("error", SentrySDK.capture(error: FixtureError.inner("hidden")).dashed)
}

/// Steps after `start` that send something.
enum Captures {
  /// - Returns: `false` when the step is none of these.
  static func perform(_ step: String, _ first: String, _ second: String) async -> Bool {
    switch step {
    case "message": say("message", SentrySDK.capture(message: first).dashed)
    case "warning": say("message", SentrySDK.capture(message: first, level: .warning).dashed)
    case "error": say("error", SentrySDK.capture(error: FixtureError.outer(FixtureError.inner("deep"))).dashed)
    case "private-error":
      // The second time the names are known.
      hiddenCaller()
      hiddenCaller()
    case "exception": say("exception", SentrySDK.capture(exceptionType: first, value: second).dashed)
    case "event":
      var event = SentryEvent(level: .warning)
      event.message = first
      event.logger = "fixture"
      event.tags["own"] = "event"
      event.other["modules"] = ["swift": "6"]
      let hint = Hint(attachments: [Attachment(bytes: Array("hinted".utf8), filename: "hint.txt")])
      say("event", SentrySDK.capture(event: event, hint: hint).dashed)
    case "threads":
      var event = SentryEvent(level: .error)
      event.threads = [SentryThread(value: ["id": "7", "name": .string(first), "crashed": false])]
      say("event", SentrySDK.capture(event: event).dashed)
    case "feedback":
      var feedback = SentryFeedback(message: first, name: second, email: "a@b.example")
      feedback.associatedEventID = SentrySDK.lastEventID
      feedback.attachments = [Attachment(bytes: [1, 2, 3], filename: "screen.png", contentType: "image/png")]
      say("feedback", SentrySDK.capture(feedback: feedback).dashed)
    case "minidump": say("minidump", SentrySDK.capture(minidumpPath: first).dashed)
    case "envelope":
      var envelope = Envelope(items: [EnvelopeItem(type: first, payload: Array(second.utf8))])
      envelope.headers["event_id"] = .string("0123456789abcdef0123456789abcdef")
      say("envelope", SentrySDK.capture(envelope: envelope).dashed)
    case "scoped-message":
      SentrySDK.withScope { scope in
        scope.setTag(value: "task", key: "scope")
        say("message", SentrySDK.capture(message: first) { $0.setTag(value: "own", key: "call") }.dashed)
      }
    case "tasks": await tasks()
    case "everything-scoped": scoped(first)
    case "transaction": transaction(first)
    case "continued":
      var context = TransactionContext(name: first, operation: "test")
      context.update(headers: [("sentry-trace", second)])
      SentrySDK.startTransaction(transactionContext: context).finish()
    case "sampled":
      SentrySDK.startTransaction(
        transactionContext: TransactionContext(name: first, operation: "test"),
        customSamplingContext: ["shop": .string(second)]
      ).finish()
    case "headers":
      let transaction = SentrySDK.startTransaction(name: "outgoing", operation: "http.client")
      say("headers", transaction.outgoingHeaders.map { $0.name }.joined(separator: ","))
      transaction.discard()
    case "log": SentrySDK.logger.info("\(first) has \(second)", attributes: ["weight": 2.5])
    case "count": say("count", SentrySDK.metrics.count(key: first) == .accepted)
    case "metrics":
      SentrySDK.metrics.gauge(key: "depth", value: 3.5)
      SentrySDK.metrics.distribution(key: "response", value: 12.5, unit: "millisecond", attributes: ["ok": true])
    default: return false
    }
    return true
  }

  private static func transaction(_ name: String) {
    let transaction = SentrySDK.startTransaction(name: name, operation: "test", bindToScope: true)
    for index in 0..<3 { transaction.startChild(operation: "step", description: "\(index)").finish() }
    SentrySDK.capture(message: "inside")
    say("span", SentrySDK.span === transaction)
    transaction.finish()
  }

  /// Tasks side by side, each with a scope of its own, which its child tasks have too.
  private static func tasks() async {
    await SentrySDK.withScope { scope in
      scope.setTag(value: "yes", key: "outer")
      await withTaskGroup(of: Void.self) { group in
        for index in 0..<4 {
          group.addTask {
            await SentrySDK.withScope { inner in
              inner.setTag(value: "\(index)", key: "task")
              await Task.yield()
              let child = Task { SentrySDK.capture(message: "task \(index)") }
              _ = await child.value
            }
          }
        }
      }
      SentrySDK.capture(message: "after")
    }
    SentrySDK.capture(message: "outside")
  }

  /// Everything that a scope of a task can say.
  private static func scoped(_ name: String) {
    SentrySDK.withScope { scope in
      scope.setTag(value: "1", key: "kept")
      scope.setTag(value: "1", key: "gone")
      scope.removeTag(key: "gone")
      scope.setExtra(value: ["deep": [1, true]], key: "extra")
      var order = StructuredObject()
      order["number"] = 5
      scope.setContext(value: order, key: "order")
      scope.setAttribute(value: "eu", key: "region")
      scope.setUser(User(userId: "7", username: "ada"))
      scope.setLevel(.fatal)
      scope.setFingerprint(["a", "b"])
      scope.setTransactionName("checkout")
      scope.addBreadcrumb(Breadcrumb(message: "local"))
      scope.addAttachment(Attachment(bytes: Array("x".utf8), filename: "local.txt"))
      scope.setTrace(traceID: "11111111111111111111111111111111", parentSpanID: "2222222222222222")
      SentrySDK.capture(message: name)
      SentrySDK.logger.info("scoped")
      SentrySDK.metrics.count(key: "scoped")
    }
  }
}

/// Changes of the scope in a thread that may not make system calls but `write` and `exit`: it is killed at the first one.
enum Silence {
  static func prove() {
    // What is taken once is taken before: pages of the heap, a place for a hundred breadcrumbs and for a larger event.
    for round in 0..<400 { change(round) }
    let confined = confine_to_writing()
    if confined < 0 { say("silent", "not confined") }
    for round in 0..<2000 { change(round) }
    let words: StaticString = "silent=yes\n"
    _ = words.withUTF8Buffer { write(1, $0.baseAddress, $0.count) }
    confine_exit_thread()
  }

  private static func change(_ round: Int) {
    SentrySDK.setTag(value: "\(round % 7)", key: "round")
    SentrySDK.addBreadcrumb(Breadcrumb(level: .info, category: "test", message: "breadcrumb \(round % 10)"))
    SentrySDK.setUser(User(userId: "\(round % 10)"))
    var order = StructuredObject()
    order["number"] = .integer(Int64(round % 10))
    SentrySDK.setContext(value: order, key: "order")
    SentrySDK.setExtra(value: "x", key: "extra")
    SentrySDK.configureScope { $0.setLevel(.warning) }
    SentrySDK.removeTag(key: "round")
  }
}
