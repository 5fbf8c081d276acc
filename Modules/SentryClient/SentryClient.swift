// Provides the engine of the SDK: start, state, end.
internal import CrashClient
public import CrashDatabase
public import LinuxSystem
public import SentryEnvelope
internal import StructuredValue

/// The SDK's engine: it keeps the scope, and sees to it that a crash becomes a report with that scope.
///
/// Starting never fails: what does not work is in `health`, and the rest works without it. All methods may be called
/// on any thread, none in a signal handler. Files: docs/formats/crash-database.md.
public final class SentryClient: @unchecked Sendable {
  // @unchecked: everything that changes after the start is changed under `lock`.
  public let options: ClientOptions
  /// `nil` when the folder cannot be used.
  public let database: CrashDatabase?
  /// The identifier that a crash of this run will have; known before, so that feedback can name it.
  public let crashEventID: SentryID
  /// Identifies the installation; goes into events without a user of their own.
  public let installationID: UniqueID
  /// Whether the last run on this database crashed. One start only is told so.
  public private(set) var crashedLastRun = false

  internal let log: ClientLog
  internal let lock = Lock()
  internal var scope: Scope
  internal var crashClient: CrashClient?
  internal var issues: [HealthIssue] = []
  internal var files: CrashEventFiles?
  private var run: RunDirectory?
  /// What is in `__sentry-event` now.
  internal var storedEvent: [UInt8] = []
  internal let systemContexts: StructuredObject
  /// A forked child must not write into its parent's folder.
  internal let processID = ProcessIdentity.processID()

  /// Starts everything. In this order: database and run directory, event files, recovery of what others left, handler,
  /// earlier runs, pruning.
  ///
  /// - Parameter issue: what was found wrong before the options became values.
  public init(options: ClientOptions, issue: HealthIssue? = nil) {
    self.options = options
    log = ClientLog(isEnabled: options.isDebug)
    let reportID = UniqueID.random()
    crashEventID = SentryID(bytes: reportID.bytes) ?? .empty
    systemContexts = SystemContexts.all(options)
    scope = Scope(maxBreadcrumbs: options.maxBreadcrumbs)
    scope.release = options.release
    scope.dist = options.dist
    scope.environment = options.environment
    scope.attachments = options.attachments
    var failure: CrashDatabaseError?
    do throws(CrashDatabaseError) {
      database = try CrashDatabase(path: options.databasePath)
    } catch {
      database = nil
      failure = error
    }
    let path = database?.path ?? options.databasePath
    installationID = InstallationID.load(database: path, publicKey: options.dsn?.publicKey ?? "")
    if let failure { note(.database, "\(failure). Choose a database path in a folder that can be written") }
    if let issue { note(issue.code, issue.message) }
    if options.dsn == nil && issue?.code != .dsn { note(.dsn, "there is no DSN: reports stay in \(path)") }
    guard let database else { return }

    openRun(database)
    // The mark goes before a new one can be made.
    crashedLastRun = LastCrash.isMarked(database: path)
    if crashedLastRun { LastCrash.clear(database: path) }
    // Reports that a killed handler left complete count for the question whether the last run crashed.
    database.recover()
    applyConsent()
    startHandler(database, reportID)
    if EarlierRuns.process(in: database, excluding: run?.id) { crashedLastRun = true }
    database.prune(options.pruning)
  }

  /// This run's folder with the event in it.
  private func openRun(_ database: CrashDatabase) {
    let loss = "Crashes are reported without tags, user and breadcrumbs"
    do throws(CrashDatabaseError) {
      run = try RunDirectory(creatingIn: database.path)
    } catch {
      note(.runDirectory, "\(error). \(loss)")
    }
    guard let folder = run?.path else { return }
    do throws(Errno) {
      files = try CrashEventFiles(folder: folder, maxBreadcrumbs: options.maxBreadcrumbs)
      storeEvent()
    } catch {
      note(.runDirectory, "cannot create files in \(folder): \(error). \(loss)")
    }
  }

  private func startHandler(_ database: CrashDatabase, _ reportID: UniqueID) {
    var configuration = HandlerConfiguration(databasePath: database.path)
    configuration.location = options.handler
    configuration.metricsPath = database.path
    configuration.url = options.dsn?.minidumpURL(userAgent: SDKInformation.userAgent)
    configuration.httpProxy = options.handlerProxy
    configuration.reportID = reportID
    configuration.waitsForUpload = options.waitsForUpload
    configuration.crashMarkerPath = database.path.appending("last_crash")
    configuration.attachments = options.attachments + (files?.attachments ?? [])
    configuration.extraArguments = ["--no-rate-limit"]
    if let run = run?.path {
      configuration.extraArguments.append(
        FilePath(bytes: Array("--log-file=".utf8) + run.appending("crashpad-handler.log").bytes))
    }
    do throws(CrashClientError) {
      crashClient = try CrashClient.start(
        configuration, excludedSignals: options.excludedSignals, threadHook: options.threadsAreHooked)
      log.write("info:", "crashes are captured, this run's would be \(reportID)")
    } catch {
      note(.handler, "crashes are not captured: \(error)")
    }
  }

  /// Remembers and logs what does not work. During the start, or under `lock`.
  internal func note(_ code: HealthIssue.Code, _ message: String) {
    let issue = HealthIssue(code, message)
    if issues.contains(issue) { return }
    issues.append(issue)
    log.write("warning:", message)
  }

  /// How everything stands right now.
  public var health: ClientHealth {
    var health = ClientHealth()
    lock.withLock {
      health.issues = issues
      health.runDirectory = run?.path
    }
    health.crashClient = lock.withLock { crashClient }?.health
    health.databasePath = database?.path
    health.waitingReports = database?.unsentReports().count ?? 0
    return health
  }

  /// Ends crash capture: signal handlers are as they were before, the handler process ends when its work is done, and
  /// the run's folder goes. A second call does nothing.
  public func close() {
    lock.withLock {
      crashClient?.stop()
      crashClient = nil
      files = nil
      if processID == ProcessIdentity.processID(), let run = run.take() { run.remove() }
    }
  }
}
