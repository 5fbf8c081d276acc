// Provides envelopes: what is sent to a server in one request.
public import StructuredValue

/// Why bytes are not an envelope.
public struct EnvelopeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, and where.
  public let description: String
}

/// One thing in an envelope.
public struct EnvelopeItem: Hashable, Sendable {
  /// `type` and what else belongs to it. `length` is written by the envelope.
  public var headers: StructuredObject
  /// The content. It may have line feeds: the header says how long it is.
  public var payload: [UInt8]

  /// An item whose headers are known, `type` among them.
  public init(headers: StructuredObject, payload: [UInt8]) {
    self.headers = headers
    self.payload = payload
  }

  /// An item without headers but its type.
  public init(type: String, payload: [UInt8]) {
    headers = StructuredObject()
    headers["type"] = .string(type)
    self.payload = payload
  }

  /// `event`, `attachment`, `session`, …; empty when the item has none.
  public var type: String { headers["type"]?.string ?? "" }

  /// An event as JSON.
  public static func event(_ event: SentryEvent) -> EnvelopeItem {
    EnvelopeItem(type: "event", payload: event.value.json)
  }

  /// - Parameter attachmentType: `event.attachment`, `event.minidump`, …
  public static func attachment(
    _ payload: [UInt8], filename: String, contentType: String? = nil, attachmentType: String? = nil
  ) -> EnvelopeItem {
    var item = EnvelopeItem(type: "attachment", payload: payload)
    // The order in which native SDKs write them.
    item.headers["length"] = .integer(Int64(payload.count))
    item.headers.set("attachment_type", attachmentType)
    item.headers.set("content_type", contentType)
    item.headers["filename"] = .string(filename)
    return item
  }
}

/// Headers and items.
///
/// Format: docs/formats/wire-formats.md, "Envelopes".
public struct Envelope: Hashable, Sendable {
  /// `event_id`, `dsn`, `sent_at`, `trace` and what else belongs to all items.
  public var headers: StructuredObject
  /// In the order in which they are written.
  public var items: [EnvelopeItem]

  /// An envelope; one without items says nothing to a server.
  public init(headers: StructuredObject = StructuredObject(), items: [EnvelopeItem] = []) {
    self.headers = headers
    self.items = items
  }

  /// An envelope with one event.
  ///
  /// - Parameter dsn: where it goes; `nil` when nobody knows.
  public init(event: SentryEvent, dsn: DSN?) {
    headers = StructuredObject()
    headers.set("dsn", dsn?.text)
    headers.set("event_id", event.eventID?.dashed)
    items = [.event(event)]
  }

  /// The event that the headers name.
  public var eventID: SentryID? { headers["event_id"]?.string.flatMap { SentryID($0) } }

  /// The bytes of a request or a file.
  public var bytes: [UInt8] {
    var result = StructuredValue.object(headers).json
    for item in items {
      var headers = item.headers
      headers["length"] = .integer(Int64(item.payload.count))
      result.append(UInt8(ascii: "\n"))
      result.append(contentsOf: StructuredValue.object(headers).json)
      result.append(UInt8(ascii: "\n"))
      result.append(contentsOf: item.payload)
    }
    return result
  }

  /// Parses the bytes of a request or a file. A payload without a length ends with its line.
  public init(bytes: [UInt8]) throws(EnvelopeError) {
    var offset = 0
    headers = try Self.header(bytes, &offset)
    items = []
    while offset < bytes.count {
      // Empty lines between items are left by writers that end each payload with a line.
      if bytes[offset] == UInt8(ascii: "\n") {
        offset += 1
        continue
      }
      let start = offset
      let headers = try Self.header(bytes, &offset)
      let end: Int
      switch headers["length"] {
      case nil, .null: end = bytes[offset...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      case .some(let length):
        guard let length = length.int64, length >= 0, length <= bytes.count - offset else {
          throw EnvelopeError(description: "the length of the item at byte \(start) is beyond the end")
        }
        end = offset + Int(length)
        guard end == bytes.count || bytes[end] == UInt8(ascii: "\n") else {
          throw EnvelopeError(description: "the item at byte \(start) does not end where its length says")
        }
      }
      items.append(EnvelopeItem(headers: headers, payload: Array(bytes[offset..<end])))
      offset = min(end + 1, bytes.count)
    }
  }

  /// One line with an object; `offset` is behind the line's end afterwards.
  private static func header(_ bytes: [UInt8], _ offset: inout Int) throws(EnvelopeError) -> StructuredObject {
    let end = bytes[offset...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    let value: StructuredValue
    do throws(StructuredValueError) {
      value = try StructuredValue(json: Array(bytes[offset..<end]))
    } catch {
      throw EnvelopeError(description: "the header at byte \(offset) is no JSON: \(error)")
    }
    guard let object = value.object else {
      throw EnvelopeError(description: "the header at byte \(offset) is no object")
    }
    offset = min(end + 1, bytes.count)
    return object
  }
}
