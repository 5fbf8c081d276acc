// Provides a breadcrumb: something that happened before an event.
public import StructuredValue

/// Something that happened before an event, told to make the event understandable.
public struct Breadcrumb: Hashable, Sendable {
  /// When it happened; `nil`: when it is added.
  public var timestamp: EventTime?
  /// How it is shown, `default` when empty; `navigation`, `http`, `user` and others are known to servers.
  public var type: String?
  /// Who tells it, in dots: `db.query`.
  public var category: String?
  /// What happened.
  public var message: String?
  /// How important it is.
  public var level: SentryLevel?
  /// Anything more, by name.
  public var data: StructuredObject

  /// A breadcrumb with what is known.
  public init(
    level: SentryLevel? = nil, category: String? = nil, message: String? = nil, type: String? = nil,
    timestamp: EventTime? = nil, data: StructuredObject = StructuredObject()
  ) {
    self.level = level
    self.category = category
    self.message = message
    self.type = type
    self.timestamp = timestamp
    self.data = data
  }

  /// Takes what is well formed.
  public init(value: StructuredValue) {
    timestamp = EventTime(value: value["timestamp"])
    type = value["type"]?.string
    category = value["category"]?.string
    message = value["message"]?.string
    level = value["level"]?.string.map { SentryLevel(rawValue: $0) }
    data = value["data"]?.object ?? StructuredObject()
  }

  /// A map as breadcrumb files and events have it.
  public var value: StructuredValue {
    var object = StructuredObject(capacity: 6)
    object.set("timestamp", timestamp?.description)
    object.set("type", type)
    object.set("message", message)
    object.set("category", category)
    object.set("level", level?.rawValue)
    if !data.isEmpty { object["data"] = .object(data) }
    return .object(object)
  }
}
