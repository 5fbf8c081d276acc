// Provides an event: what a server makes an issue of.
public import StructuredValue

/// An event with its known fields as values; other fields round-trip.
///
/// Format: docs/formats/wire-formats.md, "Events".
public struct SentryEvent: Hashable, Sendable {
  /// `nil` until it is captured, unless the program chooses one.
  public var eventID: SentryID?
  /// When it happened; `nil`: when it is captured.
  public var timestamp: EventTime?
  /// `native`; servers read stacks by it.
  public var platform: String?
  /// How bad it is; `nil`: what the scope says, or `error`.
  public var level: SentryLevel?
  /// The part of the program that speaks.
  public var logger: String?
  /// The text as it is shown.
  public var message: String?
  /// What went wrong; the cause comes first, and what was seen last.
  public var exceptions: [SentryException] = []
  /// Threads with their stacks.
  public var threads: [SentryThread] = []
  /// What the program was at.
  public var transaction: String?
  /// The version of the program.
  public var release: String?
  /// The build of the release.
  public var dist: String?
  /// Where the program runs.
  public var environment: String?
  /// Who uses the program.
  public var user: User?
  /// How it is grouped into issues; `nil`: the server decides.
  public var fingerprint: [String]?
  /// Who sends it.
  public var sdk: StructuredObject = StructuredObject()
  /// Texts to search by.
  public var tags: StructuredObject = StructuredObject()
  /// Values that are shown and not searched by.
  public var extra: StructuredObject = StructuredObject()
  /// Objects by name: `os`, `device`, `app`, `runtime`, `trace` are known to servers.
  public var contexts: StructuredObject = StructuredObject()
  /// Oldest first.
  public var breadcrumbs: [Breadcrumb] = []
  /// The executables and libraries of the stacks' addresses.
  public var images: [DebugImage] = []
  /// Fields that have no property here, as they came.
  public var other: StructuredObject = StructuredObject()

  /// An event of this process.
  public init(eventID: SentryID? = nil, level: SentryLevel? = nil) {
    self.eventID = eventID
    self.level = level
    platform = "native"
  }

  /// Takes what is well formed; a field of another shape than expected is dropped.
  public init(value: StructuredValue) {
    var object = value.object ?? StructuredObject()
    eventID = object.take("event_id")?.string.flatMap { SentryID($0) }
    timestamp = EventTime(value: object.take("timestamp"))
    platform = object.take("platform")?.string
    level = object.take("level")?.string.map { SentryLevel(rawValue: $0) }
    logger = object.take("logger")?.string
    let message = object.take("message")
    self.message = message?.string ?? message?["formatted"]?.string ?? message?["message"]?.string
    exceptions = Self.values(object.take("exception")).map { SentryException(structuredValue: $0) }
    threads = Self.values(object.take("threads")).map { SentryThread(value: $0) }
    transaction = object.take("transaction")?.string
    release = object.take("release")?.string
    dist = object.take("dist")?.string
    environment = object.take("environment")?.string
    user = object.take("user").flatMap { $0.object == nil ? nil : User(value: $0) }
    fingerprint = object.take("fingerprint")?.array?.compactMap { $0.string }
    sdk = object.take("sdk")?.object ?? StructuredObject()
    tags = object.take("tags")?.object ?? StructuredObject()
    extra = object.take("extra")?.object ?? StructuredObject()
    contexts = object.take("contexts")?.object ?? StructuredObject()
    breadcrumbs = Self.values(object.take("breadcrumbs")).map { Breadcrumb(value: $0) }
    images = (object.take("debug_meta")?["images"]?.array ?? []).map { DebugImage(value: $0) }
    other = object
  }

  /// Lists come bare or as `{values: […]}`.
  private static func values(_ value: StructuredValue?) -> [StructuredValue] {
    value?.array ?? value?["values"]?.array ?? []
  }

  /// The payload of an event item.
  public var value: StructuredValue {
    var object = StructuredObject()
    object.set("event_id", eventID?.dashed)
    object.set("timestamp", timestamp?.description)
    object.set("platform", platform)
    object.set("level", level?.rawValue)
    object.set("logger", logger)
    if let message { object["message"] = ["formatted": .string(message)] }
    if !exceptions.isEmpty { object["exception"] = ["values": .array(exceptions.map { $0.structuredValue })] }
    if !threads.isEmpty { object["threads"] = ["values": .array(threads.map { $0.value })] }
    object.set("release", release)
    object.set("dist", dist)
    object.set("environment", environment)
    object.set("user", user?.value)
    if let fingerprint { object["fingerprint"] = .array(fingerprint.map { .string($0) }) }
    object.set("transaction", transaction)
    if !sdk.isEmpty { object["sdk"] = .object(sdk) }
    object["tags"] = .object(tags)
    object["extra"] = .object(extra)
    if !contexts.isEmpty { object["contexts"] = .object(contexts) }
    if !breadcrumbs.isEmpty { object["breadcrumbs"] = .array(breadcrumbs.map { $0.value }) }
    if !images.isEmpty { object["debug_meta"] = ["images": .array(images.map { $0.value })] }
    object.addMissing(from: other)
    return .object(object)
  }
}
