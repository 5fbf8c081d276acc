// Provides the event as a form field, for servers that do not read it out of the attachments.
import StableOrder
internal import StructuredValue

/// The form field `sentry`: the event as JSON.
///
/// Sentry takes the event from the attachment `__sentry-event` and ignores the field then. Servers that know the
/// minidump endpoint but not that attachment (Bugsink is one) read the field, and the report keeps its release, its
/// tags and its stacks. See docs/formats/minidump-upload.md.
enum EventField {
  static let name = "sentry"
  static let breadcrumbFiles = ["__sentry-breadcrumb1", "__sentry-breadcrumb2"]

  /// Bytes of the field. Sentry refuses requests whose fields exceed 1 MiB together, so it is well below.
  static let limit = 256 * 1024

  /// The event without its threads, which the server reads from the dump and which may be megabytes; `nil` when it is
  /// too large all the same.
  ///
  /// - Parameter breadcrumbs: the contents of the breadcrumb files.
  static func value(_ event: StructuredObject, breadcrumbs: [[UInt8]]) -> [UInt8]? {
    var event = event
    event["threads"] = nil
    event["debug_meta"] = nil
    let small = StructuredValue.object(event).json
    let merged = merge(breadcrumbs.map { StructuredValue.sequence(messagePack: $0) })
    if event["breadcrumbs"] == nil, !merged.isEmpty {
      event["breadcrumbs"] = ["values": .array(merged)]
      let whole = StructuredValue.object(event).json
      if whole.count <= limit { return whole }
    }
    return small.count <= limit ? small : nil
  }

  /// Breadcrumbs of both files by time. The files take turns: when one is full the other is emptied, so the newest of
  /// them, as many as the longer file has, are what the limit on breadcrumbs means to keep.
  static func merge(_ trails: [[StructuredValue]]) -> [StructuredValue] {
    // Times are RFC 3339 in UTC and sort as text; the order within one file stays where they are equal.
    let sorted = trails.flatMap { $0 }.inOrder { ($0["timestamp"]?.string ?? "") < ($1["timestamp"]?.string ?? "") }
    return Array(sorted.suffix(trails.map { $0.count }.max() ?? 0))
  }
}
