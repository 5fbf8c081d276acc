// Provides what our own handler is told beside its command line: how it sends, and for which run.
public import LinuxSystem

/// How a handler sends what it has, and the run whose rest it sends after a crash.
///
/// It travels in the handler's environment, which other handlers ignore: their command line refuses what it does not
/// know. Names and meanings: docs/formats/handler-protocol.md, "Environment".
public struct DeliverySettings: Sendable, Hashable {
  /// The run directory of the process that starts the handler; `nil`: nothing is sent for it.
  public var runDirectory: FilePath?
  /// Where envelopes go, as text.
  public var dsn: String?
  /// `name/version` of the SDK.
  public var userAgent: String?
  /// A file of certificates in place of the system's; also for reports.
  public var certificateFile: FilePath?
  /// Milliseconds of a whole request; 0: the handler's own 60 seconds. Also for reports.
  public var transferTimeout: Int64 = 0
  /// Whether the server is told of what was lost.
  public var sendsClientReports = true
  /// Whether that is worth a request of its own; otherwise it is done after a crash only.
  public var sendsReportsAlone = true
  /// Crashes of one cause that are dumped within a minute; more are counted only. 0: no limit.
  public var floodLimit = 0
  /// Bytes of reports that are kept, and seconds for which; 0: no limit; `nil`: the handler's own.
  public var maximumSize: Int64?
  public var maximumAge: Int64?

  public init() {}

  private enum Name {
    static let runDirectory = "SENTRY_NATIVE_RUN"
    static let dsn = "SENTRY_NATIVE_DSN"
    static let userAgent = "SENTRY_NATIVE_CLIENT"
    static let certificateFile = "SENTRY_NATIVE_CA_CERTS"
    static let transferTimeout = "SENTRY_NATIVE_TRANSFER_TIMEOUT"
    static let sendsClientReports = "SENTRY_NATIVE_CLIENT_REPORTS"
    static let floodLimit = "SENTRY_NATIVE_FLOOD_LIMIT"
    static let maximumSize = "SENTRY_NATIVE_MAX_SIZE"
    static let maximumAge = "SENTRY_NATIVE_MAX_AGE"
  }

  /// `NAME=VALUE` strings. All names are there: what is not set must not be inherited from another handler's client.
  public var environment: [FilePath] {
    func entry(_ name: String, _ value: FilePath?) -> FilePath {
      FilePath(bytes: Array("\(name)=".utf8) + (value?.bytes ?? []))
    }
    return [
      entry(Name.runDirectory, runDirectory), entry(Name.dsn, dsn.map { FilePath($0) }),
      entry(Name.userAgent, userAgent.map { FilePath($0) }), entry(Name.certificateFile, certificateFile),
      entry(Name.transferTimeout, FilePath("\(transferTimeout)")),
      entry(Name.sendsClientReports, sendsClientReports ? sendsReportsAlone ? "1" : "crash" : "0"),
      entry(Name.floodLimit, FilePath("\(floodLimit)")),
      entry(Name.maximumSize, maximumSize.map { FilePath("\($0)") }),
      entry(Name.maximumAge, maximumAge.map { FilePath("\($0)") }),
    ]
  }

  /// - Parameter environment: `NAME=VALUE` strings; what is missing, empty or makes no sense has its default.
  public init(environment: [FilePath]) {
    func value(_ name: String) -> FilePath? {
      let prefix = Array("\(name)=".utf8)
      guard let entry = environment.last(where: { $0.bytes.starts(with: prefix) }), entry.bytes.count > prefix.count
      else { return nil }
      return FilePath(bytes: entry.bytes.dropFirst(prefix.count))
    }
    runDirectory = value(Name.runDirectory).flatMap { $0.isAbsolute ? $0 : nil }
    dsn = value(Name.dsn)?.description
    userAgent = value(Name.userAgent)?.description
    certificateFile = value(Name.certificateFile)
    transferTimeout = max(0, value(Name.transferTimeout).flatMap { Int64($0.description) } ?? 0)
    func bound(_ name: String) -> Int64? { value(name).flatMap { Int64($0.description) }.flatMap { $0 < 0 ? nil : $0 } }
    maximumSize = bound(Name.maximumSize)
    maximumAge = bound(Name.maximumAge)
    floodLimit = max(0, value(Name.floodLimit).flatMap { Int($0.description) } ?? 0)
    sendsClientReports = value(Name.sendsClientReports) != "0"
    sendsReportsAlone = value(Name.sendsClientReports) != "crash"
  }
}
