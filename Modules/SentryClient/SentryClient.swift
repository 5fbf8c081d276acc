// Provides the engine of the SDK: start, state, end.
internal import CrashClient
public import CrashDatabase
public import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// The SDK's engine: it keeps the scope, and sees to it that a crash becomes a report with that scope.
///
/// Starting never fails: what does not work is in `health`, and the rest works without it. All methods may be called
/// on any thread, none in a signal handler. Files: docs/formats/crash-database.md.
public final class SentryClient: @unchecked Sendable {
  // @unchecked: everything that changes after the start is changed under `lock`.
  /// What the client was started with. Nothing changes it.
  public let options: ClientOptions
  /// `nil` when the folder cannot be used.
  public let database: CrashDatabase?
  /// Identifies the installation; goes into events without a user of their own.
  public let installationID: UniqueID
  /// Whether the last run on this database crashed. One start only is told so.
  public internal(set) var crashedLastRun = false

  /// Where the client says what it does.
  public let log: ClientLog
  /// Counts what was dropped.
  public let reports = ClientReports()
  /// `nil` when envelopes are dropped.
  internal private(set) var transport: (any EnvelopeTransport)?
  internal let sessions = SessionTracker()
  internal let recorders = Recorders()
  internal var storedLastEventID = SentryID.empty
  internal let lock = Lock()
  // `exclusivity(unchecked)`: used under `lock` only, and checking each access would cost as much as a change.
  @exclusivity(unchecked) internal var scope: Scope
  internal var crashClient: CrashClient?
  /// The loaded modules as events have them, where the crashing thread writes its report itself; else `nil`.
  internal var inProcessImages: StructuredValue?
  internal var issues: [HealthIssue] = []
  /// Noted under `lock`, and not in the log yet.
  @exclusivity(unchecked) internal private(set) var unlogged: [String]?
  internal var knownDeliveryIssues: [HealthIssue]?
  internal var run: RunDirectory?
  /// Whether something in the run directory is for the next start.
  internal var keepsRun = false
  internal var earlierRuns: [EarlierRun] = []
  /// Envelopes of earlier runs that became this one's.
  internal var adopted = 0
  /// What a crash reporter would get; removed at the end.
  private var externalEnvelope: FilePath?
  /// What a crash reports.
  internal let crashScope: CrashScope
  internal var storedCrashEventID: SentryID
  internal let systemContexts: StructuredObject
  /// The process to which all this belongs, as forks go.
  @exclusivity(unchecked) internal var generation = ForkGeneration.current
  private let generationWord = ForkGeneration.word
  internal var isOfThisProcess: Bool { generation == generationWord.pointee }

  /// Starts everything. In this order: database and run directory, the handler's process, event files and recovery of what
  /// others left, the handler's answer, earlier runs, pruning.
  ///
  /// - Parameter issues: what was found wrong before the options became values.
  public init(options: ClientOptions, issues found: [HealthIssue] = []) {
    self.options = options
    log = ClientLog(isEnabled: options.isDebug, threshold: options.logThreshold, sink: options.logSink)
    let reportID = UniqueID.random()
    storedCrashEventID = SentryID(bytes: reportID.bytes) ?? .empty
    crashScope = CrashScope(maxBreadcrumbs: max(0, options.maxBreadcrumbs), isPublished: options.capturesCrashes)
    systemContexts = SystemContexts.all(options)
    scope = Scope(maxBreadcrumbs: options.maxBreadcrumbs)
    scope.release = options.release
    scope.dist = options.dist
    scope.environment = options.environment
    scope.attachments = options.attachments
    var failure: CrashDatabaseError?
    do throws(CrashDatabaseError) {
      database = try CrashDatabase.open(options.databasePath)
    } catch {
      database = nil
      failure = error
    }
    let path = database?.path ?? options.databasePath
    // An empty path would be the working directory.
    installationID =
      path.isEmpty ? .random() : InstallationID.load(database: path, publicKey: options.dsn?.publicKey ?? "")
    if let failure { note(.database, "\(failure). Choose a database path in a folder that can be written") }
    for issue in found { note(issue.code, issue.message) }
    if options.dsn == nil && !found.contains(where: { $0.code == .dsn }) {
      note(.dsn, "there is no DSN: reports stay in \(path)")
    }
    defer { startRecording() }
    guard let database else {
      startTransport()
      return
    }

    openRun(database)
    locked { applyConsent() }
    // Reports that a killed handler left complete count for the question whether the last run crashed. Not while the new one
    // gets ready: Sentry's passes over a report that is locked when it looks first, and looks again after a quarter of an hour.
    database.recover()
    var isPrepared = false
    func prepare() {
      if isPrepared { return }
      isPrepared = true
      prepareRun(database)
    }
    if options.capturesCrashes { startHandler(database, reportID, meanwhile: prepare) }
    prepare()
    processEarlierRuns(database)
    if capturesInProcess { sendPendingReports(database) }
    database.prune(options.pruning) { _ in self.reports.record(.cacheOverflow, .error) }
  }

  private static let lostScope = "Crashes are reported without tags, user and breadcrumbs"

  /// This run's folder.
  private func openRun(_ database: CrashDatabase) {
    do throws(CrashDatabaseError) {
      run = try RunDirectory(creatingIn: database.path)
    } catch {
      note(.runDirectory, "\(error). \(Self.lostScope)")
    }
  }

  /// What a crash needs besides the handler, which gets ready meanwhile: the files of the event in the run's folder, and
  /// the event. And all else that needs no handler.
  private func prepareRun(_ database: CrashDatabase) {
    if let folder = run?.path {
      do throws(Errno) {
        try crashScope.setFolder(folder)
      } catch {
        note(.runDirectory, "cannot create files in \(folder): \(error). \(Self.lostScope)")
      }
    }
    startTransport()
    locked { storeCrashEvent() }
    setRecordIdentifier()
    lock.holdDuringForks()
    // The mark goes before a new one can be made.
    crashedLastRun = LastCrash.isMarked(database: database.path)
    if crashedLastRun { LastCrash.acknowledge(database: database.path) }
  }

  private func startTransport() {
    switch options.transport {
    case .standard: transport = options.dsn == nil ? nil : HTTPEnvelopeTransport()
    case .httpClient(let client): transport = options.dsn == nil ? nil : HTTPEnvelopeTransport(client: client)
    case .disabled: return
    case .custom(let custom): transport = custom
    }
    var context = TransportContext(userAgent: options.userAgent, reports: reports, log: log)
    context.dsn = options.dsn
    context.databasePath = database?.path
    context.runDirectory = run?.path
    context.proxy = options.proxy
    context.caCertificates = options.caCertificates
    context.transferTimeout = options.transferTimeout
    context.threadName = options.transportThreadName
    context.cache = options.cache
    context.retries = options.retries
    context.sendsClientReports = options.sendsClientReports
    context.sendsReportsAlone = options.sendsReportsAlone
    context.largeAttachments = options.largeAttachments
    context.maySend = maySend
    if transport?.start(context) == false { note(.transport, "envelopes cannot be sent") }
  }

  /// - Parameter meanwhile: called before a crash can be captured, more than once perhaps.
  internal func startHandler(_ database: CrashDatabase, _ reportID: UniqueID, meanwhile: () -> Void = {}) {
    var configuration = HandlerConfiguration(databasePath: database.path)
    configuration.location = options.handler
    configuration.metricsPath = database.path
    configuration.url = options.dsn?.minidumpURL(userAgent: options.userAgent)
    configuration.httpProxy = options.handlerProxy
    configuration.reportID = reportID
    configuration.waitsForUpload = options.waitsForUpload
    configuration.dumpTimeout = options.crashTimeout.map { Int32(clamping: max(1, $0)) }
    configuration.crashMarkerPath = database.path.appending("last_crash")
    configuration.attachments =
      options.attachments.compactMap { crashPath($0) } + (runPath.map { CrashScope.paths(in: $0) } ?? [])
    if let reporter = options.externalCrashReporter, let envelope = beginEnvelope(database, reportID) {
      configuration.crashReporterPath = reporter
      configuration.crashEnvelopePath = envelope
    }
    configuration.extraArguments = ["--no-rate-limit"]
    if options.sanitizesStacks { configuration.sanitization = CrashSanitization() }
    configuration.environment = delivery.environment
    configuration.restartsHandler = options.restartsHandler
    configuration.onHandlerEvent = { [log] in log.write(.warning, $0) }
    if let run = run?.path {
      configuration.extraArguments.append(
        FilePath(bytes: Array("--log-file=".utf8) + run.appending("crashpad-handler.log").bytes))
    }
    inProcessImages = nil
    if options.capturesInProcess {
      meanwhile()
      return captureInProcess(configuration)
    }
    do throws(CrashClientError) {
      var hooks = CrashClient.Hooks()
      hooks.chainsAtStart = options.chainsAtStart
      if hasCrashHook {
        CrashVerdictHook.install(self)
        hooks.verdict = CrashVerdictHook.function
        hooks.verdictTimeout = options.crashHookTimeout
      }
      crashClient = try CrashClient.start(
        configuration, hooks: hooks, excludedSignals: options.excludedSignals, threadHook: options.threadsAreHooked,
        meanwhile: meanwhile)
      log.write(.info, "crashes are captured, this run's would be \(reportID)")
    } catch {
      note(.handler, "crashes are captured by the crashing thread alone, without a handler: \(error)")
      meanwhile()
      captureInProcess(configuration)
    }
  }

  /// How our own handler sends what this run leaves.
  private var delivery: DeliverySettings {
    var delivery = DeliverySettings()
    delivery.runDirectory = run?.path
    delivery.dsn = options.dsn?.text
    delivery.userAgent = options.userAgent
    delivery.certificateFile = options.caCertificates
    delivery.transferTimeout = options.transferTimeout
    delivery.floodLimit = options.floodLimit
    delivery.maximumSize = options.pruning.maximumSize
    delivery.maximumAge = options.pruning.maximumAge
    delivery.sendsClientReports = options.sendsClientReports
    delivery.sendsReportsAlone = options.sendsReportsAlone
    return delivery
  }

  /// Begins the envelope that a crash reporter gets: a header that the handler knows nothing of.
  private func beginEnvelope(_ database: CrashDatabase, _ reportID: UniqueID) -> FilePath? {
    let folder = database.path.appending("external")
    let path = folder.appending("\(reportID).envelope")
    var envelope = Envelope()
    envelope.headers["event_id"] = .string("\(reportID)")
    if let dsn = options.dsn { envelope.headers["dsn"] = .string(dsn.text) }
    if options.cache.keep != .none { envelope.headers["cache_dir"] = .string("\(database.path.appending("cache"))") }
    do throws(Errno) {
      try FileSystem.createDirectories(folder)
      try FileSystem.write(envelope.bytes, to: path)
      externalEnvelope = path
      return path
    } catch {
      note(.storage, "the crash reporter gets nothing, its envelope cannot be written: \(error)")
      return nil
    }
  }

  /// Remembers and logs what does not work. During the start, while nobody else knows the client.
  internal func note(_ code: HealthIssue.Code, _ message: String) {
    noteLocked(code, message)
    logNotes(unlogged.take())
  }

  /// Remembers what does not work. Under `lock`, which `locked` has taken.
  internal func noteLocked(_ code: HealthIssue.Code, _ message: String) {
    let issue = HealthIssue(code, message)
    if issues.contains(issue) { return }
    issues.append(issue)
    unlogged = (unlogged ?? []) + [message]
  }

  /// Runs `body` under `lock`, and logs what it noted when the lock is free again: the function of the application that
  /// takes the log may call the client.
  internal func locked<Result>(_ body: () -> Result) -> Result {
    var notes: [String]?
    let result = lock.withLock {
      let result = body()
      notes = unlogged.take()
      return result
    }
    logNotes(notes)
    return result
  }

  /// Logs what a call noted under `lock`.
  public func logNotes() { locked {} }

  private func logNotes(_ notes: [String]?) {
    guard let notes else { return }
    for note in notes { log.write(.warning, note) }
  }

  /// How everything stands right now.
  public var health: ClientHealth {
    var health = ClientHealth()
    lock.withLock {
      health.issues = issues
      health.runDirectory = run?.path
      health.earlierRuns = earlierRuns
    }
    health.crashClient = lock.withLock { crashClient }?.health
    if let crashClient = health.crashClient { health.issues += HealthIssue.handlerIssues(crashClient) }
    health.capturesInProcess = capturesInProcess
    health.issues += deliveryIssues
    health.databasePath = database?.path
    health.waitingReports = database?.unsentReports().count ?? 0
    if let transport { health.transport = transport.statistics }
    health.discarded = reports.discarded
    return health
  }

  /// Ends crash capture: signal handlers are as they were before, the handler process ends when its work is done, and
  /// the run's folder goes. A second call does nothing.
  public func close() {
    stopRecording()
    if let transport {
      _ = transport.shutdown(milliseconds: options.shutdownTimeout)
      storeUnsent(transport.takeUnsent())
    }
    lock.withLock {
      if crashClient != nil { CrashVerdictHook.uninstall() }
      crashClient?.stop()
      crashClient = nil
      if let path = externalEnvelope.take(), isOfThisProcess { try? FileSystem.remove(path) }
      if isOfThisProcess, let run = run.take(), !keepsRun, !Self.hasEnvelopes(run.path) {
        run.remove()
      }
    }
  }
}
