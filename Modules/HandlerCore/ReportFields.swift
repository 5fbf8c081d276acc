// Provides the form fields of an upload, as the dump tells them.
internal import CrashDatabase
internal import Uploader

/// Collects the form fields of an upload out of the dump's annotations.
enum ReportFields {
  static func read(_ report: borrowing UploadReport) -> [MultipartForm.Field] { [] }
}
