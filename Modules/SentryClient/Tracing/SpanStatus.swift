// Provides how a span ended.

/// The outcome of a span. Values are those of gRPC; ones that are not known round-trip.
public struct SpanStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The word on the wire.
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// The work was done.
  public static let ok = SpanStatus(rawValue: "ok")
  /// Somebody did not want it any more, the caller usually.
  public static let cancelled = SpanStatus(rawValue: "cancelled")
  /// It failed, and nothing says how.
  public static let unknown = SpanStatus(rawValue: "unknown")
  /// The caller asked for something that makes no sense, whatever the state of the system.
  public static let invalidArgument = SpanStatus(rawValue: "invalid_argument")
  /// It took too long.
  public static let deadlineExceeded = SpanStatus(rawValue: "deadline_exceeded")
  /// What was asked for does not exist.
  public static let notFound = SpanStatus(rawValue: "not_found")
  /// What was to be made exists.
  public static let alreadyExists = SpanStatus(rawValue: "already_exists")
  /// The caller is known, and may not do this.
  public static let permissionDenied = SpanStatus(rawValue: "permission_denied")
  /// A quota, memory, a disk: there is no more of something.
  public static let resourceExhausted = SpanStatus(rawValue: "resource_exhausted")
  /// The system is not in the state that this needs; trying again does not help.
  public static let failedPrecondition = SpanStatus(rawValue: "failed_precondition")
  /// It was given up, for a conflict with other work for one.
  public static let aborted = SpanStatus(rawValue: "aborted")
  /// Beyond the end of something.
  public static let outOfRange = SpanStatus(rawValue: "out_of_range")
  /// Nobody can do this here.
  public static let unimplemented = SpanStatus(rawValue: "unimplemented")
  /// Something is broken.
  public static let internalError = SpanStatus(rawValue: "internal_error")
  /// Not now; trying again may help.
  public static let unavailable = SpanStatus(rawValue: "unavailable")
  /// Data is lost or damaged, and does not come back.
  public static let dataLoss = SpanStatus(rawValue: "data_loss")
  /// Nobody knows who the caller is.
  public static let unauthenticated = SpanStatus(rawValue: "unauthenticated")

  /// All that are known, in the order of their numbers: `ok` is 0.
  public static let numbered: [SpanStatus] = [
    .ok, .cancelled, .unknown, .invalidArgument, .deadlineExceeded, .notFound, .alreadyExists, .permissionDenied,
    .resourceExhausted, .failedPrecondition, .aborted, .outOfRange, .unimplemented, .internalError, .unavailable,
    .dataLoss, .unauthenticated,
  ]

  public var description: String { rawValue }
}
