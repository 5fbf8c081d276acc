// Provides crash capture for this process: the handler, the signals, the stacks.
internal import CLinuxShims
internal import CrashCapture
public import CrashProtocol
internal import LinuxSystem

/// Crash capture of this process: a handler process that stands by, signal handlers that ask it for a dump, and
/// alternate stacks on which they run.
///
/// One at a time in a process; it ends when the last reference goes. All methods may be called on any thread; none in a
/// signal handler.
public final class CrashClient: @unchecked Sendable {
  // @unchecked: what changes does so only under `lock`.
  private var connection: HandlerConnection?
  /// The one before. A crashing thread may still be using its number.
  private var retired: HandlerConnection?
  private var fallback: FallbackPlan?
  private var watch: HandlerWatch?
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let executable: FilePath
  private var processID: Int32
  private var answered: Bool
  private var version: UInt16?
  private var handlerEnds = 0
  private var restartFailure: String?
  private let threadsAreHooked: Bool
  private let startsAtCrash: Bool
  private let isPrivate: Bool
  private let launch: LaunchPlan?
  /// There is no handler, and none could be started.
  internal let isAlone: Bool
  private var isInstalled = true

  /// The dialect of the connection.
  public let dialect: Dialect

  /// What the crashing thread calls besides its own work. Every function must be async-signal-safe.
  public struct Hooks: Sendable {
    public typealias Function = @convention(c) (Int32, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
    /// Before the dump is asked for: signal, `siginfo_t *`, `ucontext_t *`.
    public var beforeRequest: Function?
    /// After the dump, before the process goes on to die.
    public var afterRequest: Function?

    public typealias Decision = @convention(c) (Int32, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Bool
    /// Before anything else, on each thread that gets a crash signal: `true` says that the application has dealt with
    /// it. The thread goes on and nothing is reported. It may leave by `siglongjmp(3)`.
    public var firstChance: Decision?
    /// Whether the handlers that were there before are called before anything is reported, and only what they leave
    /// unmended is: for runtimes that provoke faults of their own. After `firstChance`.
    public var chainsAtStart = false
    /// After the dump: `true` keeps the process alive, if the signal was sent by somebody. A fault comes again when its
    /// instruction is retried, and ends the process then.
    public var lastChance: Decision?

    /// Decides whether the crash is reported: after the dump where the handler is ours and holds the report, else
    /// before it. Called on a stack of its own; need not be async-signal-safe. One that crashes, or takes longer than
    /// `verdictTimeout`, has decided nothing, and the report is kept.
    public typealias Verdict = @convention(c) (Int32, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> UInt32
    public var verdict: Verdict?
    /// Milliseconds.
    public var verdictTimeout: Int64 = 2000

    public init(
      beforeRequest: Function? = nil, afterRequest: Function? = nil, firstChance: Decision? = nil,
      lastChance: Decision? = nil
    ) {
      self.beforeRequest = beforeRequest
      self.afterRequest = afterRequest
      self.firstChance = firstChance
      self.lastChance = lastChance
    }
  }

  /// Starts a handler and installs everything that a crash needs.
  ///
  /// - Parameters:
  ///   - configuration: the handler and the connection.
  ///   - hooks: functions for the crashing thread.
  ///   - excludedSignals: crash signals that shall be left alone.
  ///   - threadHook: whether the executable links the thread hook, so that new threads get their stack.
  ///   - meanwhile: what else is to be done, while the new process gets ready. Not called when there is none.
  /// - Throws: what went wrong and what to do. Nothing is installed then.
  public static func start(
    _ configuration: HandlerConfiguration, hooks: Hooks = Hooks(), excludedSignals: [Int32] = [],
    threadHook: Bool = false, meanwhile: () -> Void = {}
  ) throws(CrashClientError) -> CrashClient {
    try alone { () throws(CrashClientError) -> CrashClient in
      let settings = try CrashSettings(configuration, hooks, excludedSignals, threadHook)
      var plan: FallbackPlan?
      let handler = try HandlerProcess.start(configuration) { executable in
        plan = FallbackPlan(configuration, executable: executable, settings.sanitizationAddress)
        meanwhile()
      }
      let client = try install(handler, fallback: plan.take(), settings)
      client.watchHandler(configuration)
      return client
    }
  }

  /// Installs everything that a crash needs where no handler can be had: the crashing thread writes a small dump itself,
  /// with its own registers and stack. The report database must exist at the configuration's path.
  ///
  /// - Throws: what went wrong and what to do. Nothing is installed then.
  public static func startWithoutHandler(
    _ configuration: HandlerConfiguration, hooks: Hooks = Hooks(), excludedSignals: [Int32] = [],
    threadHook: Bool = false
  ) throws(CrashClientError) -> CrashClient {
    try alone { () throws(CrashClientError) -> CrashClient in
      var settings = try CrashSettings(configuration, hooks, excludedSignals, threadHook)
      settings.waits = false
      return try install(
        HandlerProcess(atCrash: "", configuration.dialect),
        fallback: FallbackPlan(configuration, executable: nil, settings.sanitizationAddress), settings)
    }
  }

  /// Runs `body` as the only start in this process.
  internal static func alone(
    _ body: () throws(CrashClientError) -> CrashClient
  ) throws(CrashClientError) -> CrashClient {
    guard crash_exchange32(crash_path_client(), 0, 1) else {
      throw CrashClientError(
        .alreadyInstalled, "crash capture is already on in this process", advice: "Stop the other client first")
    }
    do { return try body() } catch {
      crash_store32(crash_path_client(), 0)
      throw error
    }
  }

  internal static func install(
    _ handler: consuming HandlerProcess, fallback: consuming FallbackPlan?, launch: LaunchPlan? = nil,
    _ settings: consuming CrashSettings
  ) throws(CrashClientError) -> CrashClient {
    let state = crash_path()
    let dialect = handler.dialect
    state.pointee.socket = handler.socket
    state.pointee.handler_pid = handler.processID
    CrashChannel.prepare(handlerVersion: handler.ourVersion)
    state.pointee.dialect = dialect == .sentry ? 1 : 0
    state.pointee.is_private = handler.isPrivate ? 1 : 0
    state.pointee.unanswered = 0
    crash_store64(crash_path_speaker(), 0)
    crash_store64(crash_path_sanitization(), settings.sanitizationAddress)
    state.pointee.timeout = Int64(settings.dumpTimeout) * 1_000_000
    let hooks = settings.hooks
    state.pointee.before_request = unsafeBitCast(hooks.beforeRequest, to: crash_hook?.self)
    state.pointee.after_request = unsafeBitCast(hooks.afterRequest, to: crash_hook?.self)
    let firstChance = unsafeBitCast(hooks.firstChance, to: crash_decision?.self)
    crash_chain_set_application(firstChance)
    state.pointee.first_chance = hooks.chainsAtStart ? crash_chain_at_start : firstChance
    state.pointee.last_chance = unsafeBitCast(hooks.lastChance, to: crash_decision?.self)
    state.pointee.is_ours = handler.ourVersion == nil ? 0 : 1
    state.pointee.waits = settings.waits ? 1 : 0
    VerdictHook.install(hooks.verdict, milliseconds: hooks.verdictTimeout)
    state.pointee.marker = 0
    if let marker = settings.marker {
      let bytes = crash_path_marker()
      for (offset, byte) in marker.bytes.enumerated() {
        bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      }
      bytes.storeBytes(of: 0, toByteOffset: marker.bytes.count, as: UInt8.self)
      state.pointee.marker = 1
    }
    crash_record_shared().pointee.fatal_message_slot = UInt64(UInt(bitPattern: crash_swift_message_slot()))
    // PR_SET_PTRACER fails where there is no Yama, and is not needed there.
    if handler.processID > 0 { _ = linux_prctl(Int32(PR_SET_PTRACER), UInt(handler.processID), 0, 0, 0) }
    crash_store64(crash_path_owner(), 0)
    crash_store32(crash_path_done(), 0)
    state.pointee.returns = 0

    CrashUnderWay.waitAtExit()
    AlternateStack.installForCurrentThread()
    crash_store32(crash_path_enabled(), 1)
    if settings.threadHook { crash_set_thread_start(threadStarts) }
    if !settings.excludedSignals.contains(CRASH_ADOPTION_SIGNAL), SignalActions.installForOffers() {
      StackOffers.makeToOtherThreads()
    }
    let failed = SignalActions.install(excluding: settings.excludedSignals)
    if !failed.isEmpty {
      crash_store32(crash_path_enabled(), 0)
      SignalActions.uninstall()
      crash_set_thread_start(nil)
      state.pointee.socket = -1
      state.pointee.launch_path = nil
      CrashChannel.discard()
      throw CrashClientError(.systemCallFailed, "sigaction failed for the signals \(failed)")
    }
    return CrashClient(handler, fallback, launch, settings.threadHook)
  }

  private init(
    _ handler: consuming HandlerProcess, _ fallback: consuming FallbackPlan?, _ launch: LaunchPlan?, _ threadHook: Bool
  ) {
    dialect = handler.dialect
    isPrivate = handler.isPrivate
    self.launch = launch
    startsAtCrash = handler.socket < 0 && !handler.executable.isEmpty
    isAlone = handler.socket < 0 && handler.executable.isEmpty
    executable = handler.executable
    processID = handler.processID
    answered = handler.answered
    version = handler.ourVersion
    threadsAreHooked = threadHook
    lock = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    connection = handler.takeConnection()
    self.fallback = fallback
  }

  deinit {
    stop()
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  /// Ends crash capture: the previous signal handlers are back, and the handler ends when its work is done.
  /// Alternate stacks stay with their threads. A second call does nothing.
  public func stop() {
    stopCapture()?.end()
  }

  private func stopCapture() -> HandlerWatch? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    if !isInstalled { return nil }
    isInstalled = false
    crash_store32(crash_path_enabled(), 0)
    crash_set_thread_start(nil)
    CrashUnderWay.wait()
    SignalActions.uninstall()
    crash_path().pointee.socket = -1
    crash_path().pointee.launch_path = nil
    VerdictHook.uninstall()
    CrashChannel.discard()
    connection = nil
    retired = nil
    fallback = nil
    crash_store32(crash_path_client(), 0)
    return watch.take()
  }

  /// How crash capture stands.
  public var health: CrashClientHealth {
    pthread_mutex_lock(lock)
    let installed = isInstalled
    let alive = installed && (startsAtCrash ? FileSystem.isExecutable(executable) : connection?.isAlive ?? false)
    let (processID, answered, version) = (self.processID, self.answered, self.version)
    let (ends, failure) = (handlerEnds, restartFailure)
    pthread_mutex_unlock(lock)
    let known = ThreadStackRegistry.threads + (AlternateStack.currentThreadHasOne ? [linux_gettid()] : [])
    let bits = crash_path().pointee.installed
    return CrashClientHealth(
      handlerPath: executable, handlerProcessID: processID, isHandlerAlive: alive, startsAtCrash: startsAtCrash,
      handlerAnswered: answered, handlerEnds: ends, restartFailure: failure,
      ourHandlerVersion: version, dialect: dialect, isInstalled: installed,
      overriddenSignals: SignalActions.crashSignals.filter {
        bits & crash_signal_bit($0) != 0 && !crash_action_is_installed($0)
      },
      threadsWithoutAlternateStack: CurrentProcess.threads.filter { !known.contains($0) },
      newThreadsAreCovered: threadsAreHooked)
  }

  /// Gives the calling thread an alternate stack. For threads that are made around the thread hook.
  public static func installAlternateStackForCurrentThread() { AlternateStack.installForCurrentThread() }

  /// Sends one message; the handler gives no answer.
  internal func send(_ message: ClientMessage) throws(CrashClientError) {
    if dialect != .sentry {
      throw CrashClientError(.notInThisDialect, "this handler's dialect knows no such message")
    }
    let packet: [UInt8]
    do { packet = try message.encoded(in: dialect) } catch {
      throw CrashClientError(.invalidPath, error.description)
    }
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    if connection == nil { throw startsAtCrash && isInstalled ? .notYet : .stopped }
    do {
      try connection?.send(packet, milliseconds: 1000)
    } catch {
      if error == .wouldBlock { throw CrashClientError(.handlerBusy, "the handler takes no messages") }
      throw CrashClientError(.notConnected, "the message could not be sent to the handler", underlying: error)
    }
  }

  /// Lets handlers find other rules for sanitized reports. Under the lock.
  internal func publish(_ rules: CrashSanitization?, at address: UInt64) {
    crash_store64(crash_path_sanitization(), address)
    launch?.sanitize(address)
    guard var plan = fallback.take() else { return }
    plan.sanitize(rules, at: address)
    fallback = consume plan
  }

  /// A descriptor of the connection for other programs, or -1.
  internal func duplicateConnection() throws(CrashClientError) -> Int32 {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    if isPrivate && isInstalled {
      throw CrashClientError(
        .notShared, "the connection to the handler is private", advice: "Start the client with a shared one")
    }
    guard let number = connection?.descriptor.rawValue else { throw startsAtCrash && isInstalled ? .notYet : .stopped }
    return linux_fcntl(number, F_DUPFD, 3)
  }

  /// Changes what is done without the handler's help.
  internal func changeFallback(_ change: (inout FallbackPlan) -> Void) {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    guard var plan = fallback.take() else { return }
    change(&plan)
    fallback = consume plan
  }

  // MARK: - Another handler

  internal var connectedSocket: Int32? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return connection?.descriptor.rawValue
  }

  internal var currentAttachments: [FilePath]? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return fallback?.attachments
  }

  internal func keep(_ watch: HandlerWatch) {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    self.watch = watch
  }

  /// - Returns: whether crashes are captured still.
  internal func noteHandlerEnd() -> Bool {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    // The same death again, when another one could not be started.
    if isInstalled && restartFailure == nil { handlerEnds += 1 }
    return isInstalled
  }

  internal func noteRestartFailure(_ error: CrashClientError) {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    restartFailure = error.description
  }

  /// Lets crashes go to another handler from now on.
  ///
  /// - Returns: its socket.
  /// - Throws: when capture has been stopped meanwhile.
  internal func replaceHandler(_ handler: consuming HandlerProcess) throws(CrashClientError) -> Int32 {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    if !isInstalled { throw .stopped }
    let state = crash_path()
    let socket = handler.socket
    processID = handler.processID
    answered = handler.answered
    version = handler.ourVersion
    restartFailure = nil
    // A thread that crashes now finds either the old socket, whose other end is closed, or the new one with its process.
    state.pointee.handler_pid = processID
    if processID > 0 { _ = linux_prctl(Int32(PR_SET_PTRACER), UInt(processID), 0, 0, 0) }
    state.pointee.is_ours = version == nil ? 0 : 1
    if state.pointee.takes_channel == 0 { CrashChannel.prepare(handlerVersion: version) }
    state.pointee.socket = socket
    retired = connection.take()
    connection = handler.takeConnection()
    return socket
  }

  /// Runs `body` while the connection stays as it is.
  internal func whileConnected<Result>(_ body: () -> Result) throws(CrashClientError) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    if !isInstalled { throw .stopped }
    return body()
  }
}

extension CrashClientError {
  internal static var stopped: CrashClientError { CrashClientError(.notConnected, "crash capture is stopped") }
  fileprivate static var notYet: CrashClientError {
    CrashClientError(
      .notConnected, "the handler is started at the crash", advice: "Name attachments in its configuration")
  }
}
