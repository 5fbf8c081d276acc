// Provides the counts of what was dropped, for the server and for health.
internal import LinuxSystem
public import SentryEnvelope
public import StructuredValue

/// Counts what was dropped, by reason and category. Any thread; a forked child counts for itself.
public final class ClientReports: Sendable {
  private final class Counts: @unchecked Sendable {
    // @unchecked: everything is changed under `lock`.
    let lock = Lock()
    /// What the server has not been told yet.
    var pending = DiscardedEvents()
    /// Everything since the start.
    var all = DiscardedEvents()
  }

  private let counts = ProcessLocal<Counts> { Counts() }

  /// What is counted separately.
  public struct Pair: Hashable, Sendable {
    /// Why it was dropped.
    public let reason: DiscardReason
    /// What it was.
    public let category: DataCategory

    /// A reason with a kind of data.
    public init(reason: DiscardReason, category: DataCategory) {
      self.reason = reason
      self.category = category
    }
  }

  /// Nothing has been dropped yet.
  public init() {}

  /// Counts `quantity` dropped things; nothing when it is not positive.
  public func record(_ reason: DiscardReason, _ category: DataCategory, quantity: Int = 1) {
    var lost = DiscardedEvents()
    lost.record(reason, category, quantity: quantity)
    record(lost)
  }

  /// Counts items that are lost, each for what it is; counts in lost client reports are taken back.
  public func record(_ reason: DiscardReason, lost items: [EnvelopeItem]) {
    let (lost, reports) = Self.sort(reason, items)
    record(lost)
    if !reports.isEmpty { restore(reports) }
  }

  private func record(_ lost: DiscardedEvents) {
    if lost.isEmpty { return }
    let counts = counts.current
    counts.lock.withLock {
      counts.pending.add(lost)
      counts.all.add(lost)
    }
  }

  /// Counts what the server has refused because of a limit: it has counted that itself, and is not told again.
  internal func recordRefused(_ items: [EnvelopeItem]) {
    let (lost, reports) = Self.sort(.rateLimited, items)
    if !reports.isEmpty { restore(reports) }
    let counts = counts.current
    counts.lock.withLock { counts.all.add(lost) }
  }

  private static func sort(
    _ reason: DiscardReason, _ items: [EnvelopeItem]
  ) -> (lost: DiscardedEvents, reports: DiscardedEvents) {
    var lost = DiscardedEvents()
    var reports = DiscardedEvents()
    for item in items {
      if let report = item.discardedEvents { reports.add(report) } else { lost.record(reason, lost: item) }
    }
    return (lost, reports)
  }

  /// The counts since the last call as the payload of a `client_report` item; `nil` when there is nothing to say.
  public func take() -> StructuredObject? {
    let pending = takePending()
    let now = Timestamp.now()
    return pending.isEmpty
      ? nil : pending.payload(at: EventTime(seconds: now.seconds, nanoseconds: now.nanoseconds))
  }

  /// Takes back a report that could not be sent.
  public func restore(_ report: StructuredObject) { restore(DiscardedEvents(payload: report)) }

  /// The counts since the last call.
  internal func takePending() -> DiscardedEvents {
    let counts = counts.current
    return counts.lock.withLock { counts.pending.take() }
  }

  /// Takes back counts that could not be told, and takes over those of earlier runs.
  internal func restore(_ discarded: DiscardedEvents) {
    let counts = counts.current
    counts.lock.withLock { counts.pending.add(discarded) }
  }

  /// Whether the server is to be told something.
  internal var isPending: Bool {
    let counts = counts.current
    return counts.lock.withLock { !counts.pending.isEmpty }
  }

  /// Everything that was dropped since the start.
  public var discarded: [Pair: Int] {
    let counts = counts.current
    var result: [Pair: Int] = [:]
    for entry in counts.lock.withLock({ counts.all }).entries {
      result[Pair(reason: entry.reason, category: entry.category)] = Int(clamping: entry.quantity)
    }
    return result
  }
}
