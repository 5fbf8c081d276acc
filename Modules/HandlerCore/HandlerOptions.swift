// Provides what a handler is told by its command line.
public import CrashClient
public import CrashDatabase
public import LinuxSystem
public import Uploader

/// A `KEY=VALUE` pair of the command line.
public struct Annotation: Hashable, Sendable {
  /// The name of the form field.
  public let key: String
  /// Its value.
  public let value: String

  /// An annotation for every report.
  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

/// What a handler is told by its command line. Defaults are those of an empty one.
///
/// Source: crashpad_handler(1), docs/man/crashpad_handler.1.
public struct HandlerOptions: Sendable {
  /// The folder of the crash report database.
  public var database: FilePath = ""
  /// Annotations of the process, in the order of the command line; a later value of a key wins.
  public var annotations: [Annotation] = []
  /// Files that are copied into every report, read when the process crashes.
  public var attachments: [FilePath] = []
  /// Target of uploads; empty: reports stay pending.
  public var url = ""
  /// Where uploads go through.
  public var proxy: HTTPProxy = .environment
  /// The connected socket of the first client.
  public var initialClientDescriptor: Int32?
  /// Whether that socket is shared by many clients.
  public var sharedClientConnection = false
  /// Address of the exception information in the parent process: dump it and exit.
  public var traceParentWithException: UInt64 = 0
  /// Address of the sanitization information in the parent process.
  public var sanitizationInformation: UInt64 = 0
  /// Whether product and version are appended to the URL as a query.
  public var identifyClientViaURL = true
  /// Whether old reports are looked for and pruned.
  public var periodicTasks = true
  /// Whether at most one report an hour is uploaded.
  public var rateLimit = true
  /// Whether uploads are compressed.
  public var uploadGzip = true
  /// The client is released only when the upload has been tried.
  public var waitForUpload = false
  /// Whether a second handler watches this one.
  public var monitorSelf = false
  /// Annotations of reports about this handler.
  public var monitorSelfAnnotations: [Annotation] = []
  /// Further arguments of the handler that watches this one.
  public var monitorSelfArguments: [FilePath] = []
  /// Memory that the client shares, taken along by every dump.
  public var userStreamRegion: UserStreamRegion?
  /// Accepted and ignored, as everywhere outside Chromium.
  public var metricsDirectory: FilePath = ""
  /// The id of the first report; later ones get random ids.
  public var reportID: UniqueID?
  /// Program that is started with the envelope of a crash.
  public var crashReporter: FilePath = ""
  /// The file that an SDK has prepared for the crash; empty for none.
  public var crashEnvelope: FilePath = ""
  /// Where messages go besides standard error; `nil` for nowhere.
  public var logFile: FilePath?
  /// Lines below are dropped. Not given: the file gets everything from `info` on, standard error, which is the
  /// application's terminal, only errors.
  public var logLevel: HandlerLog.Level?
  /// Every report has of each stack only what unwinding needs, and no other memory, whatever its client says. From the
  /// environment, `SENTRY_NATIVE_STACKS=sanitized`.
  public var sanitizesStacks = false
  /// What only our own client tells, by the environment.
  public var delivery = DeliverySettings()

  /// The defaults of Crashpad's handler.
  public init() {}

  /// Which reports are kept: what the client says, or the standard.
  public var pruning: PrunePolicy {
    var policy = PrunePolicy.standard
    if let size = delivery.maximumSize { policy.maximumSize = size }
    if let age = delivery.maximumAge { policy.maximumAge = age }
    return policy
  }

  /// How requests are made: as the client's own transport makes them.
  public var httpConfiguration: HTTPConfiguration {
    var configuration = HTTPConfiguration()
    configuration.proxy = proxy
    configuration.keepsConnection = true
    configuration.certificateFile = delivery.certificateFile?.description
    if delivery.transferTimeout > 0 { configuration.timeoutMilliseconds = Int(clamping: delivery.transferTimeout) }
    return configuration
  }

  /// The DSN's public key, as the uploads' URL has it; empty when it has none.
  public var publicKey: String {
    let query = url.utf8.drop { $0 != UInt8(ascii: "?") }
    for parameter in query.dropFirst().split(separator: UInt8(ascii: "&"))
    where parameter.starts(with: "sentry_key=".utf8) {
      return String(decoding: parameter.dropFirst("sentry_key=".utf8.count), as: UTF8.self)
    }
    return ""
  }
}
