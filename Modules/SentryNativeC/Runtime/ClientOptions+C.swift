// Provides the engine's options from those of the application.
internal import CLinuxShims
internal import CSentry
internal import CrashClient
internal import LinuxSystem
internal import SentryClient
internal import SentryEnvelope
internal import StructuredValue

extension OptionsBox {
  /// What the engine is told.
  var clientOptions: ClientOptions {
    var options = ClientOptions()
    options.dsn = dsn.flatMap { try? DSN($0.string) }
    options.proxy = proxy?.string
    options.caCertificates = caCertificates.map { FilePath(bytes: $0.bytes) }
    if let name = transportThreadName { options.transportThreadName = name.string }
    options.transferTimeout = Int64(clamping: transferTimeout)
    options.shutdownTimeout = Int64(clamping: shutdownTimeout)
    options.retries = retries
    options.sendsClientReports = sendsClientReports
    // Programs of this interface count requests.
    options.sendsReportsAlone = false
    options.largeAttachments = largeAttachments
    options.cache.keep = cacheKeep == 0 ? .none : cacheKeep == 1 ? .offline : .always
    options.cache.maxItems = cacheMaxItems
    options.cache.maxSize = Int64(cacheMaxSize)
    options.cache.maxAge = Int64(cacheMaxAge)
    options.requiresUserConsent = requiresUserConsent

    options.release = release?.string
    options.dist = dist?.string
    options.environment = environment?.string ?? "production"
    if let name = sdkName { options.sdkName = name.string }
    options.sdkVersion = SENTRY_SDK_VERSION
    // Servers know native programs by this package.
    options.sdkPackages = ["github:getsentry/sentry-native"]
    options.maxBreadcrumbs = min(max(maxBreadcrumbs, 0), 1 << 20)
    options.attachments = attachments.map { $0.attachment }
    options.symbolizesStacktraces = symbolizesStacktraces
    options.sampleRate = sampleRate

    options.handler = handlerPath.map { .path(FilePath(bytes: $0.bytes)) } ?? .besideExecutable
    options.capturesCrashes = backend != nil
    options.chainsAtStart = handlerStrategy == SENTRY_HANDLER_STRATEGY_CHAIN_AT_START
    options.capturesInProcess = csentry_is_inproc(backend) != 0
    options.stackWalker = csentry_walk_interrupted
    options.waitsForUpload = waitsForUpload
    options.floodLimit = floodLimit
    options.crashTimeout = crashTimeout.map { Int64($0) }
    options.externalCrashReporter = externalCrashReporterPath.map { FilePath(bytes: $0.bytes) }
    if let path = databasePath { options.databasePath = FilePath(bytes: path.bytes) }

    options.tracksSessions = tracksSessions
    options.tracesSampleRate = tracesSampleRate
    options.maxSpans = maxSpans
    options.propagatesTraceparent = propagatesTraceparent
    options.strictTraceContinuation = strictTraceContinuation
    options.organizationID = organizationID.flatMap { $0.count > 0 ? $0.string : nil }
    options.enablesLogs = enablesLogs
    options.enablesMetrics = enablesMetrics

    options.isDebug = isDebug
    options.logsAtCrash = logsWhenCrashed
    options.logThreshold = SentryLevel(loggerLevel)
    options.logSink = logSink
    options.hooks = hooks
    return options
  }

  /// The application's logger, or standard error in the form that programs know.
  private var logSink: ClientLog.Sink {
    let logger = logger
    let logsWhenCrashed = logsWhenCrashed
    return { level, message in
      if !logsWhenCrashed && crash_load64(crash_path_owner()) != 0 { return }
      guard let logger else {
        let word = level == .warning ? "WARN" : String(decoding: level.rawValue.utf8.map { $0 & 0xdf }, as: UTF8.self)
        return StandardError.write(Array("[sentry] \(word) \(message)\n".utf8))
      }
      FilePath(message).withCString { text in
        csentry_call_message_logger(logger.function, csentryLevel(level), logger.data, text)
      }
    }
  }
}

private func csentryLevel(_ level: SentryLevel) -> Int32 {
  switch level {
  case .trace: SENTRY_LEVEL_TRACE.rawValue
  case .debug: SENTRY_LEVEL_DEBUG.rawValue
  case .warning: SENTRY_LEVEL_WARNING.rawValue
  case .error: SENTRY_LEVEL_ERROR.rawValue
  case .fatal: SENTRY_LEVEL_FATAL.rawValue
  default: SENTRY_LEVEL_INFO.rawValue
  }
}
