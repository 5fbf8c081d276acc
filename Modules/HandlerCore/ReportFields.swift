// Provides the form fields of an upload, as the dump tells them.
internal import CrashDatabase
internal import LinuxSystem
internal import MinidumpFormat
internal import Uploader

/// Collects the form fields of an upload out of the dump's annotations. A dump that cannot be read has no fields and is
/// uploaded all the same.
enum ReportFields {
  static func read(_ report: borrowing UploadReport) -> [MultipartForm.Field] {
    guard let file = try? MappedFile(report.report.path),
      let reader = try? MinidumpReader(MinidumpBytes(unowned: file.bytes, keepingAlive: file)),
      let info = reader.crashpadInfo
    else { return [] }
    return info.mergedAnnotations.map { MultipartForm.Field(name: Array($0.name.utf8), value: $0.value) }
  }
}
