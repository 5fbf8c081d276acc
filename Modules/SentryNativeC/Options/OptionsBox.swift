// Provides what `sentry_options_t` points to.
internal import CLinuxShims
internal import CSentry

/// A function of the application with what it gets as its last argument.
internal struct Hook<Function>: @unchecked Sendable {
  // @unchecked: the application answers for its own data.
  let function: Function
  let data: UnsafeMutableRawPointer?

  init?(_ function: Function?, _ data: UnsafeMutableRawPointer?) {
    guard let function else { return nil }
    self.function = function
    self.data = data
  }
}

/// Options as the application sets them. One thread changes them; nobody does after `sentry_init`.
internal final class OptionsBox: @unchecked Sendable {
  // @unchecked: see above.
  var dsn: CText?
  var release: CText?
  var environment: CText? = CText.copy("production")
  var dist: CText?
  var proxy: CText?
  var caCertificates: CText?
  var transportThreadName: CText? = CText.copy("sentry-http")
  var sdkName: CText? = CText.copy(SENTRY_SDK_NAME)
  var userAgent: CText? = CText.copy("\(SENTRY_SDK_NAME)/\(SENTRY_SDK_VERSION)")
  var handlerPath: CText?
  var externalCrashReporterPath: CText?
  var databasePath: CText? = CText.copy(".sentry-native")
  var organizationID: CText?

  var sampleRate = 1.0
  var tracesSampleRate = 0.0
  var isDebug = false
  var loggerLevel = SENTRY_LEVEL_DEBUG
  var logsWhenCrashed = true
  var maxBreadcrumbs = 100
  var tracksSessions = true
  var requiresUserConsent = false
  var symbolizesStacktraces = false
  var cacheKeep: Int32 = 0
  var cacheMaxItems = 30
  var cacheMaxSize = 0
  var cacheMaxAge = 0
  var waitsForUpload = false
  var shutdownTimeout: UInt64 = 2000
  var transferTimeout: UInt64 = 0
  var maxSpans = 1000
  var propagatesTraceparent = false
  var strictTraceContinuation = false
  var enablesLogs = true
  var enablesMetrics = true
  var retries = false
  var largeAttachments = false
  var logsWithAttributes = false
  var sendsClientReports = true
  var tracksAppHangs = false
  var appHangTimeout: UInt64 = 5000
  var handlerStrategy = SENTRY_HANDLER_STRATEGY_DEFAULT
  var minidumpMode = SENTRY_MINIDUMP_MODE_SMART
  var crashReportingMode = SENTRY_CRASH_REPORTING_MODE_NATIVE_WITH_MINIDUMP
  var crashUploadMode = SENTRY_CRASH_UPLOAD_MODE_SYNC
  var backend = csentry_default_backend()
  var attachments: [AttachmentBox] = []
  /// These have no function: sentry-native knows nothing of the kind. Crashes of one cause within a minute, 0 for no limit;
  /// milliseconds that a crash is held up, `nil` for the engine's own.
  var floodLimit = 0
  var crashTimeout: Int?

  /// `nil`: nothing is sent. The built-in one unless another one is set.
  var transport: TransportBox? = TransportBox.standard()

  var beforeSend: Hook<sentry_event_function_t>?
  var onCrash: Hook<sentry_crash_function_t>?
  var onCrashedLastRun: Hook<sentry_crashed_last_run_function_t>?
  var beforeBreadcrumb: Hook<sentry_before_breadcrumb_function_t>?
  var beforeTransaction: Hook<sentry_transaction_function_t>?
  var beforeSendLog: Hook<sentry_before_send_log_function_t>?
  var beforeSendMetric: Hook<sentry_before_send_metric_function_t>?
  var beforeSendFeedback: Hook<sentry_before_send_feedback_function_t>?
  var tracesSampler: Hook<sentry_traces_sampler_function>?
  var logger: Hook<UnsafeMutableRawPointer>?

  /// Defaults, and what the environment says.
  init() {
    dsn = CText.copy(getenv("SENTRY_DSN"))
    release = CText.copy(getenv("SENTRY_RELEASE"))
    if let text = getenv("SENTRY_ENVIRONMENT") { environment = CText.copy(text) }
    if let text = getenv("SENTRY_DEBUG") { isDebug = strcmp(text, "1") == 0 }
    sampleRate = Self.rate(getenv("SENTRY_SAMPLE_RATE")) ?? sampleRate
    tracesSampleRate = Self.rate(getenv("SENTRY_TRACES_SAMPLE_RATE")) ?? tracesSampleRate
    floodLimit = Self.number(getenv("SENTRY_NATIVE_FLOOD_LIMIT")) ?? floodLimit
    crashTimeout = Self.number(getenv("SENTRY_NATIVE_CRASH_TIMEOUT"))
  }

  /// A whole number that is not negative; `nil` for anything else.
  private static func number(_ text: UnsafePointer<CChar>?) -> Int? {
    var value = 0.0
    guard let text, csentry_read_double(text, &value) != 0, value >= 0, value < 1e15 else { return nil }
    return Int(value)
  }

  /// A number as `strtod` in the C locale reads it; `nil` for anything else.
  private static func rate(_ text: UnsafePointer<CChar>?) -> Double? {
    guard let text else { return nil }
    var value = 0.0
    return csentry_read_double(text, &value) != 0 ? clamped(value, orElse: 1) : nil
  }

  static func clamped(_ value: Double, orElse standard: Double) -> Double {
    value.isNaN ? standard : min(max(value, 0), 1)
  }
}

/// What the application's pointer points to, lent.
internal func box(_ options: OpaquePointer?) -> OptionsBox? {
  options.map { Unmanaged<OptionsBox>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
}
