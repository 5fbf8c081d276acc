// Provides the engine's transport over functions of the application.
internal import CLinuxShims
internal import CSentry
internal import SentryClient
internal import SentryEnvelope

/// Hands each envelope to the application's function, in the thread that submits it.
internal final class FunctionTransport: EnvelopeTransport, @unchecked Sendable {
  // @unchecked: `counts` and `maySend` change under the submitting call's order only, and are informative.
  private let box: TransportBox
  private var reports: ClientReports?
  private var maySend = true
  private var counts = TransportStatistics()

  init(_ box: TransportBox) { self.box = box }

  func submit(_ envelope: Envelope) { send(EnvelopeBox(envelope)) }
  func submit(raw bytes: [UInt8]) { send(EnvelopeBox(raw: bytes)) }

  private func send(_ envelope: EnvelopeBox) {
    if !maySend {
      reports?.record(.noConsent, .error)
      return
    }
    switch box.kind {
    case .function(let function): function(envelope.given(), box.state)
    case .borrowingFunction(let function): function(envelope.lent, box.state)
    default: return
    }
    counts.sent += 1
  }

  func start(_ context: TransportContext) -> Bool {
    reports = context.reports
    maySend = context.maySend
    return true
  }

  func flush(milliseconds: Int64) -> Bool {
    guard let flush = box.flush else { return true }
    return flush(UInt64(clamping: milliseconds), box.state) == 0
  }

  func shutdown(milliseconds: Int64) -> Bool {
    guard box.isStarted, let shutdown = box.shutdown else { return true }
    box.isStarted = false
    return shutdown(UInt64(clamping: milliseconds), box.state) == 0
  }

  func takeUnsent() -> [[UInt8]] { [] }
  func retry() {}
  func consentChanged(maySend: Bool) { self.maySend = maySend }
  var statistics: TransportStatistics { counts }
}
