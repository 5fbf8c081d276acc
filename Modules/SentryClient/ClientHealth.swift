// Provides what can be said about the client: does it work, and if not, why not.
public import CrashClient
public import LinuxSystem

/// Something that does not work.
public struct HealthIssue: Hashable, Sendable, CustomStringConvertible {
  /// What it is about. Extensible: compare, do not switch exhaustively.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The DSN is missing or invalid: reports stay here.
    public static let dsn = Code(rawValue: "dsn")
    /// The database cannot be used: nothing can be kept.
    public static let database = Code(rawValue: "database")
    /// The run directory cannot be used: reports come without the scope.
    public static let runDirectory = Code(rawValue: "run-directory")
    /// The handler does not run: crashes are not reported.
    public static let handler = Code(rawValue: "handler")
    /// Something else could not be stored.
    public static let storage = Code(rawValue: "storage")
  }

  public let code: Code
  /// What happened, and what to do.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { "\(code.rawValue): \(message)" }
}

/// How the client stands.
public struct ClientHealth: Sendable {
  /// What does not work; empty when everything does.
  public var issues: [HealthIssue] = []
  /// The connection to the handler; `nil` when there is none.
  public var crashClient: CrashClientHealth?
  /// The database in use, absolute.
  public var databasePath: FilePath?
  /// This run's folder.
  public var runDirectory: FilePath?
  /// Reports that wait for their upload.
  public var waitingReports = 0

  public init() {}

  /// Whether a crash now would be reported.
  public var capturesCrashes: Bool { crashClient?.isHealthy ?? false }

  /// The handler process that stands by; `nil` when there is none.
  public var handlerProcessID: Int32? { crashClient?.handlerProcessID }
}
