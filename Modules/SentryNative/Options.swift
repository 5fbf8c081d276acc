// Provides the options of the SDK as a Swift program sets them.
import LinuxSystem
public import SentryClient
public import SentryEnvelope
public import StructuredValue

/// What the SDK can be told. Names are those of Sentry's Cocoa SDK where both have the thing.
///
/// ```swift
/// SentrySDK.start { options in
///   options.dsn = "https://key@host/1"
///   options.releaseName = "shop@1.4.2"
/// }
/// ```
///
/// A value that makes no sense is replaced by the default or the nearest possible one, and named in `SentrySDK.health`.
public struct Options: Sendable {
  // MARK: Where reports go

  /// Where reports go: `https://key@host/project`. Without one they stay in the database. Default: `SENTRY_DSN` of the
  /// environment.
  public var dsn: String?

  /// A proxy, `scheme://[user[:password]@]host[:port]`, for this process and its handler; `http`, `https`, `socks4`,
  /// `socks5`. Empty for none. Default: that of the environment.
  public var proxy: String?

  /// A file of certificates in place of the system's, for this process and its handler.
  public var caCertificatesPath: String?

  /// What carries envelopes. Crash reports are the handler's and do not go this way.
  public var transport: TransportChoice = .standard

  /// The name of the transport's thread; at most 15 bytes count.
  public var transportThreadName = "sentry-http"

  /// How long a whole transfer may take; `nil`: as long as something comes.
  public var transferTimeout: Duration?

  /// How long `close` goes on sending; the rest is kept for the next start.
  public var shutdownTimeout: Duration = .seconds(2)

  /// Whether what could not be sent is tried again later, also in a later run.
  public var enableRetries = false

  /// Whether the server is told what was lost on this side.
  public var sendClientReports = true

  /// Whether attachments from 100 MiB on are sent, by resumable uploads.
  public var enableLargeAttachments = false

  /// Which envelopes are kept in the database.
  public var cacheKeep: CachePolicy.Keep = .none
  /// Envelopes that are kept; 0: any number.
  public var maxCacheItems = 30
  /// Bytes of kept envelopes; 0: any number.
  public var maxCacheSize: Int64 = 0
  /// How long envelopes are kept; zero: for ever.
  public var maxCacheAge: Duration = .zero

  /// Nothing is sent before `SentrySDK.giveUserConsent()`, in this run or an earlier one. Reports wait for it.
  public var requireUserConsent = false

  // MARK: What is said of the program

  /// The version of the program, `name@1.2.3`; sessions need it. Default: `SENTRY_RELEASE`.
  public var releaseName: String?

  /// The build of a release.
  public var dist: String?

  /// Default: `SENTRY_ENVIRONMENT`, or `production`.
  public var environment = "production"

  /// How many breadcrumbs are kept; 0 for none.
  public var maxBreadcrumbs = 100

  /// Files that are sent with each event and each crash. They are read when they are sent, so a log file is complete.
  public var attachments: [String] = []

  /// Whether messages get the stack of their caller. Errors always have it.
  public var attachStacktrace = false

  /// The share of events and finished transactions that is sent, 0 to 1. Crashes are always sent. Default:
  /// `SENTRY_SAMPLE_RATE`, or 1.
  public var sampleRate: Double = 1

  /// The words for an error, where its own description does not do; `nil` as a result: it does.
  ///
  /// With Foundation: `{ ($0 as? LocalizedError)?.errorDescription }`.
  public var errorDescription: (@Sendable (any Error) -> String?)?

  // MARK: Hooks

  /// Sees each event before it is sent, also that of a crash unless there is `onCrash`; `nil` as a result drops it.
  public var beforeSend: (@Sendable (SentryEvent) -> SentryEvent?)?
  /// Sees each breadcrumb before it is added; `nil` as a result drops it.
  public var beforeBreadcrumb: (@Sendable (Breadcrumb) -> Breadcrumb?)?
  /// Sees each finished transaction before it is sent; `nil` as a result drops it.
  public var beforeSendTransaction: (@Sendable (SentryEvent) -> SentryEvent?)?
  /// Sees each structured log: `body`, `level`, `attributes` and so on; `nil` as a result drops it.
  public var beforeSendLog: (@Sendable (StructuredObject) -> StructuredObject?)?
  /// Sees each metric: `name`, `type`, `value`, `attributes` and so on; `nil` as a result drops it.
  public var beforeSendMetric: (@Sendable (StructuredObject) -> StructuredObject?)?
  /// Sees feedback before it is sent; `nil` as a result drops it.
  public var beforeSendFeedback: (@Sendable (SentryEvent) -> SentryEvent?)?
  /// Sees the event of a crash, in the crashing thread; `nil` as a result: the crash is not reported.
  ///
  /// It runs on a stack of its own, for `crashHookTimeout` at most. Locks may be held for ever by then, that of the heap
  /// too; a hook that crashes, or hangs, costs its own result and never the report.
  public var onCrash: (@Sendable (CrashContext, SentryEvent) -> SentryEvent?)?
  /// How long `onCrash`, or `beforeSend` in its place, may take at a crash.
  public var crashHookTimeout: Duration = .seconds(2)
  /// Called once for each crash of an earlier run, during the start.
  public var onCrashedLastRun: (@Sendable (Envelope) -> Void)?

  // MARK: Crashes

  /// Whether crashes are captured.
  public var enableCrashHandler = true

  /// The crash handler's executable. Default: `crashpad_handler` beside the program.
  public var handlerPath: String?

  /// Whether the program is its own crash handler: it is started once more, and does the handler's work before its
  /// `main`. It must link the product `SentrySelfHandler`. A `handlerPath` wins. Default: whether `SENTRY_SELF_HANDLER`
  /// is `1`.
  public var useSelfHandler = false

  /// Whether a handler that has ended is started again at once, and named in `SentrySDK.health`. Otherwise a crash starts
  /// one.
  public var restartHandler = true

  /// A program that gets each crash as an envelope, in place of an upload.
  public var externalCrashReporterPath: String?

  /// Crashes of one cause that are dumped within a minute, by all processes on the database; 0: all of them. More are
  /// counted, and the server is told how many. 10 suits a service that is started again whenever it crashes.
  public var floodLimit = 0

  /// A crashing process ends only when its report has been sent, or a minute has passed. Chosen by itself for process 1,
  /// as in a container, whose end would end the handler.
  public var waitForUpload = false

  /// Reports of crashes have of each stack only what unwinding needs: small numbers, and words that point into a module or
  /// a stack. Everything else on the stacks is overwritten, other memory, the command line and the memory map are left
  /// out, and the dump says so (annotation `capture_stacks`). Registers are kept, and what the scope holds. It works with
  /// every Crashpad handler.
  public var sanitizeStacks = false

  /// How long a crash is held up at most, whatever the handler and the server do. Default: 5 s, or a minute where it waits
  /// for its upload.
  public var crashTimeout: Duration?

  /// Signals of crashes that the SDK leaves alone, by number.
  public var excludedSignals: [Int32] = []

  /// Whether the signal handlers that were there at the start run before a crash is reported. For a runtime in the same program
  /// that provokes faults and mends them (JVM, Go, .NET) and that was there first: what it mends is no crash then. Without
  /// it, its first fault is reported.
  public var chainSignalHandlersAtStart = false

  // MARK: Hangs

  /// Whether a main thread that serves the main queue, event loops that are named by `SentrySDK.watchEventLoop` and a
  /// thread that gives `SentrySDK.appHangHeartbeat` are watched. One that hangs is reported with its stack, which is
  /// taken by a signal to it (SIGRTMAX - 5); a thread that blocks this signal, as Dispatch's workers do, without.
  public var enableAppHangTracking = false
  /// Silence that is a hang; a second at least.
  public var appHangTimeoutInterval: Duration = .seconds(5)

  // MARK: Files

  /// The folder of reports and state; it is created. A relative path is resolved at the start, so that a later change
  /// of the working directory does no harm. Several programs may share it.
  public var databasePath = ".sentry-native"

  /// Bytes of reports that are kept, the newest first and the last one always; 0 for no limit.
  public var maxDatabaseSize: Int64 = 128 << 20

  /// How long reports are kept; zero for ever.
  public var maxReportAge: Duration = .seconds(30 * 86_400)

  // MARK: Release health, tracing, logs, metrics

  /// Whether a session begins with the start. It needs a release.
  public var enableAutoSessionTracking = true

  /// The share of transactions that is measured, 0 to 1. Default: `SENTRY_TRACES_SAMPLE_RATE`, or 0.
  public var tracesSampleRate: Double = 0
  /// Decides about each transaction, 0 to 1, in place of `tracesSampleRate`.
  public var tracesSampler: (@Sendable (SamplingContext) -> Double)?
  /// Finished spans of a transaction; more are dropped.
  public var maxSpans = 1000
  /// Whether `traceparent` goes out beside `sentry-trace`.
  public var enablePropagateTraceparent = false
  /// The organisation at Sentry. Default: that of the DSN.
  public var orgId: String?
  /// Whether a trace is continued only when it comes from the same organisation.
  public var strictTraceContinuation = false
  /// Whether `SentrySDK.logger` records.
  public var enableLogs = true
  /// Whether `SentrySDK.metrics` records.
  public var enableMetrics = true

  // MARK: The SDK's own log

  /// Tell what the SDK does: on standard error, or to `diagnosticHandler`. Without it nothing is ever written; see
  /// `SentrySDK.health`. Default: whether `SENTRY_DEBUG` is `1`.
  public var debug = false
  /// Less severe messages are dropped.
  public var diagnosticLevel: SentryLevel = .debug
  /// Takes the SDK's messages in place of standard error, on any thread.
  public var diagnosticHandler: (@Sendable (SentryLevel, String) -> Void)?

  /// The defaults, after what the environment says.
  public init() {
    dsn = Self.variable("SENTRY_DSN")
    releaseName = Self.variable("SENTRY_RELEASE")
    environment = Self.variable("SENTRY_ENVIRONMENT") ?? environment
    debug = Self.variable("SENTRY_DEBUG") == "1"
    useSelfHandler = Self.variable("SENTRY_SELF_HANDLER") == "1"
    sampleRate = Self.rate("SENTRY_SAMPLE_RATE") ?? sampleRate
    tracesSampleRate = Self.rate("SENTRY_TRACES_SAMPLE_RATE") ?? tracesSampleRate
  }

  private static func variable(_ name: String) -> String? { EnvironmentVariable.value(name).map { $0.description } }

  /// A number, 0 to 1; what is none does not count.
  private static func rate(_ name: String) -> Double? { number(name).map { min(max($0, 0), 1) } }

  /// As strtod(3) reads it, with white space on both sides.
  private static func number(_ name: String) -> Double? {
    guard let text = variable(name) else { return nil }
    var characters = Substring(text)
    while let last = characters.last, last.isWhitespace { characters.removeLast() }
    guard let value = Double(String(characters.drop { $0.isWhitespace })), value.isFinite else { return nil }
    return value
  }

  /// What is wrong with variables of the environment, whether they count or not.
  internal static var environmentIssues: [HealthIssue] {
    ["SENTRY_SAMPLE_RATE", "SENTRY_TRACES_SAMPLE_RATE"].compactMap { name in
      guard let text = variable(name), !text.isEmpty else { return nil }
      guard let value = number(name) else {
        return HealthIssue(.option, "the variable \(name) says \"\(text)\", which is no number, and does not count")
      }
      if value >= 0 && value <= 1 { return nil }
      return HealthIssue(
        .option, "the variable \(name) says \(text), which is not between 0 and 1; the nearest of them counts")
    }
  }
}
