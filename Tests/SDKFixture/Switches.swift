// Provides the options that the fixture's arguments can set: every one that there is.
import CLinuxShims
import LinuxSystem
import SentryNative

/// Steps before `start`. Each names an option and its value.
enum Switches {
  /// - Returns: `false` when the step is no option.
  static func set(_ name: String, _ first: String, _ second: String, _ options: inout Options) -> Bool {
    if setTransport(name, first, second, &options) || setProgram(name, first, &options) { return true }
    switch name {
    case "defaults":
      let before = options
      options = Options()
      options.handlerPath = before.handlerPath
      options.databasePath = before.databasePath
      options.shutdownTimeout = before.shutdownTimeout
      options.crashTimeout = before.crashTimeout
    case "no-crash-handler": options.enableCrashHandler = false
    case "reporter": options.externalCrashReporterPath = first
    case "wait-for-upload": options.waitForUpload = true
    case "exclude": options.excludedSignals.append(Int32(first) ?? 0)
    case "chain-at-start": options.chainSignalHandlersAtStart = true
    case "max-database-size": options.maxDatabaseSize = Int64(first) ?? 0
    case "max-report-age": options.maxReportAge = .seconds(Int(first) ?? 0)
    case "no-sessions": options.enableAutoSessionTracking = false
    case "traces": options.tracesSampleRate = Double(first) ?? 0
    case "sampler":
      options.tracesSampler = { context in
        context.transaction["name"] == .string(first) && context.custom["shop"] == "eu" ? 1 : 0
      }
    case "max-spans": options.maxSpans = Int(first) ?? 0
    case "traceparent": options.enablePropagateTraceparent = true
    case "org": options.orgId = first
    case "strict": options.strictTraceContinuation = true
    case "no-logs": options.enableLogs = false
    case "no-metrics": options.enableMetrics = false
    case "debug": options.debug = true
    case "diagnostic-level": options.diagnosticLevel = SentryLevel(rawValue: first)
    case "diagnostics": options.diagnosticHandler = { say("diagnostic", "\($0.rawValue): \($1)") }
    default: return setHook(name, first, second, &options)
    }
    return true
  }

  private static func setTransport(
    _ name: String, _ first: String, _ second: String, _ options: inout Options
  ) -> Bool {
    switch name {
    case "proxy": options.proxy = first
    case "ca": options.caCertificatesPath = first
    case "no-transport": options.transport = .disabled
    case "own-transport":
      options.transport = .custom(
        CustomTransport { envelope in say("envelope", envelope.items.map { $0.type }.joined(separator: "+")) })
    case "own-http":
      options.transport = .httpClient(
        CustomHTTPClient { request in
          say("request", request.url.hasSuffix("/envelope/"))
          return .init(status: 200)
        })
    case "thread": options.transportThreadName = first
    case "transfer-timeout": options.transferTimeout = .milliseconds(Int(first) ?? 0)
    case "shutdown-timeout": options.shutdownTimeout = .milliseconds(Int(first) ?? 0)
    case "retries": options.enableRetries = true
    case "no-client-reports": options.sendClientReports = false
    case "large-attachments": options.enableLargeAttachments = true
    case "cache": options.cacheKeep = first == "always" ? .always : first == "offline" ? .offline : .none
    case "cache-items": options.maxCacheItems = Int(first) ?? 0
    case "cache-size": options.maxCacheSize = Int64(first) ?? 0
    case "cache-age": options.maxCacheAge = .seconds(Int(first) ?? 0)
    case "consent-required": options.requireUserConsent = true
    default: return false
    }
    return true
  }

  private static func setProgram(_ name: String, _ first: String, _ options: inout Options) -> Bool {
    switch name {
    case "release": options.releaseName = first.isEmpty ? nil : first
    case "dist": options.dist = first
    case "environment": options.environment = first
    case "max-breadcrumbs": options.maxBreadcrumbs = Int(first) ?? 0
    case "file": options.attachments.append(first)
    case "stacktraces": options.attachStacktrace = true
    case "sample": options.sampleRate = Double(first) ?? 1
    case "words": options.errorDescription = { _ in first }
    default: return false
    }
    return true
  }

  private static func setHook(_ name: String, _ first: String, _ second: String, _ options: inout Options) -> Bool {
    switch name {
    case "hook": options.onCrash = Hook.named(first)
    case "sanitize-stacks": options.sanitizeStacks = true
    case "hook-timeout": options.crashHookTimeout = .milliseconds(Int(first) ?? 0)
    case "before-send-tag": options.beforeSend = tagging(first, second)
    case "before-send-drop": options.beforeSend = { _ in nil }
    case "before-send-same": options.beforeSend = { $0 }
    case "before-breadcrumb":
      options.beforeBreadcrumb = { crumb in
        if crumb.message == first { return nil }
        var crumb = crumb
        crumb.category = second
        return crumb
      }
    case "before-transaction-tag": options.beforeSendTransaction = tagging(first, second)
    case "before-transaction-drop": options.beforeSendTransaction = { _ in nil }
    case "before-log":
      options.beforeSendLog = { log in
        if log["body"] == .string(first) { return nil }
        var log = log
        log["body"] = .string(second)
        return log
      }
    case "before-metric":
      options.beforeSendMetric = { metric in
        if metric["name"] == .string(first) { return nil }
        var metric = metric
        metric["name"] = .string(second)
        return metric
      }
    case "before-feedback-tag": options.beforeSendFeedback = tagging(first, second)
    case "before-feedback-drop": options.beforeSendFeedback = { _ in nil }
    case "last-run-hook":
      options.onCrashedLastRun = { envelope in
        say("last-run", envelope.items.map { $0.type }.joined(separator: "+"))
        say("last-run-id", envelope.eventID?.dashed ?? "none")
      }
    default: return false
    }
    return true
  }

  private static func tagging(_ key: String, _ value: String) -> @Sendable (SentryEvent) -> SentryEvent? {
    { event in
      var event = event
      event.tags[key] = .string(value)
      return event
    }
  }
}

/// What an application may do in `onCrash`, good and bad.
private enum Hook {
  static func named(_ name: String) -> @Sendable (CrashContext, SentryEvent) -> SentryEvent? {
    { context, event in
      switch name {
      case "discard": return nil
      case "hang": while true { CLinuxShims.pause() }
      case "crash": return SentryEvent(value: [.init(integerLiteral: 1)][Int(getpid()) + 1])
      case "abort": abort()
      default:
        var event = event
        event.tags["hook"] = "was here"
        event.tags["signal"] = .string("\(context.signal)")
        event.user = nil
        return event
      }
    }
  }
}

/// A line of output.
func say(_ name: String, _ value: some CustomStringConvertible) {
  try? OwnedFileDescriptor(owning: dup(1)).writeAll(Array("\(name)=\(value)\n".utf8))
}
