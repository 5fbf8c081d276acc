// Provides what an item counts for: in rate limits, and in client reports when it is lost.
internal import StructuredValue

extension EnvelopeItem {
  internal static let clientReport = "client_report"

  /// What the item is limited and counted as; `nil` for a client report.
  public var category: DataCategory? { DataCategory(itemType: type) }

  /// An attachment out of which the server makes an event.
  public var isCrashDump: Bool {
    guard type == "attachment", let kind = headers["attachment_type"]?.string else { return false }
    return kind == "event.minidump" || kind == "event.applecrashreport"
  }

  /// Whether the item is an event of its own, on which the envelope's attachments depend.
  internal var ownsAttachments: Bool {
    switch type {
    case "event", "transaction", "feedback", "user_report": true
    default: false
    }
  }

  /// What is lost with this item: one of its category, each of its logs or metrics, and for a transaction the spans too,
  /// of which the transaction itself is one.
  public var losses: [(category: DataCategory, quantity: Int)] {
    guard let category else { return [] }
    switch category {
    case .transaction:
      let spans = (try? StructuredValue(json: payload))?["spans"]?.array?.count ?? 0
      return [(.transaction, 1), (.span, spans + 1)]
    case .log, .metric:
      let count = headers["item_count"]?.int64 ?? 1
      return [(category, Int(min(max(count, 1), 1_000_000)))]
    default: return [(category, 1)]
    }
  }

  /// The counts of a client report; `nil` for other items.
  public var discardedEvents: DiscardedEvents? {
    guard type == Self.clientReport, let value = try? StructuredValue(json: payload), let object = value.object else {
      return nil
    }
    return DiscardedEvents(payload: object)
  }
}

extension DiscardedEvents {
  /// Counts an item that is lost. A lost client report loses nothing: its counts are taken back.
  public mutating func record(_ reason: DiscardReason, lost item: EnvelopeItem) {
    if let report = item.discardedEvents { return add(report) }
    for (category, quantity) in item.losses { record(reason, category, quantity: quantity) }
  }
}
