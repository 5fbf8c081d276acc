// Provides the handler without a product on top.
public import CrashDatabase
public import LinuxSystem
public import ProcessSnapshot

/// Adds nothing: reports are what Crashpad's would be.
public final class PlainHandler: HandlerExtension {
  /// A handler without anything of Sentry.
  public init() {}

  /// Attachments go as they are.
  public func attachmentContent(
    of path: FilePath, snapshot: borrowing ProcessSnapshot, reportID: UniqueID
  ) -> [UInt8]? { nil }

  public func attachmentsChanged(_ report: borrowing UploadReport, files: [FilePath]) {}

  public func prepareForUpload(_ report: borrowing UploadReport) {}

  public func uploadFields(_ report: borrowing UploadReport) -> [(name: String, value: [UInt8])] { [] }

  public func envelope(of report: borrowing UploadReport, withHeader: Bool) -> [UInt8]? { nil }

  public func deliver(_ delivery: HandlerDelivery) {}
}
