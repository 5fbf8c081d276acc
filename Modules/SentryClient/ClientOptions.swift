// Provides what the client can be told, as values that are valid.
public import CrashClient
public import CrashDatabase
public import LinuxSystem
public import SentryEnvelope

/// How the client works. Every field has a default that suits most programs.
public struct ClientOptions: Sendable {
  /// Where reports go; `nil`: they stay in the database.
  public var dsn: DSN?
  /// The crash handler's executable.
  public var handler: HandlerLocation = .besideExecutable
  /// The folder of reports and state. Several programs may share it.
  public var databasePath: FilePath = ".sentry-native"
  /// The version of the program, `name@1.2.3`.
  public var release: String?
  /// The build of a release.
  public var dist: String?
  public var environment = "production"
  /// Files that are sent with each crash; they are read at the crash, so a log is complete.
  public var attachments: [FilePath] = []
  /// A crash lasts until its upload has been tried. Chosen by itself for PID 1, as in a container.
  public var waitsForUpload = false
  /// How many breadcrumbs are kept; 0 for none.
  public var maxBreadcrumbs = 100
  /// Nothing is sent before the user has agreed; reports wait for it.
  public var requiresUserConsent = false
  /// A proxy for uploads, `scheme://[user[:password]@]host[:port]`; empty for none; `nil` for the environment's.
  public var proxy: String?
  /// How many reports are kept.
  public var pruning: PrunePolicy = .standard
  /// Tell on standard error what is done. Without it nothing is ever written there.
  public var isDebug = false
  /// The language's runtime, which goes into the event: name and version.
  public var runtime: (name: String, version: String)?
  /// Whether new threads get an alternate stack by the thread hook in the executable.
  public var threadsAreHooked = false
  /// Crash signals that are left alone.
  public var excludedSignals: [Int32] = []

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
