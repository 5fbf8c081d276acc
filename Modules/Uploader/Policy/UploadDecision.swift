// Provides the decision whether a report is sent now.
public import LinuxSystem

/// Why a report is completed without upload. Numbers and meanings are those of Crashpad's metric
/// `Crashpad.CrashUpload.Skipped`.
public struct UploadSkipReason: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  public static let uploadsDisabled = UploadSkipReason(rawValue: 0)
  public static let uploadThrottled = UploadSkipReason(rawValue: 1)
  public static let unexpectedTime = UploadSkipReason(rawValue: 2)
  public static let databaseError = UploadSkipReason(rawValue: 3)
  public static let uploadFailed = UploadSkipReason(rawValue: 4)
  public static let prepareForUploadFailed = UploadSkipReason(rawValue: 5)
  public static let uploadFailedButCanRetry = UploadSkipReason(rawValue: 6)
}

/// What is known about a pending report and its database when a pass comes to it.
public struct UploadSituation: Sendable {
  /// Somebody asked for this report's upload: consent and the hourly limit do not matter.
  public var isExplicitlyRequested: Bool
  /// The database's setting; `nil` when it cannot be read, which counts as no.
  public var uploadsEnabled: Bool?
  /// Sentry's "consent is not given yet": everything waits.
  public var uploadsPaused: Bool
  /// When the database's last attempt at any report was; `nil` when never or unreadable.
  public var lastAttempt: Timestamp?

  public init(
    isExplicitlyRequested: Bool = false, uploadsEnabled: Bool?, uploadsPaused: Bool = false,
    lastAttempt: Timestamp? = nil
  ) {
    self.isExplicitlyRequested = isExplicitlyRequested
    self.uploadsEnabled = uploadsEnabled
    self.uploadsPaused = uploadsPaused
    self.lastAttempt = lastAttempt
  }
}

/// What to do with a pending report now.
public enum UploadDecision: Sendable, Equatable {
  /// Send it.
  case upload
  /// Leave it pending, at least until then; `nil` until something changes.
  case wait(until: MonotonicInstant?)
  /// Complete it without upload, for good.
  case skip(UploadSkipReason)
}

/// What to do with a report after an attempt.
public enum UploadAftermath: Sendable, Equatable {
  /// Completed and uploaded; the attempt counts.
  case completed(serverID: [UInt8])
  /// It stays pending. An attempt that counts is recorded in the report and the settings.
  case pending(countsAsAttempt: Bool, until: MonotonicInstant?)
  /// Completed without upload; the attempt counts.
  case skip(UploadSkipReason)
}
