// Provides what a run has left to be sent when its process is dead.
public import StructuredValue

/// How a process ended.
public enum RunEnding: Sendable, Hashable {
  /// By a crash, at this time.
  case crashed(EventTime)
  /// By something else than its own will: killed, or the machine went down.
  ///
  /// - Parameter lastSign: when it was last known to live; `nil`: nobody knows.
  case abnormal(lastSign: EventTime?)
  /// As it should, but without its last words.
  case exited(EventTime?)

  /// The last moment that is known of.
  public var time: EventTime? {
    switch self {
    case .crashed(let time): time
    case .abnormal(let time), .exited(let time): time
    }
  }
}

/// The session, the open transaction, the logs and the metrics of a dead process, as it left them in its run directory.
///
/// Both sides use it: the handler right after a crash, and the next start of a program where there was no handler, or a
/// foreign one. Pure: files are read by a closure. Nothing in the files is trusted.
public struct RunRemains: Sendable {
  /// The session as it was left; `nil` when none was running.
  public private(set) var session: Session?
  /// The event of a crash: what the scope was.
  public private(set) var event: StructuredObject
  /// The transaction that was bound to the global scope.
  public private(set) var transaction: OpenTransactionRecords?
  /// Envelopes that waited to be sent, the oldest first.
  public private(set) var queued: [Envelope] = []
  private var telemetry: [(kind: TelemetryKind, entries: [ArraySlice<UInt8>])] = []

  /// - Parameter read: the content of a file of the run directory, at most `RunFiles.limit` bytes; `nil` without one.
  public init(read: (String) -> [UInt8]?) {
    event = read(RunFiles.event).flatMap { try? StructuredValue(messagePack: $0) }?.object ?? StructuredObject()
    session = read(RunFiles.session).flatMap { try? StructuredValue(json: $0) }.flatMap { Session(value: $0) }
    if let known = session, let later = read(RunFiles.sessionChanges).flatMap({ Self.lastSession($0) }),
      later.id == known.id
    {
      session = later
    }
    transaction = read(RunFiles.transaction).flatMap { OpenTransactionRecords(file: $0) }
    queued = read(RunFiles.queue).map { QueuedRecords.envelopes($0) } ?? []
    for kind in TelemetryKind.allCases {
      guard let file = read(kind.fileName) else { continue }
      let entries = MappedSegments.contents(file).flatMap { segment in
        segment.split(separator: UInt8(ascii: "\n")).filter { (try? StructuredValue(json: Array($0)))?.object != nil }
      }
      if !entries.isEmpty { telemetry.append((kind, entries)) }
    }
  }

  private static func lastSession(_ file: [UInt8]) -> Session? {
    let line = MappedSegments.contents(file).last?.split(separator: UInt8(ascii: "\n")).last
    return line.flatMap { try? StructuredValue(json: Array($0)) }.flatMap { Session(value: $0) }
  }

  /// The identifier that this run's crash had or would have had.
  public var crashEventID: SentryID? { event["event_id"]?.string.flatMap { SentryID($0) } }

  /// Whether nothing was left.
  public var isEmpty: Bool { session == nil && transaction == nil && telemetry.isEmpty && queued.isEmpty }

  /// The session as it ended. One that said how it ends keeps that, unless it crashed after all.
  public func session(ending: RunEnding) -> Session? {
    guard var session else { return nil }
    switch ending {
    case .crashed(let time): session.end(.crashed, at: time)
    case .abnormal(let time): if !session.hasEnded { session.end(.abnormal, at: time) }
    case .exited(let time): if !session.hasEnded { session.end(.exited, at: time) }
    }
    return session
  }

  /// Logs and metrics in envelopes.
  ///
  /// - Parameter dsn: where they go, as text; `nil`: nobody knows.
  public func telemetryEnvelopes(dsn: String?) -> [Envelope] {
    var envelopes: [Envelope] = []
    for (kind, entries) in telemetry {
      var start = 0
      while start < entries.count {
        let end = min(start + EnvelopeItem.telemetryLimit, entries.count)
        var envelope = Envelope(items: [.telemetry(kind, Array(entries[start..<end]))])
        envelope.headers.set("dsn", dsn)
        envelopes.append(envelope)
        start = end
      }
    }
    return envelopes
  }

  /// The open transaction, ended as `aborted`, in an envelope.
  ///
  /// - Parameters:
  ///   - now: when it is sent.
  public func transactionEnvelope(ending: RunEnding, dsn: String?, now: EventTime) -> Envelope? {
    guard let transaction else { return nil }
    let event = transaction.aborted(at: ending.time ?? now, scope: event)
    return .transaction(event, samplingContext: transaction.samplingContext, dsn: dsn, sentAt: now)
  }

  /// Everything that may be sent without asking the application, what was queued first and the session last: what a handler sends after a crash.
  ///
  /// A transaction that a hook has to see is not among it.
  public func envelopes(ending: RunEnding, dsn: String?, now: EventTime) -> [Envelope] {
    var envelopes = queued + telemetryEnvelopes(dsn: dsn)
    if transaction?.isHooked == false, let envelope = transactionEnvelope(ending: ending, dsn: dsn, now: now) {
      envelopes.append(envelope)
    }
    if let session = session(ending: ending) {
      var envelope = Envelope(items: [session.item])
      envelope.headers.set("dsn", dsn)
      envelopes.append(envelope)
    }
    return envelopes
  }
}

extension Envelope {
  /// An envelope with a transaction.
  ///
  /// - Parameter samplingContext: becomes the header `trace`, unless it is empty.
  public static func transaction(
    _ event: StructuredObject, samplingContext: StructuredObject, dsn: String?, sentAt: EventTime
  ) -> Envelope {
    var envelope = Envelope(items: [EnvelopeItem(type: "transaction", payload: StructuredValue.object(event).json)])
    envelope.headers.set("dsn", dsn)
    envelope.headers.set("event_id", event["event_id"]?.string)
    if !samplingContext.isEmpty { envelope.headers["trace"] = .object(samplingContext) }
    envelope.headers["sent_at"] = .string(sentAt.description)
    return envelope
  }
}
