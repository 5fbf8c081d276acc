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
    /// Envelopes cannot be sent.
    public static let transport = Code(rawValue: "transport")
    /// An option has a value that makes no sense, or no effect on Linux.
    public static let option = Code(rawValue: "option")
    /// Something else could not be stored.
    public static let storage = Code(rawValue: "storage")
  }

  /// What kind of thing does not work; for programs.
  public let code: Code
  /// What happened, and what to do.
  public let message: String

  /// Something that does not work; the message says what happened, and what to do.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { "\(code.rawValue): \(message)" }
}

extension HealthIssue {
  /// What is to be said of a handler that was there once.
  internal static func handlerIssues(_ client: CrashClientHealth) -> [HealthIssue] {
    if client.handlerProcessID == 0 { return [] }
    if !client.isHandlerAlive && client.isInstalled {
      return [
        HealthIssue(
          .handler,
          "the handler has ended" + (client.restartFailure.map { ", and cannot be started again: \($0)" } ?? "")
            + ". A crash starts another one, or is dumped by the crashing thread alone")
      ]
    }
    if client.handlerEnds > 0 {
      return [
        HealthIssue(
          .handler,
          "the handler has ended \(client.handlerEnds) times and was started again. Its log in the run directory, and the"
            + " kernel's (out of memory?), may say why")
      ]
    }
    return []
  }
}

/// How the client stands.
public struct ClientHealth: Sendable {
  /// What does not work; empty when everything does.
  public var issues: [HealthIssue] = []
  /// The connection to the handler; `nil` when there is none.
  public var crashClient: CrashClientHealth?
  /// Whether the crashing thread writes its report itself, without a handler; the next start sends it.
  public var capturesInProcess = false
  /// The database in use, absolute.
  public var databasePath: FilePath?
  /// This run's folder.
  public var runDirectory: FilePath?
  /// Runs on the same database that were found dead at the start, and how they ended.
  public var earlierRuns: [EarlierRun] = []
  /// Reports that wait for their upload.
  public var waitingReports = 0
  /// What became of envelopes.
  public var transport = TransportStatistics()
  /// What was dropped since the start, and why.
  public var discarded: [ClientReports.Pair: Int] = [:]

  /// Nothing has been started: no crash is captured and nothing was sent.
  public init() {}

  /// Whether a crash now would be reported.
  public var capturesCrashes: Bool { crashClient?.isHealthy ?? false }

  /// The handler process that stands by; `nil` when there is none.
  public var handlerProcessID: Int32? { crashClient?.handlerProcessID }
}
