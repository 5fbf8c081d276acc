// Provides the options of the SDK as a Swift program sets them.
import CrashClient
import CrashDatabase
import LinuxSystem
import SentryClient
import SentryEnvelope

/// What the SDK can be told. Names are those of Sentry's Cocoa SDK where both have the thing.
///
/// ```swift
/// SentrySDK.start { options in
///   options.dsn = "https://key@host/1"
///   options.releaseName = "shop@1.4.2"
/// }
/// ```
public struct Options: Sendable {
  /// Where reports go: `https://key@host/project`. Without one they stay in the database. Default: `SENTRY_DSN` of the
  /// environment.
  public var dsn: String?

  /// The crash handler's executable. Default: `crashpad_handler` beside the program.
  public var handlerPath: String?

  /// The folder of reports and state; it is created. A relative path is resolved at the start, so that a later change
  /// of the working directory does no harm. Several programs may share it.
  public var databasePath = ".sentry-native"

  /// The version of the program, `name@1.2.3`. Default: `SENTRY_RELEASE`.
  public var releaseName: String?

  /// The build of a release.
  public var dist: String?

  /// Default: `SENTRY_ENVIRONMENT`, or `production`.
  public var environment = "production"

  /// Tell on standard error what the SDK does. Without it nothing is ever written there; see `SentrySDK.health`.
  /// Default: whether `SENTRY_DEBUG` is `1`.
  public var debug = false

  /// Files that are sent with each crash. They are read at the crash, so a log file is complete.
  public var attachments: [String] = []

  /// A crashing process ends only when its report has been sent, or a minute has passed. Chosen by itself for process 1,
  /// as in a container, whose end would end the handler.
  public var waitForUpload = false

  /// How many breadcrumbs are kept; 0 for none.
  public var maxBreadcrumbs = 100

  /// Nothing is sent before `SentrySDK.giveUserConsent()`, in this run or an earlier one. Reports wait for it.
  public var requireUserConsent = false

  /// A proxy for uploads, `scheme://[user[:password]@]host[:port]`; empty for none. Default: that of the environment.
  public var proxy: String?

  /// Bytes of reports that are kept, the newest first; 0 for no limit.
  public var maxDatabaseSize: Int64 = 128 << 20

  /// How long reports are kept; zero for ever.
  public var maxReportAge: Duration = .seconds(30 * 86_400)

  /// Signals of crashes that the SDK leaves alone, by number.
  public var excludedSignals: [Int32] = []

  /// The defaults, after what the environment says.
  public init() {
    dsn = Self.variable("SENTRY_DSN")
    releaseName = Self.variable("SENTRY_RELEASE")
    environment = Self.variable("SENTRY_ENVIRONMENT") ?? environment
    debug = Self.variable("SENTRY_DEBUG") == "1"
  }

  private static func variable(_ name: String) -> String? { EnvironmentVariable.value(name).map { $0.description } }

  /// The engine's options, and what is wrong with these.
  internal var clientOptions: (ClientOptions, HealthIssue?) {
    var result = ClientOptions()
    var issue: HealthIssue?
    if let dsn, !dsn.isEmpty {
      do {
        result.dsn = try DSN(dsn)
      } catch {
        issue = HealthIssue(.dsn, "\(error). It must look like https://key@host/project")
      }
    }
    if let handlerPath { result.handler = .path(FilePath(handlerPath)) }
    result.databasePath = FilePath(databasePath)
    result.release = releaseName
    result.dist = dist
    result.environment = environment
    result.isDebug = debug
    result.attachments = attachments.map { FilePath($0) }
    result.waitsForUpload = waitForUpload
    result.maxBreadcrumbs = maxBreadcrumbs
    result.requiresUserConsent = requireUserConsent
    result.proxy = proxy
    result.pruning.maximumSize = maxDatabaseSize
    result.pruning.maximumAge = maxReportAge.components.seconds
    result.excludedSignals = excludedSignals
    result.runtime = ("Swift", Self.compilerVersion)
    return (result, issue)
  }

  /// Of the compiler that built this module; the language gives it only in comparisons.
  private static var compilerVersion: String {
    #if compiler(>=6.5)
      "6.5 or later"
    #elseif compiler(>=6.4)
      "6.4"
    #elseif compiler(>=6.3.1)
      "6.3.1"
    #else
      "6.3"
    #endif
  }
}
