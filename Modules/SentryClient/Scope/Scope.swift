// Provides the scope: what is known about the program when something happens.
internal import LinuxSystem
public import SentryEnvelope
import StableOrder
public import StructuredValue

/// What every event is told about the program: tags, user, contexts, breadcrumbs and so on.
///
/// A value. Names are those of Sentry's Cocoa SDK.
public struct Scope: Sendable {
  /// The user as it goes into events, with all fields.
  public internal(set) var userObject: StructuredObject?
  /// Whether events without a user are said to be the installation's.
  public internal(set) var fillsUser = true
  /// The level of events that have none.
  public internal(set) var level: SentryLevel?
  /// How events are grouped; `nil`: the server decides.
  public internal(set) var fingerprint: [String]?
  /// What the program is at.
  public internal(set) var transactionName: String?
  /// The build of a release.
  public internal(set) var dist: String?
  /// Where the program runs.
  public internal(set) var environment: String?
  /// The version of the program.
  public internal(set) var release: String?
  /// Texts by name.
  public internal(set) var tags = StructuredObject()
  /// Values by name.
  public internal(set) var extra = StructuredObject()
  /// Objects by name.
  public internal(set) var contexts = StructuredObject()
  /// Go with logs and metrics: `{value, type, unit?}` by name.
  public internal(set) var attributes = StructuredObject()
  /// Go with each event; files in the global scope with each crash too.
  public internal(set) var attachments: [Attachment] = []
  /// The trace to which events belong that happen in no span.
  public var propagationContext = PropagationContext() { didSet { hasOwnPropagation = true } }
  /// Whether somebody has given it that trace: a local scope says nothing of one otherwise.
  internal var hasOwnPropagation = false
  internal var ownPropagation: PropagationContext? { hasOwnPropagation ? propagationContext : nil }
  /// The span to which events belong.
  public var span: (any ActiveSpan)?

  internal var trail: BreadcrumbTrail

  /// - Parameter maxBreadcrumbs: when there are more the oldest goes.
  public init(maxBreadcrumbs: Int = 100) { trail = BreadcrumbTrail(limit: max(0, maxBreadcrumbs)) }

  /// The typed view of `userObject`.
  public var user: User? { userObject.map { User(value: .object($0)) } }

  /// Sets a text that events can be searched by.
  public mutating func setTag(value: String, key: String) { tags[key] = .string(value) }
  /// Takes a tag away.
  public mutating func removeTag(key: String) { tags[key] = nil }
  /// Sets several tags.
  public mutating func setTags(_ tags: [String: String]) {
    for (key, value) in Array(tags).inOrder(by: { $0.key < $1.key }) { setTag(value: value, key: key) }
  }

  /// Sets a value that is shown with the event but not searched by.
  public mutating func setExtra(value: StructuredValue, key: String) { extra[key] = value }
  /// Takes an extra value away.
  public mutating func removeExtra(key: String) { extra[key] = nil }

  /// Sets a named object; `os`, `device`, `app`, `runtime` and `trace` are known to servers.
  public mutating func setContext(value: StructuredObject, key: String) { contexts[key] = .object(value) }
  /// Takes a named object away.
  public mutating func removeContext(key: String) { contexts[key] = nil }

  /// Sets a value that logs and metrics carry.
  ///
  /// - Parameter unit: `byte`, `millisecond`, …; `nil` for none.
  public mutating func setAttribute(value: StructuredValue, key: String, unit: String? = nil) {
    var attribute = StructuredObject()
    attribute["value"] = value
    attribute["type"] = .string(Self.attributeType(value))
    if let unit { attribute["unit"] = .string(unit) }
    attributes[key] = .object(attribute)
  }
  /// Takes an attribute away.
  public mutating func removeAttribute(key: String) { attributes[key] = nil }

  private static func attributeType(_ value: StructuredValue) -> String {
    switch value {
    case .bool: "boolean"
    case .integer, .unsigned: "integer"
    case .double: "double"
    case .array: "array"
    default: "string"
    }
  }

  /// `nil` leaves only the installation's identifier.
  public mutating func setUser(_ user: User?) { setUser(object: user.flatMap { $0.value.object }) }
  /// As `setUser(_:)`, with fields that nobody knows.
  public mutating func setUser(object: StructuredObject?) {
    userObject = object
    fillsUser = true
  }
  /// There is no user, and the installation does not stand for one.
  public mutating func removeUser() {
    userObject = nil
    fillsUser = false
  }
  /// `nil` leaves the level to each event.
  public mutating func setLevel(_ level: SentryLevel?) { self.level = level }
  /// How events are grouped into issues; `nil` lets the server decide.
  public mutating func setFingerprint(_ fingerprint: [String]?) { self.fingerprint = fingerprint }
  /// `nil` for none.
  public mutating func setTransactionName(_ name: String?) { transactionName = name }
  /// `nil` for none.
  public mutating func setDist(_ dist: String?) { self.dist = dist }
  /// `nil` for none.
  public mutating func setEnvironment(_ environment: String?) { self.environment = environment }
  /// `nil` for none.
  public mutating func setRelease(_ release: String?) { self.release = release }

  /// Adds an attachment. The same file with the same type is there once.
  public mutating func addAttachment(_ attachment: Attachment) {
    if let path = attachment.path,
      attachments.contains(where: { $0.path == path && $0.attachmentType == attachment.attachmentType })
    {
      return
    }
    attachments.append(attachment)
  }
  /// Adds a file, which is read when it is sent.
  public mutating func addAttachment(path: String) { addAttachment(Attachment(path: path)) }
  /// Takes a file away, whatever its type.
  public mutating func removeAttachment(path: String) { attachments.removeAll { $0.path == FilePath(path) } }
  /// Takes an attachment away.
  public mutating func removeAttachment(_ attachment: Attachment) { attachments.removeAll { $0 == attachment } }
  /// Takes all attachments away.
  public mutating func clearAttachments() { attachments = [] }

  /// Removes everything but release, distribution and environment, and the trace.
  public mutating func clear() {
    var empty = Scope(maxBreadcrumbs: trail.limit)
    empty.release = release
    empty.dist = dist
    empty.environment = environment
    empty.propagationContext = propagationContext
    empty.hasOwnPropagation = hasOwnPropagation
    empty.trail = trail
    empty.trail.removeAll()
    self = empty
  }
}
