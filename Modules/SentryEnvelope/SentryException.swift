// Provides what went wrong, as events have it.
public import StructuredValue

/// How an error came to the SDK.
public struct Mechanism: Hashable, Sendable {
  /// `signalhandler`, `generic`, `minidump`, …
  public var type: String
  /// Whether the program went on.
  public var isHandled: Bool?
  /// Made up by the SDK: its type and text do not tell two problems apart.
  public var isSynthetic: Bool?
  /// What the system said: `signal`, `errno` and the like.
  public var meta: StructuredObject = StructuredObject()
  /// Anything more, by name.
  public var data: StructuredObject = StructuredObject()

  /// A mechanism of that type; what is `nil` is not said.
  public init(type: String, isHandled: Bool? = nil, isSynthetic: Bool? = nil) {
    self.type = type
    self.isHandled = isHandled
    self.isSynthetic = isSynthetic
  }

  /// Takes what is well formed; without a type it is `generic`.
  public init(value: StructuredValue) {
    type = value["type"]?.string ?? "generic"
    isHandled = value["handled"]?.bool
    isSynthetic = value["synthetic"]?.bool
    meta = value["meta"]?.object ?? StructuredObject()
    data = value["data"]?.object ?? StructuredObject()
  }

  /// As `mechanism` of an exception has it.
  public var value: StructuredValue {
    var object = StructuredObject()
    object["type"] = .string(type)
    object.set("synthetic", isSynthetic)
    object.set("handled", isHandled)
    if !meta.isEmpty { object["meta"] = .object(meta) }
    if !data.isEmpty { object["data"] = .object(data) }
    return .object(object)
  }
}

/// One error of an event; errors that caused each other come in a list, the cause first.
public struct SentryException: Hashable, Sendable {
  /// The kind: a signal, the type of a Swift error.
  public var type: String?
  /// The text.
  public var value: String?
  /// Where the type is declared.
  public var module: String?
  /// The thread in which it happened; a thread of the event has the same `id`.
  public var threadID: String?
  /// How it came to the SDK.
  public var mechanism: Mechanism?
  /// Where it happened; `nil`: nobody looked.
  public var stacktrace: Stacktrace?

  /// An error of that kind and text.
  public init(type: String?, value: String?) {
    self.type = type
    self.value = value
  }

  /// Takes what is well formed.
  public init(structuredValue: StructuredValue) {
    type = structuredValue["type"]?.string
    value = structuredValue["value"]?.string
    module = structuredValue["module"]?.string
    let thread = structuredValue["thread_id"]
    threadID = thread?.string ?? thread?.int64.map { String($0) }
    mechanism = structuredValue["mechanism"].map { Mechanism(value: $0) }
    stacktrace = structuredValue["stacktrace"].map { Stacktrace(value: $0) }
  }

  /// As `exception.values` of an event has it.
  public var structuredValue: StructuredValue {
    var object = StructuredObject()
    object.set("type", type)
    object.set("value", value)
    object.set("module", module)
    object.set("thread_id", threadID)
    object.set("mechanism", mechanism?.value)
    object.set("stacktrace", stacktrace?.value)
    return .object(object)
  }
}
