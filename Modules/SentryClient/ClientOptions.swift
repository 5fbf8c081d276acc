// Provides what the client can be told, as values that are valid.
public import CrashClient
public import CrashDatabase
public import LinuxSystem
public import SentryEnvelope

/// How the client works. Every field has a default that suits most programs.
public struct ClientOptions: Sendable {
  // MARK: Where to

  /// Where reports go; `nil`: they stay in the database.
  public var dsn: DSN?
  /// A proxy, `scheme://[user[:password]@]host[:port]`; empty for none; `nil` for the environment's.
  public var proxy: String?
  /// A file of certificates in place of the system's.
  public var caCertificates: FilePath?
  /// What carries envelopes.
  public var transport: TransportChoice = .standard
  /// The name of the transport's thread; at most 15 bytes count.
  public var transportThreadName = "sentry-http"
  /// Milliseconds of a whole transfer; 0: no bound.
  public var transferTimeout: Int64 = 0
  /// Milliseconds that `close` gives the transport.
  public var shutdownTimeout: Int64 = 2000
  /// Whether what could not be sent is tried again later, also in a later run.
  public var retries = false
  /// Whether the server is told what was dropped here, and why.
  public var sendsClientReports = true
  /// Whether what was lost is told at a flush and at the end in an envelope of its own. Otherwise it waits for the next
  /// envelope, that of a later run if need be.
  public var sendsReportsAlone = true
  /// Whether attachments from 100 MiB on are sent, by resumable uploads.
  public var largeAttachments = false
  /// Which envelopes stay on disk, and how many of them.
  public var cache = CachePolicy()
  /// Nothing is sent before the user has agreed.
  public var requiresUserConsent = false

  // MARK: What is said of the program

  /// The version of the program, `name@1.2.3`.
  public var release: String?
  /// The build of a release.
  public var dist: String?
  /// Where the program runs: `production`, `staging`, …
  public var environment = "production"
  /// Who sends; goes into events and, with the version, into requests.
  public var sdkName = SDKInformation.name
  /// The version that goes with it.
  public var sdkVersion = SDKInformation.version
  /// What the SDK is made of, as servers list it: `github:owner/repository` and the like, each with the version.
  public var sdkPackages: [String] = []
  /// As it is given in requests: `name/version`.
  public var userAgent: String { "\(sdkName)/\(sdkVersion)" }
  /// The language's runtime, which goes into the event: name and version.
  public var runtime: (name: String, version: String)?
  /// How many breadcrumbs are kept; 0 for none.
  public var maxBreadcrumbs = 100
  /// Go with every event and every crash; read when they are sent, so a log is complete.
  public var attachments: [Attachment] = []
  /// Whether events without an exception's stack get the caller's.
  public var attachesStacktrace = false
  /// Whether local stacks get the names of functions.
  public var symbolizesStacktraces = true
  /// Makes a symbol's name readable; `nil` when it is no name of the language.
  public var demangler: (@Sendable (String) -> String?)?
  /// Finds the functions in which addresses of this process lie, in the order of the addresses; those that it does not
  /// know are looked for among exported functions. Called in the thread that captures.
  public var functionNames: (@Sendable ([UInt]) -> [FunctionName?])?
  /// The share of events and finished transactions that is sent, 0 to 1. Never of crashes.
  public var sampleRate = 1.0
  /// Functions of the application that see what is sent.
  public var hooks = Hooks()

  // MARK: Crashes

  /// The crash handler's executable.
  public var handler: HandlerLocation = .besideExecutable
  /// Whether a handler that has ended is started again, by a thread that waits for that.
  public var restartsHandler = true
  /// Whether crashes are captured at all.
  public var capturesCrashes = true
  /// Whether the crashing thread writes its report itself, and the next start sends it. Without it that is done where no
  /// handler can be started.
  public var capturesInProcess = false
  /// Walks the stack of an interrupted thread, in a signal handler: `ucontext_t *`, room for addresses, how many there is
  /// room for; returns how many there are, the innermost first. For crashes without a handler.
  public var stackWalker: (@convention(c) (UnsafeRawPointer, UnsafeMutablePointer<UInt64>, UInt) -> UInt)?
  /// Crashes of one cause that are dumped within a minute, by all processes on the database; more are counted only, and
  /// the server is told how many. 0: no limit.
  public var floodLimit = 0
  /// A crash lasts until its upload has been tried. Chosen by itself for PID 1, as in a container.
  public var waitsForUpload = false
  /// Milliseconds that a crash is held up at most; `nil`: 5 s, or 60 s where it waits for its upload.
  public var crashTimeout: Int64?
  /// Reports of crashes have of each stack only what unwinding needs, and no other memory.
  public var sanitizesStacks = false
  /// A program that gets each crash as an envelope, in place of an upload.
  public var externalCrashReporter: FilePath?
  /// Crash signals that are left alone.
  public var excludedSignals: [Int32] = []
  /// Whether the signal handlers that were there before run first, and a fault that they mend is no crash.
  public var chainsAtStart = false
  /// Whether new threads get an alternate stack by the thread hook in the executable.
  public var threadsAreHooked = false
  /// Milliseconds that `onCrash` or `beforeSend` may take at a crash.
  public var crashHookTimeout: Int64 = 2000

  // MARK: Files

  /// The folder of reports and state. Several programs may share it.
  public var databasePath: FilePath = ".sentry-native"
  /// How many reports are kept.
  public var pruning: PrunePolicy = .standard

  // MARK: Sessions, tracing, logs, metrics

  /// Whether a session begins with the start. It needs a release.
  public var tracksSessions = true
  /// The share of transactions that is measured, 0 to 1, where no sampler decides.
  public var tracesSampleRate = 0.0
  /// Finished spans of a transaction; more are dropped.
  public var maxSpans = 1000
  /// Whether `traceparent` goes out beside `sentry-trace`.
  public var propagatesTraceparent = false
  /// Whether a trace is continued only when it comes from the same organisation.
  public var strictTraceContinuation = false
  /// The organisation; `nil`: that of the DSN.
  public var organizationID: String?
  /// Whether structured logs are recorded; where not, a log costs a look at this.
  public var enablesLogs = true
  /// Whether metrics are recorded; where not, a metric costs a look at this.
  public var enablesMetrics = true

  // MARK: The client's own log

  /// Tell what is done. Without it nothing is ever written.
  public var isDebug = false
  /// Whether the crashing thread tells, too, after the report has been made.
  public var logsAtCrash = false
  /// Less severe messages are dropped.
  public var logThreshold: SentryLevel = .debug
  /// Takes the messages; `nil`: standard error.
  public var logSink: ClientLog.Sink?

  /// Every option at its default, and no DSN: crashes are stored, and nothing is sent.
  public init() {}

  /// The proxy as it stands on the handler's command line; `nil` for none.
  ///
  /// A handler only reads the option, so what the environment says of the server's scheme goes there too.
  internal var handlerProxy: String? {
    if let proxy { return proxy.isEmpty ? "<empty>" : proxy }
    guard let dsn else { return nil }
    return EnvironmentVariable.value("\(dsn.scheme)_proxy").map { $0.description }
  }
}

/// What carries envelopes.
public enum TransportChoice: Sendable {
  /// The client's own.
  case standard
  /// The client's own, with requests executed by the application.
  case httpClient(CustomHTTPClient)
  /// Nothing: envelopes are dropped.
  case disabled
  /// One of the application's, or of a test.
  case custom(any EnvelopeTransport)
}
