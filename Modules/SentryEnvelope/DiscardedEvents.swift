// Provides counts of what was lost on this side, as servers are told of it.
public import StructuredValue

/// How much of each category was dropped for each reason: the content of a client report.
///
/// A value; docs/sdk-transport.md, "Client reports".
public struct DiscardedEvents: Sendable, Equatable {
  /// One line of a report.
  public struct Entry: Sendable, Hashable {
    /// Why it was dropped.
    public var reason: DiscardReason
    /// What it was.
    public var category: DataCategory
    /// Not zero.
    public var quantity: UInt64

    /// A line; one with a quantity of zero is ignored where it is added.
    public init(reason: DiscardReason, category: DataCategory, quantity: UInt64) {
      self.reason = reason
      self.category = category
      self.quantity = quantity
    }
  }

  /// In the order in which the pairs first occurred.
  public private(set) var entries: [Entry] = []

  /// Pairs of a reason and a category. What goes beyond is counted, but no longer told apart.
  public static let pairLimit = 128
  private static let remainder = Entry(reason: .internalError, category: .other, quantity: 0)

  /// Nothing is lost.
  public init() {}

  /// Whether nothing is lost.
  public var isEmpty: Bool { entries.isEmpty }
  /// Everything together.
  public var total: UInt64 { entries.reduce(0) { Self.sum($0, $1.quantity) } }

  /// - Returns: 0 when nothing of that kind was lost.
  public func quantity(_ reason: DiscardReason, _ category: DataCategory) -> UInt64 {
    entries.first { $0.reason == reason && $0.category == category }?.quantity ?? 0
  }

  /// Counts. A quantity of zero or less counts as nothing.
  public mutating func record(_ reason: DiscardReason, _ category: DataCategory, quantity: Int = 1) {
    if quantity > 0 { add(Entry(reason: reason, category: category, quantity: UInt64(quantity))) }
  }

  /// Counts what another one has counted.
  public mutating func add(_ other: DiscardedEvents) { for entry in other.entries { add(entry) } }

  /// Counts a line; sums stop at the greatest number there is.
  public mutating func add(_ entry: Entry) {
    if entry.quantity == 0 { return }
    var entry = entry
    if position(entry) == nil && entries.count >= Self.pairLimit - 1 {
      entry.reason = Self.remainder.reason
      entry.category = Self.remainder.category
    }
    if let position = position(entry) {
      entries[position].quantity = Self.sum(entries[position].quantity, entry.quantity)
    } else {
      entries.append(entry)
    }
  }

  /// All counts; none are left.
  public mutating func take() -> DiscardedEvents {
    defer { entries = [] }
    return self
  }

  private func position(_ entry: Entry) -> Int? {
    entries.firstIndex { $0.reason == entry.reason && $0.category == entry.category }
  }

  private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }

  // MARK: - As an item

  /// The payload of a `client_report` item.
  public func payload(at time: EventTime) -> StructuredObject {
    var object = StructuredObject()
    object["timestamp"] = .string(time.description)
    object["discarded_events"] = .array(
      entries.map { entry in
        [
          "reason": .string(entry.reason.rawValue), "category": .string(entry.category.rawValue),
          "quantity": StructuredValue(entry.quantity),
        ]
      })
    return object
  }

  /// The item of an envelope that tells a server, as of `time`.
  public func item(at time: EventTime) -> EnvelopeItem {
    EnvelopeItem(type: EnvelopeItem.clientReport, payload: StructuredValue.object(payload(at: time)).json)
  }

  /// The counts of a report that somebody made. What cannot be read is left out.
  public init(payload: StructuredObject) {
    for value in payload["discarded_events"]?.array?.prefix(Self.pairLimit) ?? [] {
      guard let reason = value["reason"]?.string, let category = value["category"]?.string,
        let quantity = value["quantity"]?.uint64
      else { continue }
      add(
        Entry(reason: DiscardReason(rawValue: reason), category: DataCategory(rawValue: category), quantity: quantity))
    }
  }
}
