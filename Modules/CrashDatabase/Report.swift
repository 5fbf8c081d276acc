// Provides what the database says of one report.
public import LinuxSystem

/// In which folder of the database a finished report lies.
public enum ReportState: Sendable, Hashable {
  /// Waiting for its upload.
  case pending
  /// Uploaded, or given up.
  case completed
}

/// A finished report, as it was when it was looked at.
public struct Report: Sendable {
  public let id: UniqueID
  public let state: ReportState
  /// The dump.
  public let path: FilePath
  public let metadata: ReportMetadata
  /// Bytes of the dump and of its attachments.
  public let totalSize: Int64
}

/// A file that belongs to a report beside its dump.
public struct Attachment: Sendable, Hashable {
  /// The file's name, which is also its name at the server.
  public let name: [UInt8]
  public let path: FilePath
  /// Bytes.
  public let size: Int64
}

/// Why a report is given up without having been sent.
public enum SkipReason: Sendable, Hashable {
  /// Uploads are disabled: no consent, or no server.
  case uploadsDisabled
  /// The last upload was less than an hour ago.
  case throttled
  /// The time of the last upload is in the future.
  case unexpectedTime
  /// The database failed.
  case databaseError
  /// The server refused the report, or too many attempts failed.
  case uploadFailed
  /// The upload could not be prepared.
  case preparationFailed
}
