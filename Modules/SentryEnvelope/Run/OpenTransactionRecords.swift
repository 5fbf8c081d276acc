// Provides a transaction that its process did not live to finish.
public import StructuredValue

/// A transaction as its process left it in `RunFiles.transaction`.
///
/// The file has records, MessagePack maps with one of these members: `transaction` (the event of the transaction; a later
/// one replaces what it names; beside the first one stand `trace`, the sampling context, `scope`, the fields of the
/// scope, and `hooked`), `open` (a span
/// that began), `span` (a span that ended), `gone` (the identifier of a span that is not wanted).
public struct OpenTransactionRecords: Sendable {
  /// The event, without spans that are open.
  public private(set) var transaction: StructuredObject
  /// The `trace` header of its envelope.
  public private(set) var samplingContext: StructuredObject
  /// Whether a hook of the application has to see it first: only the application itself can send it then.
  public private(set) var isHooked: Bool
  /// What the scope said when the transaction was bound.
  private var scope: StructuredObject
  private var finished: [StructuredValue]
  /// Spans that began, in order.
  private var open: [StructuredObject] = []

  /// `nil` when the file names no transaction.
  public init?(file: [UInt8]) {
    guard let content = MappedSegments.contents(file).first else { return nil }
    let records = StructuredValue.sequence(messagePack: Array(content))
    guard let first = records.first, let transaction = first["transaction"]?.object else { return nil }
    self.transaction = transaction
    samplingContext = first["trace"]?.object ?? StructuredObject()
    isHooked = first["hooked"]?.bool ?? false
    scope = first["scope"]?.object ?? StructuredObject()
    finished = transaction["spans"]?.array ?? []
    for record in records.dropFirst() {
      if let changes = record["transaction"]?.object {
        for member in changes.members { self.transaction[member.key] = member.value }
        // Tags are left out when there are none any more.
        if changes["tags"] == nil { self.transaction["tags"] = nil }
      } else if let span = record["open"]?.object {
        open.append(span)
      } else if let span = record["span"] {
        close(span["span_id"]?.string)
        finished.append(span)
      } else {
        close(record["gone"]?.string)
      }
    }
  }

  private mutating func close(_ id: String?) {
    // Spans end soon after they began: the search begins at the end.
    if let index = open.lastIndex(where: { $0["span_id"]?.string == id }) { open.remove(at: index) }
  }

  /// The latest of all times in the transaction and its spans, and `end`.
  private func latest(_ end: EventTime) -> EventTime {
    var latest = end
    let texts = [transaction["start_timestamp"]] + open.map { $0["start_timestamp"] } + finished.map { $0["timestamp"] }
    for text in texts {
      if let time = EventTime(value: text), time > latest { latest = time }
    }
    return latest
  }

  /// The event as it is sent: the transaction and all spans that were open have ended as `aborted`.
  ///
  /// - Parameters:
  ///   - end: when the process died. What is known to have happened later makes it later: a server refuses what ends
  ///     before it began, and the last sign of life may be older than the last span.
  ///   - event: that of a crash, from which what belongs to the scope is taken; empty where there was no crash, and
  ///     what the scope was at the beginning counts.
  public func aborted(at end: EventTime, scope event: StructuredObject) -> StructuredObject {
    let scope = event.isEmpty ? self.scope : event
    let end = latest(end)
    var result = transaction
    var contexts = result["contexts"]?.object ?? StructuredObject()
    var trace = contexts["trace"]?.object ?? StructuredObject()
    trace["status"] = "aborted"
    contexts["trace"] = .object(trace)
    contexts.addMissing(from: scope["contexts"]?.object ?? StructuredObject())
    result["contexts"] = .object(contexts)
    result["timestamp"] = .string(end.description)
    result["spans"] = .array(
      finished
        + open.map { span in
          var span = span
          span["status"] = "aborted"
          span["timestamp"] = .string(end.description)
          return .object(span)
        })
    for key in ["tags", "extra"] {
      var merged = result[key]?.object ?? StructuredObject()
      merged.addMissing(from: scope[key]?.object ?? StructuredObject())
      result[key] = .object(merged)
    }
    for key in ["release", "dist", "environment", "user", "sdk"] where result[key] == nil {
      if let value = scope[key] { result[key] = value }
    }
    return result
  }
}
