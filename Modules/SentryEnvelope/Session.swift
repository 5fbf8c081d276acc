// Provides sessions: one run of a program, and how it ended.
public import StructuredValue

/// How a session stands, or how it ended. Values that are not known round-trip.
public struct SessionStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The word on the wire.
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// It goes on.
  public static let ok = SessionStatus(rawValue: "ok")
  /// The program ended as it should.
  public static let exited = SessionStatus(rawValue: "exited")
  /// The program crashed.
  public static let crashed = SessionStatus(rawValue: "crashed")
  /// The program ended without a crash and without saying so: it was killed, or the machine went down.
  public static let abnormal = SessionStatus(rawValue: "abnormal")

  public var description: String { rawValue }
}

/// One run of a program, as release health counts it.
///
/// Format: docs/release-health.md.
public struct Session: Hashable, Sendable {
  /// Identifies the session: later items with the same one replace what is known of it.
  public let id: SentryID
  /// Whether the server has not heard of it yet.
  public var isInitial = true
  /// `ok` as long as it runs.
  public var status = SessionStatus.ok
  /// Who uses the program: the user's identifier, or the installation's.
  public var distinctID: String?
  /// Events that were errors, the crash included.
  public private(set) var errors = 0
  /// When it began.
  public let started: EventTime
  /// Seconds; set when it ends or is reported, never negative.
  public var duration: Double = 0
  /// The version of the program; servers take no session without one.
  public var release: String
  /// Where the program runs; `nil`: not said.
  public var environment: String?

  /// A session that begins, without errors.
  public init(id: SentryID, started: EventTime, release: String, environment: String?, distinctID: String?) {
    self.id = id
    self.started = started
    self.release = release
    self.environment = environment
    self.distinctID = distinctID
  }

  /// One more event that is an error.
  public mutating func countError() { if errors < Int(Int32.max) { errors += 1 } }

  /// Sets the duration to what has passed from the start to `time`.
  public mutating func measure(until time: EventTime) {
    let passed = Double(time.seconds - started.seconds) + Double(time.microseconds - started.microseconds) / 1e6
    duration = passed > 0 ? passed : 0
  }

  /// Ends it, at `time`; `nil`: nobody knows when, and the duration stays what it was.
  public mutating func end(_ status: SessionStatus, at time: EventTime?) {
    if status == .crashed { countError() }
    self.status = status
    if let time { measure(until: time) }
  }

  /// Whether its status is one that says how it ended; one that nobody knows does not.
  public var hasEnded: Bool { [.exited, .crashed, .abnormal].contains(status) }

  /// The payload of a session item.
  public var value: StructuredObject {
    var object = StructuredObject()
    if isInitial { object["init"] = true }
    object["sid"] = .string(id.dashed)
    object["status"] = .string(status.rawValue)
    object.set("did", distinctID)
    object["errors"] = .integer(Int64(errors))
    object["started"] = .string(started.description)
    object["duration"] = .double(duration)
    var attributes = StructuredObject()
    attributes["release"] = .string(release)
    attributes.set("environment", environment)
    object["attrs"] = .object(attributes)
    return object
  }

  /// From the payload of an item, or the file of a run; `nil` when what identifies a session is missing.
  public init?(value: StructuredValue) {
    guard let id = value["sid"]?.string.flatMap({ SentryID($0) }), let started = EventTime(value: value["started"]),
      let release = value["attrs"]?["release"]?.string
    else { return nil }
    self.init(
      id: id, started: started, release: release, environment: value["attrs"]?["environment"]?.string,
      distinctID: value["did"]?.string)
    isInitial = value["init"]?.bool ?? false
    if let status = value["status"]?.string { self.status = SessionStatus(rawValue: status) }
    errors = Int(min(max(value["errors"]?.int64 ?? 0, 0), Int64(Int32.max)))
    if let seconds = value["duration"]?.double, seconds > 0 { duration = seconds }
  }

  /// An item for an envelope.
  public var item: EnvelopeItem { EnvelopeItem(type: "session", payload: StructuredValue.object(value).json) }
}
