// Provides the application's hooks at a crash: what they see, and what becomes of what they say.
internal import CLinuxShims
internal import CrashClient
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// Calls `onCrash`, or `beforeSend` in its place, in the crashing thread.
///
/// The event is the one that lies in memory for the report: no lock is taken here, only the hook's own doings, and the
/// heap, can block; the crash path gives the hook up then.
internal enum CrashVerdictHook {
  private nonisolated(unsafe) static var client: Unmanaged<SentryClient>?

  /// The client lives as long as its crash capture does.
  static func install(_ client: SentryClient) { Self.client = Unmanaged.passUnretained(client) }
  static func uninstall() { client = nil }

  static let function: CrashClient.Hooks.Verdict = { signal, information, context in
    guard let client = CrashVerdictHook.client?.takeUnretainedValue() else { return CrashVerdict.keep }
    return client.decide(
      CrashContext(signal: signal, signalInformation: information, machineContext: context))
  }
}

extension SentryClient {
  /// Whether anybody wants to be asked at a crash.
  internal var hasCrashHook: Bool {
    options.hooks.onCrash != nil || options.hooks.beforeSend != nil || options.isDebug && options.logsAtCrash
  }

  /// In the crashing thread.
  fileprivate func decide(_ context: CrashContext) -> UInt32 {
    if options.logsAtCrash {
      log.write(.debug, "the crash \(storedCrashEventID), signal \(context.signal), is reported")
    }
    let bytes = crashScope.event
    guard var event = (try? StructuredValue(messagePack: bytes))?.object else { return CrashVerdict.keep }
    event["timestamp"] = .string(Timestamp.now().iso8601)
    if inProcessImages != nil, let record = InProcessHook.record { event["exception"] = record.exception }
    let shown = event
    let kept: StructuredObject?
    if let hook = options.hooks.onCrash {
      kept = hook(context, event)
    } else if let hook = options.hooks.beforeSend {
      var hint = Hint()
      hint.isCrash = true
      kept = hook(event, hint)
    } else {
      return CrashVerdict.keep
    }
    guard let kept else { return CrashVerdict.discard }
    if kept == shown { return CrashVerdict.keep }
    let path = FilePath(cString: crash_scope_path(crash_scope(), 0))
    do throws(Errno) {
      try FileSystem.replace(path, with: StructuredValue.object(kept).messagePack)
      return CrashVerdict.changed
    } catch {
      return CrashVerdict.keep
    }
  }
}
