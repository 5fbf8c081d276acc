// Provides reports of a process that lives on.
internal import CrashClient
internal import CrashDatabase
public import SentryEnvelope
internal import LinuxSystem

extension SentryClient {
  /// Has the handler make a report of this process as it is: a dump with the stacks of all threads, the scope and its
  /// attachments. The process stands still for the time of the dump, some milliseconds, and goes on. No hook runs, and
  /// the session is not over.
  ///
  /// - Returns: the report's identifier; `SentryID.empty` when there is no handler, or it could not make the dump.
  @discardableResult
  public func captureSnapshot() -> SentryID {
    let id = UniqueID.random()
    let (client, folder) = lock.withLock {
      leaveParent()
      return (crashClient, run?.path)
    }
    guard let crashClient = client else { return .empty }
    // What is in the files belongs to the snapshot; a run that ends well leaves them empty.
    defer { if let folder { crashScope.emptyFiles(in: folder) } }
    do throws(CrashClientError) {
      try crashClient.dumpWithoutCrash(reportID: id)
      return SentryID(bytes: id.bytes) ?? .empty
    } catch {
      log.write(.warning, "there is no snapshot: \(error)")
      return .empty
    }
  }
}
