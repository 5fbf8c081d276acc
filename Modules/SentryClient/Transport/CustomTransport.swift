// Provides an application's own transport, and none at all.
internal import LinuxSystem
public import SentryEnvelope

/// Hands envelopes to a function of the application, in order and in the thread that submits them.
///
/// The function has the envelope; what it loses it counts, or nobody does.
public final class CustomTransport: EnvelopeTransport, @unchecked Sendable {
  // @unchecked: `context` and `counts` are only touched under `lock`.
  /// Sends an envelope, or keeps it for later; called in the thread that captures, so it should be quick.
  public typealias Send = @Sendable (Envelope) -> Void
  /// Milliseconds; whether everything was sent.
  public typealias Wait = @Sendable (Int64) -> Bool

  private final class Counts: @unchecked Sendable {
    let lock = Lock()
    var statistics = TransportStatistics()
    var maySend: Bool?
  }

  private let send: Send
  private let starting: (@Sendable (TransportContext) -> Bool)?
  private let flushing: Wait?
  private let ending: Wait?
  private let counts = ProcessLocal<Counts> { Counts() }
  private nonisolated(unsafe) var context: TransportContext?

  /// - Parameters:
  ///   - start: called once, before anything is sent; `false` when nothing can be sent.
  ///   - flush: waits until everything was sent; without it nothing has to be waited for.
  ///   - shutdown: the same, and then ends.
  public init(
    start: (@Sendable (TransportContext) -> Bool)? = nil, flush: Wait? = nil, shutdown: Wait? = nil,
    send: @escaping Send
  ) {
    self.send = send
    starting = start
    flushing = flush
    ending = shutdown
  }

  public func start(_ context: TransportContext) -> Bool {
    self.context = context
    return starting?(context) ?? true
  }

  public func submit(_ envelope: Envelope) {
    let counts = counts.current
    let maySend = counts.lock.withLock {
      let maySend = counts.maySend ?? context?.maySend ?? true
      if maySend { counts.statistics.sent += 1 } else { counts.statistics.failed += 1 }
      return maySend
    }
    if maySend {
      send(envelope)
    } else {
      context?.reports.record(.noConsent, lost: envelope.items)
    }
  }

  /// Bytes that are no envelope are dropped and counted.
  public func submit(raw bytes: [UInt8]) {
    guard let envelope = OutgoingEnvelope.raw(bytes).content else {
      context?.reports.record(.internalError, .other)
      return
    }
    submit(envelope)
  }

  public func flush(milliseconds: Int64) -> Bool { flushing?(milliseconds) ?? true }
  public func shutdown(milliseconds: Int64) -> Bool { ending?(milliseconds) ?? true }
  public func takeUnsent() -> [[UInt8]] { [] }
  public func retry() {}

  public func consentChanged(maySend: Bool) {
    let counts = counts.current
    counts.lock.withLock { counts.maySend = maySend }
  }

  public var statistics: TransportStatistics {
    let counts = counts.current
    return counts.lock.withLock { counts.statistics }
  }
}

/// Drops everything, and counts it.
public final class DiscardingTransport: EnvelopeTransport, @unchecked Sendable {
  // @unchecked: `reports` is written before anything is submitted.
  private var reports: ClientReports?

  /// A transport for who wants to send nothing at all.
  public init() {}

  public func start(_ context: TransportContext) -> Bool {
    reports = context.reports
    return true
  }
  public func submit(_ envelope: Envelope) { reports?.record(.networkError, lost: envelope.items) }
  public func submit(raw bytes: [UInt8]) { reports?.record(.networkError, lost: OutgoingEnvelope.raw(bytes).items) }
  public func flush(milliseconds: Int64) -> Bool { true }
  public func shutdown(milliseconds: Int64) -> Bool { true }
  public func takeUnsent() -> [[UInt8]] { [] }
  public func retry() {}
  public func consentChanged(maySend: Bool) {}
  public var statistics: TransportStatistics { TransportStatistics() }
}
