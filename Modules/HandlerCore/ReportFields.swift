// Provides the form fields of an upload, as the dump tells them.
internal import CrashDatabase
internal import LinuxSystem
internal import MinidumpFormat
internal import Uploader

/// Collects the form fields of an upload out of the dump's annotations.
///
/// Whoever comes first has a key: annotations of the process, then of each module in order; only text counts. List
/// annotations replace what bears their name. A dump that cannot be read has no fields and is uploaded all the same.
enum ReportFields {
  static func read(_ report: borrowing UploadReport) -> [MultipartForm.Field] {
    guard let file = try? MappedFile(report.report.path),
      let reader = try? MinidumpReader(MinidumpBytes(unowned: file.bytes, keepingAlive: file)),
      let info = reader.crashpadInfo
    else { return [] }
    var fields: [(key: String, value: [UInt8])] = []
    func add(_ key: String, _ value: [UInt8]) {
      if !key.isEmpty && !fields.contains(where: { $0.key == key }) { fields.append((key, value)) }
    }
    for annotation in info.simpleAnnotations { add(annotation.key, Array(annotation.value.utf8)) }
    var lists: [String] = []
    for module in info.modules {
      for annotation in module.simpleAnnotations { add(annotation.key, Array(annotation.value.utf8)) }
      for annotation in module.annotations where annotation.kind == .string { add(annotation.name, annotation.value) }
      lists += module.listAnnotations
    }
    if !lists.isEmpty {
      fields.removeAll { $0.key == "list_annotations" }
      fields.append(("list_annotations", Array(lists.joined(separator: "\n").utf8)))
    }
    return fields.map { MultipartForm.Field(name: Array($0.key.utf8), value: $0.value) }
  }
}
