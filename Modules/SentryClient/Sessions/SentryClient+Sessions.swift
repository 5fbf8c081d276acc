// Provides release health as a part of the engine.
internal import LinuxSystem
public import SentryEnvelope
internal import StructuredValue

extension SentryClient {
  /// Starts a session, and ends the one that runs as `exited`. Without a release there are none.
  public func startSession() {
    let scope = currentScope
    let ended = sessions.start(
      in: runPath, release: scope.release, environment: scope.environment, distinctID: distinctID(scope.userObject))
    if let ended { submit(session: ended) }
    recorders.atExit { [sessions] in sessions.storeExit() }
  }

  /// Ends the session and sends it. Does nothing when there is none.
  public func endSession(status: SessionStatus = .exited) {
    if let ended = sessions.end(status) { submit(session: ended) }
  }

  /// Who uses the program: the user's identifier, or the installation's.
  internal func distinctID(_ user: StructuredObject?) -> String {
    switch user?["id"] {
    case .string(let text): text
    case .some(let value) where value != .null: value.jsonText
    default: installationID.description
    }
  }

  private func submit(session item: EnvelopeItem) { submit(envelope(of: [item])) }

  internal func envelope(of items: [EnvelopeItem]) -> Envelope {
    var envelope = Envelope(items: items)
    if let dsn = options.dsn { envelope.headers["dsn"] = .string(dsn.text) }
    return envelope
  }
}

extension SentryClient {
  /// Sends what a dead run has left.
  ///
  /// - Parameters:
  ///   - ending: how it ended.
  ///   - takeSession: gets the session. `false`: it cannot be taken over, and stays where it is.
  /// - Returns: `false` when it stays where it is: nothing may be sent, or it cannot be taken over.
  internal func send(
    _ remains: RunRemains, of folder: FilePath, _ ending: RunEnding, takeSession: (EnvelopeItem) -> Bool
  ) -> Bool {
    if remains.isEmpty { return true }
    if !maySend { return false }
    let now = Timestamp.now()
    let time = EventTime(seconds: now.seconds, nanoseconds: now.nanoseconds)
    var envelopes = remains.queued + remains.telemetryEnvelopes(dsn: options.dsn?.text)
    if let transaction = aborted(remains, ending, now: time) { envelopes.append(transaction) }
    for envelope in envelopes where !adopt(envelope) { return false }
    if let session = remains.session(ending: ending) {
      if !takeSession(session.item) { return false }
      log.write(.info, "the run of session \(session.id) ended as \(session.status)")
    }
    for name in RunFiles.remains + [RunFiles.transaction] { try? FileSystem.remove(folder.appending(name)) }
    return true
  }

  /// The transaction that was open. The hook of this program stands for that of the dead one.
  private func aborted(_ remains: RunRemains, _ ending: RunEnding, now: EventTime) -> Envelope? {
    guard let transaction = remains.transaction else { return nil }
    var event = transaction.aborted(at: ending.time ?? now, scope: remains.event)
    if let hook = options.hooks.beforeTransaction {
      guard let kept = hook(event) else {
        reports.record(.beforeSend, .transaction)
        return nil
      }
      event = kept
    }
    return .transaction(event, samplingContext: transaction.samplingContext, dsn: options.dsn?.text, sentAt: now)
  }
}
