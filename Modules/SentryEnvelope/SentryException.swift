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
  public var meta: StructuredObject = StructuredObject()
  public var data: StructuredObject = StructuredObject()

  public init(type: String, isHandled: Bool? = nil, isSynthetic: Bool? = nil) {
    self.type = type
    self.isHandled = isHandled
    self.isSynthetic = isSynthetic
  }

  public init(value: StructuredValue) {
    type = value["type"]?.string ?? "generic"
    isHandled = value["handled"]?.bool
    isSynthetic = value["synthetic"]?.bool
    meta = value["meta"]?.object ?? StructuredObject()
    data = value["data"]?.object ?? StructuredObject()
  }

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
  public var module: String?
  public var threadID: String?
  public var mechanism: Mechanism?
  public var stacktrace: Stacktrace?

  public init(type: String?, value: String?) {
    self.type = type
    self.value = value
  }

  public init(structuredValue: StructuredValue) {
    type = structuredValue["type"]?.string
    value = structuredValue["value"]?.string
    module = structuredValue["module"]?.string
    let thread = structuredValue["thread_id"]
    threadID = thread?.string ?? thread?.int64.map { String($0) }
    mechanism = structuredValue["mechanism"].map { Mechanism(value: $0) }
    stacktrace = structuredValue["stacktrace"].map { Stacktrace(value: $0) }
  }

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
