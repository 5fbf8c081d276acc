// Provides what a product built on the handler adds to it.
public import CrashDatabase
public import LinuxSystem
public import ProcessSnapshot

/// What a product adds to the handler. `PlainHandler` adds nothing.
///
/// Class-bound, so that `any HandlerExtension` is possible in Embedded Swift.
public protocol HandlerExtension: AnyObject {
  /// The content of an attachment of a fresh report, when it differs from the file's.
  ///
  /// Called while the crashed process waits: read a file, change a value, no more.
  /// - Returns: `nil` to copy the file as it is.
  func attachmentContent(of path: FilePath, snapshot: borrowing ProcessSnapshot, reportID: UniqueID) -> [UInt8]?

  /// The client has changed its files after the dump, and keeps the report: what the report has of them is completed.
  ///
  /// - Parameter files: the client's attachments, as it last named them.
  func attachmentsChanged(_ report: borrowing UploadReport, files: [FilePath])

  /// Called in the upload's own process, with the report locked, before it is sent: walk stacks, complete the event.
  func prepareForUpload(_ report: borrowing UploadReport)

  /// Form fields beside those of the dump's annotations, called after `prepareForUpload`. They win over annotations of
  /// the same name.
  func uploadFields(_ report: borrowing UploadReport) -> [(name: String, value: [UInt8])]

  /// What a crash reporter gets of a report, `--crash-reporter`, called after `prepareForUpload`.
  ///
  /// - Parameter withHeader: the envelope is empty; otherwise it has been begun, and the result is appended to it.
  /// - Returns: `nil` when this product has no envelopes.
  func envelope(of report: borrowing UploadReport, withHeader: Bool) -> [UInt8]?

  /// Called in the upload's own process after the reports of a pass: send what else there is, the rest of a run that has
  /// ended and counts of losses.
  func deliver(_ delivery: HandlerDelivery)
}
