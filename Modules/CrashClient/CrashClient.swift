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
  // @unchecked: `connection` changes only under `lock`.
  private var connection: HandlerConnection?
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let executable: FilePath
  private let processID: Int32
  private let answered: Bool
  private let version: UInt16?
  private let threadsAreHooked: Bool

  /// The dialect of the connection.
  public let dialect: Dialect

  /// What the crashing thread calls besides its own work. Every function must be async-signal-safe.
  public struct Hooks: Sendable {
    public typealias Function = @convention(c) (Int32, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
    /// Before the dump is asked for: signal, `siginfo_t *`, `ucontext_t *`.
    public var beforeRequest: Function?
    /// After the dump, before the process goes on to die.
    public var afterRequest: Function?
    public init(beforeRequest: Function? = nil, afterRequest: Function? = nil) {
      self.beforeRequest = beforeRequest
      self.afterRequest = afterRequest
    }
  }

  /// Starts a handler and installs everything that a crash needs.
  ///
  /// - Parameters:
  ///   - configuration: the handler and the connection.
  ///   - hooks: functions for the crashing thread.
  ///   - excludedSignals: crash signals that shall be left alone.
  ///   - threadHook: whether the executable links the thread hook, so that new threads get their stack.
  /// - Throws: what went wrong and what to do. Nothing is installed then.
  public static func start(
    _ configuration: HandlerConfiguration, hooks: Hooks = Hooks(), excludedSignals: [Int32] = [],
    threadHook: Bool = false
  ) throws(CrashClientError) -> CrashClient {
    guard crash_exchange32(crash_path_client(), 0, 1) else {
      throw CrashClientError(
        .alreadyInstalled, "crash capture is already on in this process", advice: "Stop the other client first")
    }
    do { return try install(configuration, hooks, excludedSignals, threadHook) } catch {
      crash_store32(crash_path_client(), 0)
      throw error
    }
  }

  private static func install(
    _ configuration: HandlerConfiguration, _ hooks: Hooks, _ excludedSignals: [Int32], _ threadHook: Bool
  ) throws(CrashClientError) -> CrashClient {
    let state = crash_path()
    let marker = configuration.crashMarkerPath
    if let marker, marker.bytes.count >= 4096 {
      throw CrashClientError(.invalidPath, "the crash marker's path is longer than 4095 bytes")
    }
    do { try AlternateStack.prepare() } catch { throw .system("pthread_key_create", error) }
    let handler = try HandlerProcess.start(configuration)

    state.pointee.socket = handler.connection.descriptor.rawValue
    state.pointee.handler_pid = handler.processID
    state.pointee.dialect = configuration.dialect == .sentry ? 1 : 0
    state.pointee.timeout = Int64(configuration.effectiveDumpTimeout) * 1_000_000
    state.pointee.before_request = unsafeBitCast(hooks.beforeRequest, to: crash_hook?.self)
    state.pointee.after_request = unsafeBitCast(hooks.afterRequest, to: crash_hook?.self)
    state.pointee.marker = 0
    if let marker {
      let bytes = crash_path_marker()
      for (offset, byte) in marker.bytes.enumerated() {
        bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      }
      bytes.storeBytes(of: 0, toByteOffset: marker.bytes.count, as: UInt8.self)
      state.pointee.marker = 1
    }
    crash_record_shared().pointee.fatal_message_slot = UInt64(UInt(bitPattern: crash_swift_message_slot()))
    // PR_SET_PTRACER fails where there is no Yama, and is not needed there.
    _ = linux_prctl(Int32(PR_SET_PTRACER), UInt(handler.processID), 0, 0, 0)
    crash_store64(crash_path_owner(), 0)
    crash_store32(crash_path_done(), 0)
    state.pointee.returns = 0

    CrashUnderWay.waitAtExit()
    AlternateStack.installForCurrentThread()
    crash_store32(crash_path_enabled(), 1)
    if threadHook { crash_set_thread_start(threadStarts) }
    if !excludedSignals.contains(CRASH_ADOPTION_SIGNAL), SignalActions.installForOffers() {
      StackOffers.makeToOtherThreads()
    }
    let failed = SignalActions.install(excluding: excludedSignals)
    if !failed.isEmpty {
      crash_store32(crash_path_enabled(), 0)
      SignalActions.uninstall()
      crash_set_thread_start(nil)
      state.pointee.socket = -1
      throw CrashClientError(.systemCallFailed, "sigaction failed for the signals \(failed)")
    }
    return CrashClient(handler, configuration.dialect, threadHook)
  }

  private init(_ handler: consuming HandlerProcess, _ dialect: Dialect, _ threadHook: Bool) {
    self.dialect = dialect
    executable = handler.executable
    processID = handler.processID
    answered = handler.answered
    version = handler.ourVersion
    threadsAreHooked = threadHook
    lock = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    connection = handler.takeConnection()
  }

  deinit {
    stop()
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  /// Ends crash capture: the previous signal handlers are back, and the handler ends when its work is done.
  /// Alternate stacks stay with their threads. A second call does nothing.
  public func stop() {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    if connection == nil { return }
    crash_store32(crash_path_enabled(), 0)
    crash_set_thread_start(nil)
    CrashUnderWay.wait()
    SignalActions.uninstall()
    crash_path().pointee.socket = -1
    connection = nil
    crash_store32(crash_path_client(), 0)
  }

  /// How crash capture stands.
  public var health: CrashClientHealth {
    pthread_mutex_lock(lock)
    let alive = connection?.isAlive ?? false
    let installed = connection != nil
    pthread_mutex_unlock(lock)
    let known = ThreadStackRegistry.threads + (AlternateStack.currentThreadHasOne ? [linux_gettid()] : [])
    let bits = crash_path().pointee.installed
    return CrashClientHealth(
      handlerPath: executable, handlerProcessID: processID, isHandlerAlive: alive, handlerAnswered: answered,
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
    if connection == nil { throw .stopped }
    do {
      try connection?.send(packet, milliseconds: 1000)
    } catch {
      if error == .wouldBlock { throw CrashClientError(.handlerBusy, "the handler takes no messages") }
      throw CrashClientError(.notConnected, "the message could not be sent to the handler", underlying: error)
    }
  }

  /// Runs `body` while the connection stays as it is.
  internal func whileConnected<Result>(_ body: () -> Result) throws(CrashClientError) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    if connection == nil { throw .stopped }
    return body()
  }
}

extension CrashClientError {
  fileprivate static var stopped: CrashClientError { CrashClientError(.notConnected, "crash capture is stopped") }
}
