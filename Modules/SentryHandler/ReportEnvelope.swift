// Provides a report as the envelope that a crash reporter gets.
internal import CrashDatabase
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// The event, the other attachments and the dump of a report. Format: docs/formats/wire-formats.md, "Envelopes".
enum ReportEnvelope {
  /// Bytes of one file that an envelope takes; larger ones are left out.
  private static let limit = 100 << 20
  private static let eventName = "__sentry-event"

  /// - Parameter withHeader: whether the line with the event's identifier goes first.
  static func bytes(_ report: borrowing UploadReport, withHeader: Bool) -> [UInt8] {
    var items: [EnvelopeItem] = []
    var event: StructuredObject?
    var trails: [[StructuredValue]] = []
    for attachment in report.attachments {
      guard let bytes = try? FileSystem.readRegular(attachment.path, limit: limit) else { continue }
      let name = String(decoding: attachment.name, as: UTF8.self)
      if name == eventName {
        event = (try? StructuredValue(messagePack: bytes))?.object
      } else if EventField.breadcrumbFiles.contains(name) {
        trails.append(StructuredValue.sequence(messagePack: bytes))
      } else {
        items.append(.attachment(bytes, filename: name, attachmentType: "event.attachment"))
      }
    }
    if var event {
      let merged = EventField.merge(trails)
      if event["breadcrumbs"] == nil, !merged.isEmpty { event["breadcrumbs"] = ["values": .array(merged)] }
      items.insert(EnvelopeItem(type: "event", payload: StructuredValue.object(event).json), at: 0)
    }
    let id = report.report.id
    if let dump = try? FileSystem.readRegular(report.report.path, limit: limit) {
      items.append(.attachment(dump, filename: "\(id).dmp", attachmentType: "event.minidump"))
    }
    if !withHeader {
      // Behind what the client wrote: each item begins with the end of the line before it.
      let empty = Envelope().bytes.count
      return Array(Envelope(items: items).bytes.dropFirst(empty))
    }
    var headers = StructuredObject()
    headers["event_id"] = .string("\(id)")
    return Envelope(headers: headers, items: items).bytes
  }
}
