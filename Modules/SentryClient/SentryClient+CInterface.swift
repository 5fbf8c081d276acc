// Provides what only the C interface asks of the engine.
internal import CrashClient
public import LinuxSystem
internal import SentryEnvelope
public import StructuredValue

extension SentryClient {
  /// Waits until all envelopes that were submitted have been sent or dropped, at most for `milliseconds`.
  ///
  /// - Returns: whether nothing is left.
  public func flushEnvelopes(milliseconds: Int64) -> Bool {
    flushTelemetry()
    return transport?.flush(milliseconds: milliseconds) ?? true
  }

  /// What did not work so far. Unlike `health` it opens no library to find out what will not.
  public var startIssues: [HealthIssue] { lock.withLock { issues } }

  /// Whether a crash is reported, by a handler or by the crashing thread.
  public var hasCrashCapture: Bool { lock.withLock { crashClient != nil } }

  /// The folder of this run; `nil` when there is none.
  public var runDirectory: FilePath? { runPath }

  /// Stops the handler and starts a new one, with signal handlers of its own.
  ///
  /// - Returns: whether it runs.
  public func restartHandler() -> Bool {
    guard let database, options.capturesCrashes else { return true }
    let old = lock.withLock {
      let old = crashClient
      crashClient = nil
      return old
    }
    old?.stop()
    // A handler has one report's identifier, which may be used up.
    let reportID = UniqueID.random()
    locked {
      storedCrashEventID = SentryID(bytes: reportID.bytes) ?? .empty
      setRecordIdentifier()
      storeCrashEvent()
    }
    startHandler(database, reportID)
    guard let crashClient = lock.withLock({ crashClient }) else { return false }
    for attachment in currentScope.attachments where !options.attachments.contains(attachment) {
      if let path = crashPath(attachment) { try? crashClient.addAttachment(path) }
    }
    return true
  }
}

extension Transaction {
  /// A transaction while no client runs: everything works, and nothing is ever sent.
  public static func unrecorded(_ context: TransactionContext, start: Timestamp?) -> Transaction {
    .start(
      context, custom: StructuredObject(), propagation: PropagationContext(), options: TracingOptions(), owner: nil,
      start: start ?? .now())
  }
}

extension Scope {
  /// The trace of another scope, and whether that scope was given one.
  public mutating func takeTrace(of other: Scope) {
    propagationContext = other.propagationContext
    hasOwnPropagation = other.hasOwnPropagation
  }

  /// Sets an attribute that is whole: `{value, type, unit?}`.
  public mutating func setAttribute(object: StructuredValue, key: String) { attributes[key] = object }
}
