// Provides what a handler is told by its command line.
public import LinuxSystem
public import Uploader

/// A `KEY=VALUE` pair of the command line.
public struct Annotation: Hashable, Sendable {
  public let key: String
  public let value: String

  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

/// What a handler is told by its command line. Defaults are those of an empty one.
///
/// Source: crashpad_handler(1), docs/man/crashpad_handler.1.
public struct HandlerOptions: Sendable {
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
  public var identifyClientViaURL = true
  public var periodicTasks = true
  public var rateLimit = true
  public var uploadGzip = true
  /// The client is released only when the upload has been tried.
  public var waitForUpload = false
  public var monitorSelf = false
  public var monitorSelfAnnotations: [Annotation] = []
  public var monitorSelfArguments: [FilePath] = []
  /// Memory that the client shares, taken along by every dump.
  public var userStreamRegion: UserStreamRegion?
  /// Accepted and ignored, as everywhere outside Chromium.
  public var metricsDirectory: FilePath = ""
  /// The id of the first report; later ones get random ids.
  public var reportID: UniqueID?
  /// Program that is started with the envelope of a crash.
  public var crashReporter: FilePath = ""
  public var crashEnvelope: FilePath = ""
  public var logFile: FilePath?
  /// Lines below are dropped. Not given: the file gets everything from `info` on, standard error, which is the
  /// application's terminal, only errors.
  public var logLevel: HandlerLog.Level?

  public init() {}
}
