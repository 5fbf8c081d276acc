// Provides the functions of the application that the engine calls.
public import SentryEnvelope
public import StructuredValue

/// Functions of the application that see what is sent, and may change it or keep it back: `nil` as a result drops.
///
/// They are called without any lock held, in the thread that captures; they may call the engine, but not end it.
public struct Hooks: Sendable {
  /// Sees an event and what came with it; the result is sent in its place, `nil` drops it.
  public typealias EventHook = @Sendable (StructuredObject, Hint) -> StructuredObject?
  /// Sees one thing; the result takes its place, `nil` drops it.
  public typealias ItemHook = @Sendable (StructuredObject) -> StructuredObject?

  /// Every event that is neither a transaction nor feedback, with its scope applied. Also for a crash, when there is
  /// no `onCrash`; see there for what holds then.
  public var beforeSend: EventHook?
  /// Each breadcrumb, before it is added.
  public var beforeBreadcrumb: ItemHook?
  /// Each transaction, when it is finished and its scope applied.
  public var beforeTransaction: ItemHook?
  /// Each structured log.
  public var beforeSendLog: ItemHook?
  /// Each metric.
  public var beforeSendMetric: ItemHook?
  /// Feedback, with its hint.
  public var beforeSendFeedback: EventHook?
  /// A crash of this process, instead of `beforeSend`.
  ///
  /// It runs in the crashing thread, on a stack of its own, for a bounded time. Locks may be held for ever by then,
  /// that of the heap too. A hook that crashes or hangs costs its own result, never the report.
  public var onCrash: (@Sendable (CrashContext, StructuredObject) -> StructuredObject?)?
  /// Once for each crash of an earlier run, during the start.
  public var onCrashedLastRun: (@Sendable (Envelope) -> Void)?
  /// Decides about a transaction when it starts: 0 to 1.
  public var tracesSampler: (@Sendable (SamplingContext) -> Double)?

  /// Without any function: everything is sent as it is.
  public init() {}
}

/// What `onCrash` is told about the crash. Valid during the call only.
public struct CrashContext: @unchecked Sendable {
  // @unchecked: pointers into the crashing thread, in which the hook runs.
  /// The signal's number; `SIGSEGV` for one.
  public let signal: Int32
  /// A `siginfo_t *`.
  public let signalInformation: UnsafeMutableRawPointer
  /// A `ucontext_t *`.
  public let machineContext: UnsafeMutableRawPointer

  internal init(
    signal: Int32, signalInformation: UnsafeMutableRawPointer, machineContext: UnsafeMutableRawPointer
  ) {
    self.signal = signal
    self.signalInformation = signalInformation
    self.machineContext = machineContext
  }
}
