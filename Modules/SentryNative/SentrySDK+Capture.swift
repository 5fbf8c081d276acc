// Provides captures for Swift programs: errors, messages, events, feedback, dumps, envelopes.
import LinuxSystem
public import SentryClient
public import SentryEnvelope
import StructuredValue

extension SentrySDK {
  /// Changes the scope of one capture.
  public typealias ScopeChange = (inout Scope) -> Void

  /// Sends an error that the program has handled.
  ///
  /// The event has the error's type and text, those of the errors that it carries (the cause first), and the stack of
  /// the caller.
  ///
  /// ```swift
  /// do { try work() } catch { SentrySDK.capture(error: error) }
  /// ```
  ///
  /// - Parameter configureScope: changes the scope for this event only.
  /// - Returns: the event's identifier; `SentryID.empty` when it is not sent.
  @discardableResult
  public static func capture(
    error: any Error, hint: Hint = Hint(), configureScope: ScopeChange? = nil
  ) -> SentryID {
    guard let client = current.client else { return .empty }
    var event = StructuredObject()
    event["level"] = "error"
    var exceptions = ErrorDescription.chain(error, describe: current.describeError)
    if let last = exceptions.indices.last {
      exceptions[last]["stacktrace"] = .object(client.currentStacktrace(skipping: 1))
    }
    event["exception"] = ["values": .array(exceptions.map { .object($0) })]
    return client.capture(event, scope: localScope(configureScope), hint: hint)
  }

  /// Sends a text. Its level is that of the scope, or `info`.
  @discardableResult
  public static func capture(
    message: String, level: SentryLevel? = nil, configureScope: ScopeChange? = nil
  ) -> SentryID {
    guard let client = current.client else { return .empty }
    var event = StructuredObject()
    let scope = localScope(configureScope)
    event["level"] = .string((level ?? scope?.level ?? client.currentScope.level ?? .info).rawValue)
    event["message"] = ["formatted": .string(message)]
    if client.options.attachesStacktrace {
      event["threads"] = [
        "values": [
          [
            "id": .string("\(ProcessIdentity.threadID())"), "current": true,
            "stacktrace": .object(client.currentStacktrace(skipping: 1)),
          ]
        ]
      ]
    }
    return client.capture(event, scope: scope)
  }

  /// Sends a problem of a kind and with a text that the program chooses, with the stack of the caller.
  @discardableResult
  public static func capture(
    exceptionType type: String, value: String, configureScope: ScopeChange? = nil
  ) -> SentryID {
    guard let client = current.client else { return .empty }
    var exception = SentryException(type: type, value: value)
    exception.mechanism = Mechanism(type: "generic", isHandled: true)
    var object = exception.structuredValue.object ?? StructuredObject()
    object["stacktrace"] = .object(client.currentStacktrace(skipping: 1))
    var event = StructuredObject()
    event["level"] = "error"
    event["exception"] = ["values": [.object(object)]]
    return client.capture(event, scope: localScope(configureScope))
  }

  /// Sends an event that the program has made.
  @discardableResult
  public static func capture(
    event: SentryEvent, hint: Hint = Hint(), configureScope: ScopeChange? = nil
  ) -> SentryID {
    guard let client = current.client, let object = event.captured.object else { return .empty }
    return client.capture(object, scope: localScope(configureScope), hint: hint)
  }

  /// Sends what a user has to say.
  @discardableResult
  public static func capture(feedback: SentryFeedback, configureScope: ScopeChange? = nil) -> SentryID {
    guard let client = current.client else { return .empty }
    return client.capture(
      feedback: feedback.object, scope: localScope(configureScope), hint: Hint(attachments: feedback.attachments))
  }

  /// Sends a minidump that something else has made, as a fatal event.
  @discardableResult
  public static func capture(minidumpPath path: String, configureScope: ScopeChange? = nil) -> SentryID {
    current.client?.capture(minidump: FilePath(path), scope: localScope(configureScope)) ?? .empty
  }

  /// Sends an envelope that the program has made.
  @discardableResult
  public static func capture(envelope: Envelope) -> SentryID {
    current.client?.capture(envelope: envelope) ?? .empty
  }

  /// Adds an attachment to each event and each crash from now on.
  public static func addAttachment(_ attachment: Attachment) { configureScope { $0.addAttachment(attachment) } }

  /// The identifier of the last event that was sent or queued; `SentryID.empty` before.
  public static var lastEventID: SentryID { current.client?.lastEventID ?? .empty }

  /// The task's scope with one more change; `nil` when there is neither.
  private static func localScope(_ configure: ScopeChange?) -> Scope? {
    let around = TaskScope.current?.scope
    guard let configure else { return around }
    var scope = around ?? Scope()
    configure(&scope)
    return scope
  }
}

/// What a user has to say about the program or an event.
public struct SentryFeedback: Sendable, Hashable {
  /// What the user says.
  public var message: String
  /// Who says it.
  public var name: String?
  /// How to reach them.
  public var email: String?
  /// The event that it is about, such as `SentrySDK.lastEventID` or `SentrySDK.crashEventID`.
  public var associatedEventID: SentryID?
  /// A picture of the screen, for example.
  public var attachments: [Attachment]

  /// Feedback, for `SentrySDK.capture(feedback:)`.
  public init(
    message: String, name: String? = nil, email: String? = nil, associatedEventID: SentryID? = nil,
    attachments: [Attachment] = []
  ) {
    self.message = message
    self.name = name
    self.email = email
    self.associatedEventID = associatedEventID
    self.attachments = attachments
  }

  internal var object: StructuredObject {
    var object = StructuredObject()
    object["message"] = .string(message)
    if let email { object["contact_email"] = .string(email) }
    if let name { object["name"] = .string(name) }
    if let associatedEventID { object["associated_event_id"] = .string(associatedEventID.description) }
    return object
  }
}

extension SentryEvent {
  /// Without the empty objects that would keep the scope out.
  fileprivate var captured: StructuredValue {
    guard var object = value.object else { return value }
    for key in ["tags", "extra"] where object[key]?.object?.isEmpty == true { object[key] = nil }
    return .object(object)
  }
}
