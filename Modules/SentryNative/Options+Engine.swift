// Provides the options as the engine takes them: valid values, and a word on those that were none.
import CrashClient
import CrashDatabase
import LinuxSystem
import SentryClient
import SentryEnvelope
import StructuredValue

extension Options {
  /// The engine's options, and what is wrong with these.
  internal var clientOptions: (ClientOptions, [HealthIssue]) {
    var result = ClientOptions()
    var issues = Self.environmentIssues
    if let dsn, !dsn.isEmpty {
      do {
        result.dsn = try DSN(dsn)
      } catch {
        issues.append(HealthIssue(.dsn, "\(error). It must look like https://key@host/project"))
      }
    }
    result.proxy = proxy
    result.caCertificates = caCertificatesPath.map { FilePath($0) }
    result.transport = transport
    result.transportThreadName = transportThreadName
    result.transferTimeout = transferTimeout?.milliseconds ?? 0
    result.shutdownTimeout = shutdownTimeout.milliseconds
    result.retries = enableRetries
    result.sendsClientReports = sendClientReports
    result.largeAttachments = enableLargeAttachments
    result.cache.keep = cacheKeep
    result.cache.maxItems = Self.count(maxCacheItems, "maxCacheItems", &issues)
    result.cache.maxSize = Self.count(maxCacheSize, "maxCacheSize", &issues)
    result.cache.maxAge = maxCacheAge.milliseconds / 1000
    result.requiresUserConsent = requireUserConsent

    result.release = releaseName
    result.dist = dist
    result.environment = environment
    result.runtime = ("Swift", Self.compilerVersion)
    result.maxBreadcrumbs = Self.count(maxBreadcrumbs, "maxBreadcrumbs", &issues)
    result.attachments = attachments.map { .init(path: $0) }
    result.attachesStacktrace = attachStacktrace
    result.demangler = { Demangler.demangle($0) }
    result.functionNames = { FunctionNames.shared.names(of: $0) }
    result.sampleRate = Self.rate(sampleRate, "sampleRate", default: 1, &issues)
    result.hooks = hooks

    result.capturesCrashes = enableCrashHandler
    if let handlerPath {
      result.handler = .path(FilePath(handlerPath))
    } else if useSelfHandler {
      result.handler = .thisProgram
    }
    result.restartsHandler = restartHandler
    result.externalCrashReporter = externalCrashReporterPath.map { FilePath($0) }
    result.floodLimit = Self.count(floodLimit, "floodLimit", &issues)
    result.waitsForUpload = waitForUpload
    result.sanitizesStacks = sanitizeStacks
    result.crashTimeout = crashTimeout?.milliseconds
    result.excludedSignals = excludedSignals
    result.chainsAtStart = chainSignalHandlersAtStart
    result.crashHookTimeout = crashHookTimeout.milliseconds

    result.databasePath = FilePath(databasePath)
    result.pruning.maximumSize = Self.count(maxDatabaseSize, "maxDatabaseSize", &issues)
    result.pruning.maximumAge = maxReportAge.milliseconds / 1000

    result.tracksSessions = enableAutoSessionTracking
    result.tracesSampleRate = Self.rate(tracesSampleRate, "tracesSampleRate", default: 0, &issues)
    result.maxSpans = Self.count(maxSpans, "maxSpans", &issues)
    result.propagatesTraceparent = enablePropagateTraceparent
    result.organizationID = orgId
    result.strictTraceContinuation = strictTraceContinuation
    result.enablesLogs = enableLogs
    result.enablesMetrics = enableMetrics

    result.isDebug = debug
    result.logThreshold = diagnosticLevel
    result.logSink = diagnosticHandler
    return (result, issues)
  }

  /// Hooks on typed values as hooks on trees.
  private var hooks: Hooks {
    var hooks = Hooks()
    if let beforeSend { hooks.beforeSend = { event, _ in Self.typed(event, beforeSend) } }
    if let beforeBreadcrumb {
      hooks.beforeBreadcrumb = { beforeBreadcrumb(Breadcrumb(value: .object($0)))?.value.object }
    }
    if let beforeSendTransaction { hooks.beforeTransaction = { Self.typed($0, beforeSendTransaction) } }
    hooks.beforeSendLog = beforeSendLog
    hooks.beforeSendMetric = beforeSendMetric
    if let beforeSendFeedback { hooks.beforeSendFeedback = { event, _ in Self.typed(event, beforeSendFeedback) } }
    if let onCrash { hooks.onCrash = { context, event in Self.typed(event) { onCrash(context, $0) } } }
    hooks.onCrashedLastRun = onCrashedLastRun
    hooks.tracesSampler = tracesSampler
    return hooks
  }

  /// An event that the hook leaves alone stays as it is, with all that the typed view does not keep.
  private static func typed(_ event: StructuredObject, _ hook: (SentryEvent) -> SentryEvent?) -> StructuredObject? {
    let view = SentryEvent(value: .object(event))
    guard let kept = hook(view) else { return nil }
    return kept == view ? event : kept.value.object
  }

  private static func rate(
    _ value: Double, _ name: String, default standard: Double, _ issues: inout [HealthIssue]
  ) -> Double {
    if value >= 0 && value <= 1 { return value }
    let used = value.isNaN ? standard : min(max(value, 0), 1)
    issues.append(HealthIssue(.option, "\(name) is \(value), which is not between 0 and 1; \(used) is used"))
    return used
  }

  private static func count<Number: FixedWidthInteger>(
    _ value: Number, _ name: String, _ issues: inout [HealthIssue]
  ) -> Number {
    if value >= 0 { return value }
    issues.append(HealthIssue(.option, "\(name) is negative; 0 is used"))
    return 0
  }

  /// Of the compiler that built this module; the language gives it only in comparisons.
  private static var compilerVersion: String {
    #if compiler(>=6.5)
      "6.5 or later"
    #elseif compiler(>=6.4)
      "6.4"
    #elseif compiler(>=6.3.1)
      "6.3.1"
    #else
      "6.3"
    #endif
  }
}

extension Duration {
  /// Rounded up; 0 when negative.
  internal var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    if seconds < 0 || attoseconds < 0 { return 0 }
    return min(seconds, 1 << 40) * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
