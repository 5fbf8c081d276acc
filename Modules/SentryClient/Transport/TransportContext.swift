// Provides what a transport is told at its start.
public import LinuxSystem
public import SentryEnvelope

/// Which envelopes stay in `<database>/cache`.
public struct CachePolicy: Sendable, Hashable {
  /// What is kept.
  public enum Keep: Sendable, Hashable {
    /// Nothing.
    case none
    /// What could not be sent.
    case offline
    /// Everything.
    case always
  }
  /// What is kept; the limits below hold for it.
  public var keep: Keep = .none
  /// Envelopes; 0: any number.
  public var maxItems = 30
  /// Bytes of envelopes with their files; 0: any number.
  public var maxSize: Int64 = 0
  /// Seconds; 0: for ever.
  public var maxAge: Int64 = 0

  /// Nothing is kept.
  public init() {}
}

/// What a transport is told at its start.
public struct TransportContext: Sendable {
  /// Where to; `nil`: nothing can be sent.
  public var dsn: DSN?
  /// Absolute; `cache` and what else lasts lies in it. `nil`: there is no usable folder.
  public var databasePath: FilePath?
  /// `name/version` of the SDK.
  public var userAgent: String
  /// `scheme://[user[:password]@]host[:port]`; empty: none; `nil`: what the environment says.
  public var proxy: String?
  /// A file of certificates in place of the system's.
  public var caCertificates: FilePath?
  /// Milliseconds of a whole transfer; 0: no bound.
  public var transferTimeout: Int64 = 0
  /// Of the worker; at most 15 bytes count.
  public var threadName = "sentry-http"
  /// Which envelopes stay in `<database>/cache`.
  public var cache = CachePolicy()
  /// Whether what could not be sent is tried again later, also in a later run.
  public var retries = false
  /// Whether the server is told what was dropped here, and why.
  public var sendsClientReports = true
  /// Whether a report of losses gets an envelope of its own where no other takes it along, at a flush and at the end.
  public var sendsReportsAlone = true
  /// Whether attachments from 100 MiB on go by resumable uploads.
  public var largeAttachments = false
  /// Whether anything may be sent at the moment.
  public var maySend = true
  /// The run directory, in which queued envelopes outlive a crash; `nil`: they do not.
  public var runDirectory: FilePath?
  /// Where losses are counted.
  public var reports: ClientReports
  /// The client's log.
  public var log: ClientLog

  /// Whether a report of losses may be all that an envelope has.
  internal var reportsTravelAlone: Bool { sendsClientReports && sendsReportsAlone }

  /// What a transport must be told; the rest has defaults, with which nothing can be sent.
  public init(userAgent: String, reports: ClientReports, log: ClientLog) {
    self.userAgent = userAgent
    self.reports = reports
    self.log = log
  }
}
