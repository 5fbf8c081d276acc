// Provides a report that is being uploaded.
public import LinuxSystem

/// A pending report that this process is sending. Nobody else can work on it meanwhile.
///
/// Hand it to `CrashDatabase.recordUploadComplete` or `recordFailedAttempt`. When it just goes away, a failed attempt
/// is recorded.
public struct UploadReport: ~Copyable, Sendable {
  public let report: Report
  /// The dump, open for reading, at its beginning.
  public let dump: OwnedFileDescriptor
  /// Sorted by name. The files stay where they are until the outcome is recorded.
  public let attachments: [Attachment]

  internal let lock: ReportLock
  internal let database: CrashDatabase
  internal var isSettled = false

  internal init(
    report: Report, dump: consuming OwnedFileDescriptor, attachments: [Attachment], lock: consuming ReportLock,
    database: CrashDatabase
  ) {
    self.report = report
    self.dump = dump
    self.attachments = attachments
    self.lock = lock
    self.database = database
  }

  deinit {
    // The lock goes after this body, so that nobody sees the report before its attempt is recorded.
    if !isSettled { try? database.storeFailedAttempt(report) }
  }
}
