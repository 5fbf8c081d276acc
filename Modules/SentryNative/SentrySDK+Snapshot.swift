// Provides reports of a program that lives on.
public import SentryEnvelope

extension SentrySDK {
  /// Sends a report of this process as it is, without a crash: a minidump with the stacks of all threads, made by the
  /// handler, with the scope and its attachments. The process stands still meanwhile, some milliseconds, and goes on.
  ///
  /// - Returns: the report's identifier; `SentryID.empty` when there is no handler.
  @discardableResult
  public static func captureSnapshot() -> SentryID { current.client?.captureSnapshot() ?? .empty }
}
