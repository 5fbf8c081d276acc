// Provides the kinds of data that servers count and limit separately, and the reasons for which data is dropped.

/// A kind of data, as rate limits and client reports name it. Unknown ones round-trip.
///
/// Format: docs/formats/wire-formats.md, "Client reports".
public struct DataCategory: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The word on the wire.
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Events and crashes.
  public static let error = DataCategory(rawValue: "error")
  /// Updates of sessions.
  public static let session = DataCategory(rawValue: "session")
  /// Transactions, each with its spans.
  public static let transaction = DataCategory(rawValue: "transaction")
  /// Spans, each by itself: those of a transaction that is dropped are counted here too.
  public static let span = DataCategory(rawValue: "span")
  /// Attachments; servers count their bytes.
  public static let attachment = DataCategory(rawValue: "attachment")
  /// What users wrote.
  public static let feedback = DataCategory(rawValue: "feedback")
  /// Structured logs, each by itself.
  public static let log = DataCategory(rawValue: "log_item")
  /// Metrics, each by itself.
  public static let metric = DataCategory(rawValue: "trace_metric")
  /// Recordings of what a user did. This SDK makes none.
  public static let replay = DataCategory(rawValue: "replay")
  /// Check-ins of scheduled jobs.
  public static let monitor = DataCategory(rawValue: "monitor")
  /// Reports of browsers.
  public static let security = DataCategory(rawValue: "security")
  /// Profiles of a transaction. This SDK makes none.
  public static let profile = DataCategory(rawValue: "profile")
  /// Pieces of profiles of a whole run. This SDK makes none.
  public static let profileChunk = DataCategory(rawValue: "profile_chunk")
  /// Whatever has no word of its own.
  public static let other = DataCategory(rawValue: "default")

  public var description: String { rawValue }

  /// Of an envelope's item, by its `type`; `nil` for client reports, which are never limited and never counted.
  public init?(itemType: String) {
    switch itemType {
    case "client_report": return nil
    case "event": self = .error
    case "session", "sessions": self = .session
    case "transaction": self = .transaction
    case "attachment": self = .attachment
    case "feedback", "user_report": self = .feedback
    case "log": self = .log
    case "trace_metric": self = .metric
    case "replay_event", "replay_recording", "replay_video": self = .replay
    case "check_in": self = .monitor
    case "raw_security": self = .security
    case "profile": self = .profile
    case "profile_chunk": self = .profileChunk
    case "span": self = .span
    default: self = .other
    }
  }
}

/// Why data was dropped, as client reports name it. Unknown ones round-trip.
public struct DiscardReason: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The word on the wire.
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A buffer or a queue was full.
  public static let queueOverflow = DiscardReason(rawValue: "queue_overflow")
  /// The offline cache was full.
  public static let cacheOverflow = DiscardReason(rawValue: "cache_overflow")
  /// The server had said that it wants no more for now.
  public static let rateLimited = DiscardReason(rawValue: "ratelimit_backoff")
  /// The server could not be reached.
  public static let networkError = DiscardReason(rawValue: "network_error")
  /// The dice said no.
  public static let sampleRate = DiscardReason(rawValue: "sample_rate")
  /// A hook of the application said no.
  public static let beforeSend = DiscardReason(rawValue: "before_send")
  /// The server refused it.
  public static let sendError = DiscardReason(rawValue: "send_error")
  /// The user has not agreed that anything is sent. Servers do not know this word, and take any.
  public static let noConsent = DiscardReason(rawValue: "no_consent")
  /// It could not be made or read.
  public static let internalError = DiscardReason(rawValue: "internal_sdk_error")

  public var description: String { rawValue }
}
