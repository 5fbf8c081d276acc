// Provides who was using the program.
public import StructuredValue

/// The user whom an event concerns. Every field is personal data that only the application can decide to send.
public struct User: Hashable, Sendable {
  /// An identifier of the program's choice.
  public var userId: String?
  /// As the program knows them.
  public var username: String?
  /// An address.
  public var email: String?
  /// As people call them.
  public var name: String?
  /// `{{auto}}` lets the server take the sender's address.
  public var ipAddress: String?
  /// Further fields.
  public var data: StructuredObject = StructuredObject()

  /// A user with what is known.
  public init(userId: String? = nil, username: String? = nil, email: String? = nil) {
    self.userId = userId
    self.username = username
    self.email = email
  }

  /// Takes what is well formed.
  public init(value: StructuredValue) {
    var object = value.object ?? StructuredObject()
    let id = object.take("id")
    userId = id?.string ?? id?.int64.map { String($0) }
    username = object.take("username")?.string
    email = object.take("email")?.string
    name = object.take("name")?.string
    ipAddress = object.take("ip_address")?.string
    data = object.take("data")?.object ?? StructuredObject()
    // Fields that are not known are kept where their owner put them.
    for member in object.members { data[member.key] = member.value }
  }

  /// As it goes into events.
  public var value: StructuredValue {
    var object = StructuredObject()
    object.set("id", userId)
    object.set("username", username)
    object.set("email", email)
    object.set("name", name)
    object.set("ip_address", ipAddress)
    if !data.isEmpty { object["data"] = .object(data) }
    return .object(object)
  }
}
