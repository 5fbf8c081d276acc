import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNative
import SentryNativeTesting
import StructuredValue
import Testing

@Suite(.timeLimit(.minutes(10))) struct `An option` {
  let run: SDKRun
  let server: LoopbackIngestServer
  init() throws {
    run = try SDKRun()
    server = try LoopbackIngestServer()
  }

  private func cached() -> [String] {
    ((try? FileSystem.entries(of: run.database.appending("cache"))) ?? []).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Options with a test of their effect in this folder.
  static let tested: Set<String> = [
    "dsn", "proxy", "caCertificatesPath", "transport", "transportThreadName", "transferTimeout", "shutdownTimeout",
    "enableRetries", "sendClientReports", "enableLargeAttachments", "cacheKeep", "maxCacheItems", "maxCacheSize",
    "maxCacheAge", "requireUserConsent", "releaseName", "dist", "environment", "maxBreadcrumbs", "attachments",
    "attachStacktrace", "sampleRate", "errorDescription", "beforeSend", "beforeBreadcrumb", "beforeSendTransaction",
    "beforeSendLog", "beforeSendMetric", "beforeSendFeedback", "onCrash", "crashHookTimeout", "onCrashedLastRun",
    "enableCrashHandler", "handlerPath", "externalCrashReporterPath", "waitForUpload", "excludedSignals",
    "chainSignalHandlersAtStart",
    "databasePath", "maxDatabaseSize", "maxReportAge", "enableAutoSessionTracking", "tracesSampleRate",
    "tracesSampler", "maxSpans", "enablePropagateTraceparent", "orgId", "strictTraceContinuation", "enableLogs",
    "enableMetrics", "sanitizeStacks", "debug", "diagnosticLevel", "diagnosticHandler",
  ]

  /// Those whose tests are elsewhere: `SelfHandlerTests`, `LostHandlerTests`, `FloodTests` of the whole system, and
  /// `SDKTests`.
  static let testedElsewhere: Set<String> = [
    "useSelfHandler", "restartHandler", "floodLimit", "crashTimeout", "enableAppHangTracking", "appHangTimeoutInterval",
  ]

  @Test func `has a test, each of them`() {
    let all = Set(Mirror(reflecting: Options()).children.compactMap { $0.label })
    #expect(all == Self.tested.union(Self.testedElsewhere))
  }

  @Test func `of the environment counts where the program says nothing`() throws {
    let result = try run.run(
      ["defaults", "start", "issue-texts", "message=m", "transaction=t", "close"],
      environment: [
        "SENTRY_DSN": server.dsn, "SENTRY_RELEASE": "env@1", "SENTRY_ENVIRONMENT": "staging",
        "SENTRY_TRACES_SAMPLE_RATE": "1.0 ", "SENTRY_SAMPLE_RATE": "nonsense", "SENTRY_DEBUG": "1",
      ])
    let event = try #require(server.event("m"))
    #expect(event.release == "env@1" && event.environment == "staging")
    #expect(server.payloads("transaction").count == 1)
    #expect(result.errorOutput.contains("crashes are captured"))
    #expect(result.output.contains("SENTRY_SAMPLE_RATE says \"nonsense\""), "\(result.output)")
    #expect(!result.output.contains("TRACES"))
    for zero in ["0", " 0", "0 ", "+0.", "-5"] {
      let other = try SDKRun()
      try other.run(
        ["defaults", "start", "message=unwanted", "close"],
        environment: ["SENTRY_DSN": server.dsn, "SENTRY_SAMPLE_RATE": zero])
      #expect(server.event("unwanted") == nil, "\(zero)")
    }
  }

  @Test func `that makes no sense is replaced, and named in health`() throws {
    let result = try run.run(
      server, ["sample=7", "max-breadcrumbs=-1", "cache-items=-5", "traces=nan"],
      ["issues", "breadcrumb=x", "message=m"])
    #expect(result.output.contains("issues=option,option,option,option"))
    #expect(server.event("m")?.breadcrumbs.isEmpty == true)
  }

  @Test func `about the program is in each event`() throws {
    try run.run(
      server, ["release=shop@2.0", "dist=77", "environment=blue", "max-breadcrumbs=2"],
      ["breadcrumb=1", "breadcrumb=2", "breadcrumb=3", "message=m"])
    let event = try #require(server.event("m"))
    #expect(event.release == "shop@2.0" && event.dist == "77" && event.environment == "blue")
    #expect(event.breadcrumbs.map { $0.message } == ["2", "3"])
    #expect(event.contexts["app"]?["app_version"] == "2.0")
  }

  @Test func `sampleRate keeps events back and counts them, feedback and crashes never`() throws {
    let result = try run.run(
      ["sample=0", "start", "message=m", "feedback=x=y", "discarded", "flush=60000", "abort"], dsn: server.dsn)
    #expect(result.output.contains("discarded=sample_rate/error/1"))
    _ = try waitFor("the dump", timeout: .seconds(60)) { server.requests.first { $0.minidump != nil } }
    try waitUntil("the feedback", timeout: .seconds(60)) { server.payloads("feedback").count == 1 }
    #expect(server.payloads("event").isEmpty)
  }

  // MARK: - Transport

  @Test func `proxy is used by the program and by its handler`() throws {
    _ = try run.run(
      ["proxy=http://127.0.0.1:\(server.port)", "start", "message=m", "flush=60000", "abort"],
      dsn: "http://key@sentry.invalid/1")
    #expect(
      server.requests.contains {
        $0.target.hasPrefix("http://sentry.invalid") && $0.target.contains("/api/1/envelope/")
      })
    try waitUntil("the dump", timeout: .seconds(60)) {
      server.requests.contains {
        $0.target.hasPrefix("http://sentry.invalid") && $0.target.contains("/api/1/minidump/")
      }
    }
  }

  @Test func `proxy may be empty, for none whatever the environment says`() throws {
    let closed = try ClosedPort()
    try run.run(
      ["proxy=", "start", "message=m", "close"], dsn: server.dsn,
      environment: ["http_proxy": "http://127.0.0.1:\(closed.port)", "no_proxy": ""])
    #expect(server.event("m") != nil)
  }

  @Test func `caCertificatesPath takes the place of the system's certificates`() throws {
    let file = run.directory.appending("none.pem")
    try FileSystem.write(Array("no certificate".utf8), to: file)
    let result = try run.run(
      ["ca=\(file)", "start", "message=m", "flush=60000", "last-error", "close"],
      dsn: "https://key@127.0.0.1:\(server.port)/1")
    // What libcurl says of such a file, and not what it says of a server that speaks no TLS.
    #expect(result.output.contains("certificate") || result.output.contains("CA cert"), "\(result.output)")
  }

  @Test func `transport may be the program's own, its own HTTP, or none`() throws {
    let own = try run.run(["no-sessions", "own-transport", "start", "message=m", "feedback=a=b", "close"])
    #expect(own.output.contains("envelope=event\n") && own.output.contains("envelope=feedback+attachment\n"))
    let http = try run.run(["no-sessions", "own-http", "start", "message=m", "close", "sent"], dsn: server.dsn)
    #expect(http.output.contains("request=true"))
    let none = try run.run(["no-transport", "start", "message=m", "flush=10", "close"], dsn: server.dsn)
    #expect(none.termination == .exited(status: 0))
    #expect(server.requests.isEmpty)
  }

  @Test func `transportThreadName is the thread's name`() throws {
    let result = try run.run(server, ["thread=postman"], ["message=m", "flush=60000", "thread-names"])
    #expect(result.output.contains("postman"))
  }

  @Test func `transferTimeout ends a request that hangs`() throws {
    server.answer(.silence)
    let result = try run.run(
      ["transfer-timeout=300", "start", "message=m", "flush=25000", "last-error", "discarded"], dsn: server.dsn)
    #expect(result.output.contains("flush=true") && result.output.contains("did not answer in time"))
    #expect(result.output.contains("network_error/error/1"))
  }

  @Test func `shutdownTimeout bounds close, and the next start sends the rest`() throws {
    server.answer(.silence)
    try run.run(["no-sessions", "shutdown-timeout=1", "start", "message=m", "close"], dsn: server.dsn)
    server.answer(.accepted)
    #expect(
      try run.run(["no-sessions", "start", "flush=60000", "close"], dsn: server.dsn).output.contains("flush=true"))
    #expect(server.event("m") != nil)
    #expect(try run.names(".run").isEmpty)
  }

  @Test(arguments: [true, false]) func `enableRetries keeps what could not be sent for a later run`(isOn: Bool) throws {
    let closed = try ClosedPort()
    let result = try run.run(
      ["no-sessions"] + (isOn ? ["retries"] : []) + ["start", "message=m", "flush=60000", "discarded", "close"],
      dsn: "http://key@127.0.0.1:\(closed.port)/1")
    #expect(cached().count == (isOn ? 1 : 0))
    #expect(result.output.contains("discarded=\(isOn ? "" : "network_error/error/1")\n"))
    if !isOn { return }
    #expect(cached()[0].split(separator: "-").dropFirst().first == "00")
    try run.run(["no-sessions", "retries", "start", "retry", "flush=60000", "close"], dsn: server.dsn)
    #expect(server.event("m") != nil && cached().isEmpty)
  }

  @Test func `sendClientReports may be off`() throws {
    try run.run(server, ["before-send-drop", "no-client-reports"], ["message=m", "feedback=a=b"])
    #expect(server.payloads("client_report").isEmpty && server.payloads("feedback").count == 1)
  }

  @Test(arguments: [true, false])
  func `enableLargeAttachments sends them by resumable uploads, and without it they are counted`(isOn: Bool) throws {
    let file = run.directory.appending("large.bin")
    try FileSystem.open(file, [.write, .create]).truncate(to: 101 << 20)
    let result = try run.run(
      server, (isOn ? ["large-attachments"] : []) + ["file=\(file)"], ["message=m", "flush=60000", "discarded"])
    let uploads = server.requests.filter { $0.path.hasSuffix("/upload/") }
    #expect(uploads.map { $0.header("upload-length") } == (isOn ? ["\(101 << 20)"] : []))
    // This server gives no place for it.
    #expect(result.output.contains("\(isOn ? "send_error" : "internal_sdk_error")/attachment/1"))
    #expect(server.event("m") != nil)
    #expect(cached().isEmpty)
  }

  @Test func `cacheKeep keeps everything, or what could not be sent, within its limits`() throws {
    try run.run(server, ["cache=always"], ["message=1", "message=2", "message=3"])
    #expect(cached().count == 3)
    try run.run(server, ["cache=always", "cache-items=2"], ["message=4"])
    #expect(cached().count == 2)
    // Another file system's time may lag behind the clock.
    let old = run.database.appending("cache").appending(cached()[0])
    #expect(try RunningProcess("/usr/bin/touch", ["-d", "2001-01-01", old.description]).wait() == .exited(status: 0))
    try run.run(server, ["cache=always", "cache-age=3600"], [])
    #expect(cached().count == 1)
    try run.run(server, ["cache=always", "cache-size=1"], [])
    #expect(cached().isEmpty)
    let closed = try ClosedPort()
    try run.run(
      ["no-sessions", "cache=offline", "start", "message=m", "flush=60000", "close"],
      dsn: "http://key@127.0.0.1:\(closed.port)/1")
    #expect(cached().count == 1)
    #expect(cached()[0].utf8.count == "01234567-89ab-cdef-0123-456789abcdef.envelope".utf8.count)
  }

  @Test func `requireUserConsent holds events back, which are kept where something is kept`() throws {
    let dropped = try run.run(server, ["consent-required"], ["message=m", "flush=60000", "discarded"])
    #expect(dropped.output.contains("no_consent/error/1"))
    try run.run(server, ["consent-required", "cache=offline"], ["message=kept", "flush=60000"])
    #expect(cached().count == 1)
    // What waits in the queue when the user changes their mind is not sent either: the first one is waited for.
    try run.run(
      server, ["consent-required"],
      ["consent", "message=given", "flush=60000", "revoke", "message=revoked", "flush=60000", "discarded"])
    #expect(server.event("m") == nil && server.event("given") != nil && server.event("revoked") == nil)
  }

  // MARK: - Crashes

  @Test func `enableCrashHandler may be off, and all else works`() throws {
    let result = try run.run(
      ["no-crash-handler", "start", "captures", "message=m", "flush=60000", "abort"], dsn: server.dsn)
    if case .signaled(let signal, _) = result.termination { #expect(signal == 6) } else { Issue.record("\(result)") }
    #expect(result.output.contains("captures=false") && server.event("m") != nil)
    #expect(try CrashDatabase(path: run.database, create: false).unsentReports().isEmpty)
  }

  @Test func `excludedSignals are the program's`() throws {
    let result = try run.run(["exclude=6", "start", "captures", "abort"])
    if case .signaled(let signal, _) = result.termination { #expect(signal == 6) } else { Issue.record("\(result)") }
    #expect(try CrashDatabase(path: run.database, create: false).unsentReports().isEmpty)
    _ = try run.run(["exclude=6", "start", "signal=11"])
    #expect(try CrashDatabase(path: run.database, create: false).unsentReports().count == 1)
  }

  @Test func `chainSignalHandlersAtStart leaves faults to a handler that was there before and mends them`() throws {
    let steps = ["mending-handler", "start", "mend", "mend", "close"]
    func reports() throws -> Int { try CrashDatabase(path: run.database, create: false).unsentReports().count }
    let result = try run.run(["chain-at-start"] + steps)
    #expect(result.termination == .exited(status: 0) && result.output.contains("mended=true"), "\(result)")
    #expect(try reports() == 0)
    _ = try run.run(["chain-at-start", "mending-handler", "start", "signal=11"])
    #expect(try reports() == 1)
  }

  @Test func `externalCrashReporterPath gets each crash as an envelope`() throws {
    let script = run.directory.appending("reporter.sh")
    let copy = run.directory.appending("copy")
    try ProgramFile.write(
      Array("#!/bin/sh\ncp \"$1\" '\(copy).part' && mv '\(copy).part' '\(copy)'\n".utf8), to: script)
    _ = try run.run(["reporter=\(script)", "start", "tag=a=b", "abort"], dsn: server.dsn)
    let envelope = try Envelope(
      bytes: waitFor("the reporter's copy", timeout: .seconds(60)) { try? FileSystem.read(copy) })
    let types = envelope.items.map { $0.type }
    #expect(types.contains("event") && types.contains("attachment"))
    #expect(envelope.headers["dsn"] == .string(server.dsn))
    #expect(server.requests.allSatisfy { $0.minidump == nil })
  }

  @Test func `sanitizeStacks leaves only what unwinding needs in the report`() throws {
    _ = try run.run(["sanitize-stacks", "start", "abort"], dsn: server.dsn)
    let form = try waitFor("the dump") { server.requests.first { $0.minidump != nil }?.form }
    #expect(form.fields["capture_stacks"] == "sanitized")
  }

  @Test func `waitForUpload ends the process when its report is with the server`() throws {
    server.answer(.delayed(milliseconds: 300, then: .accepted))
    let result = try run.run(["wait-for-upload", "start", "abort"], dsn: server.dsn)
    if case .signaled(let signal, _) = result.termination { #expect(signal == 6) } else { Issue.record("\(result)") }
    #expect(server.requests.contains { $0.minidump != nil && $0.answeredStatus == 200 })
  }

  @Test func `maxDatabaseSize and maxReportAge bound what is kept`() throws {
    let database = try CrashDatabase(path: run.database)
    for _ in 0..<2 { _ = try run.run(["start", "abort"]) }
    #expect(database.unsentReports().count == 2)
    // The newest one is always kept.
    try run.run(["max-database-size=1", "start", "close"])
    #expect(database.unsentReports().count == 1)
    try waitUntil("the report is too old", timeout: .seconds(60)) {
      try run.run(["max-report-age=1", "start", "close"])
      return database.unsentReports().isEmpty
    }
  }

  // MARK: - Sessions, tracing, logs, metrics

  @Test func `enableAutoSessionTracking may be off, and sessions be begun by hand`() throws {
    try run.run(["start", "close"], dsn: server.dsn)
    #expect(server.payloads("session").count == 1)
    try run.run(server, [], ["message=m"])
    #expect(server.payloads("session").count == 1)
    try run.run(server, [], ["start-session", "error", "end-session"])
    let last = try #require(server.payloads("session").last)
    #expect(last["status"] == "exited" && last["errors"] == 1)
  }

  @Test func `about tracing is obeyed`() throws {
    let trace = "11111111111111111111111111111111"
    try run.run(
      server, ["traces=1", "max-spans=2"],
      ["transaction=few", "continued=joined=\(trace)-2222222222222222-1", "headers"])
    let transactions = server.payloads("transaction")
    #expect(transactions.first?["spans"]?.array?.count == 2)
    #expect(transactions.last?["contexts"]?["trace"]?["trace_id"] == .string(trace))
    try run.run(server, ["traces=1", "org=7", "strict"], ["continued=alone=\(trace)-2222222222222222-1"])
    let alone = try #require(server.payloads("transaction").last)
    #expect(alone["transaction"] == "alone" && alone["contexts"]?["trace"]?["trace_id"] != .string(trace))
    #expect(server.envelopes.last?.headers["trace"]?["org_id"] == "7")
    try run.run(server, [], ["transaction=unmeasured"])
    #expect(server.payloads("transaction").count == 3)
    #expect(
      try run.run(server, ["traceparent"], ["headers"]).output.contains("headers=sentry-trace,baggage,traceparent"))
    #expect(try run.run(server, [], ["headers"]).output.contains("headers=sentry-trace,baggage\n"))
  }

  @Test func `enableLogs and enableMetrics may be off`() throws {
    try run.run(server, ["no-logs", "no-metrics"], ["log=a=b", "count=c"])
    #expect(server.payloads("log").isEmpty && server.payloads("trace_metric").isEmpty)
  }

  // MARK: - The SDK's own log

  @Test func `about the SDK's own log is obeyed`() throws {
    let own = try run.run(["debug", "diagnostics", "start", "close"], dsn: server.dsn)
    #expect(own.output.contains("diagnostic=info: crashes are captured") && own.errorOutput == "")
    let quiet = try run.run(["debug", "diagnostics", "diagnostic-level=error", "start", "close"], dsn: server.dsn)
    #expect(!quiet.output.contains("diagnostic="))
    #expect(try run.run(["diagnostics", "start", "close"]).output == "")
  }
}
