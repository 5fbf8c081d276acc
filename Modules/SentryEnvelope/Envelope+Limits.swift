// Provides the part of an envelope that a server wants.

extension Envelope {
  /// Takes out what is limited now, item by item.
  ///
  /// Client reports always stay. Attachments go with the event that they belong to: without it a server has no use for
  /// them. A dump out of which the server makes an event is limited as an event too.
  ///
  /// - Parameter isLimited: whether the server wants nothing of a category now.
  /// - Returns: what was taken out.
  public mutating func takeLimited(_ isLimited: (DataCategory) -> Bool) -> [EnvelopeItem] {
    var taken: [EnvelopeItem] = []
    var kept: [EnvelopeItem] = []
    let ownerIsGone = items.contains { item in
      (item.ownsAttachments || item.isCrashDump) && Self.isLimited(item, isLimited)
    }
    for item in items {
      let isOrphan = ownerIsGone && item.type == "attachment"
      if isOrphan || Self.isLimited(item, isLimited) { taken.append(item) } else { kept.append(item) }
    }
    items = kept
    return taken
  }

  private static func isLimited(_ item: EnvelopeItem, _ isLimited: (DataCategory) -> Bool) -> Bool {
    guard let category = item.category else { return false }
    return isLimited(category) || item.isCrashDump && isLimited(.error)
  }

  /// Whether there is anything beside client reports.
  public var hasContent: Bool { items.contains { $0.category != nil } }
}
