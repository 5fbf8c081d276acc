// Provides a report of a database as text and as JSON.
internal import CrashDatabase
internal import LinuxSystem

/// A report with the words for what is known of it.
struct DatabaseReport {
  private let report: SurveyedReport

  init(_ report: SurveyedReport) { self.report = report }

  private var state: String {
    switch report.stage {
    case .new: "new"
    case .pending: "pending"
    case .completed: "completed"
    }
  }

  private var remoteID: String? {
    report.metadata.remoteID.isEmpty ? nil : String(decoding: report.metadata.remoteID, as: UTF8.self)
  }

  private var attachmentNames: [String] { report.attachments.map { String(decoding: $0.name, as: UTF8.self) } }

  static func time(_ seconds: Int64) -> String { String(Timestamp(seconds: seconds).iso8601.prefix(19)) + "Z" }

  private var members: [(String, JSONValue)] {
    [
      ("id", .text(report.id.description)), ("state", .text(state)),
      ("created", .integer(UInt64(clamping: report.metadata.creation))),
      ("attempts", .integer(UInt64(clamping: report.metadata.uploadAttempts))),
      ("uploaded", .bool(report.metadata.isUploaded)), ("remote_id", .optional(remoteID)),
      ("bytes", .integer(UInt64(clamping: report.totalSize))),
      ("attachments", .list(attachmentNames.map { .text($0) })),
    ]
  }

  var json: JSONValue { .object(members) }

  static let columns = ["id", "state", "created (UTC)", "attempts", "bytes", "files", "at the server"]

  var row: [String] {
    let metadata = report.metadata
    let requested = metadata.isUploadExplicitlyRequested ? "requested" : ""
    return [
      report.id.description, state + (report.isLocked ? "*" : ""), Self.time(metadata.creation),
      "\(metadata.uploadAttempts)", "\(report.totalSize)", "\(report.attachments.count)",
      metadata.isUploaded ? remoteID ?? "yes" : requested,
    ]
  }

  /// The whole report: with `json` the same keys as in a list and more.
  func write(_ isJSON: Bool) -> Int32 {
    let metadata = report.metadata
    let dump = report.attachments.reduce(report.totalSize) { $0 &- $1.size }
    if isJSON {
      return Terminal.write(
        .object(
          members + [
            ("requested", .bool(metadata.isUploadExplicitlyRequested)),
            ("last_attempt", .integer(UInt64(clamping: metadata.lastUploadAttempt))),
            ("locked", .bool(report.isLocked)), ("dump", .text(report.path.description)),
            ("dump_bytes", .integer(UInt64(clamping: dump))),
            ("attachment_files", .list(report.attachments.map { .text($0.path.description) })),
          ]))
    }
    var text = TextReport(isColoured: Terminal.isColoured)
    text.field("report", report.id.description)
    text.field("state", state + (report.isLocked ? ", somebody works on it or died over it" : ""))
    text.field("created", Self.time(metadata.creation))
    text.field("attempts", "\(metadata.uploadAttempts)")
    text.field("last attempt", metadata.lastUploadAttempt == 0 ? "never" : Self.time(metadata.lastUploadAttempt))
    text.field("uploaded", metadata.isUploaded ? "yes" : "no", metadata.isUploaded ? .good : nil)
    text.field("requested", metadata.isUploadExplicitlyRequested ? "yes" : nil)
    text.field("at the server", remoteID)
    text.field("dump", "\(report.path), \(dump) bytes")
    for (name, file) in zip(attachmentNames, report.attachments) {
      text.field("attachment", "\(name), \(file.size) bytes")
    }
    return Terminal.write(text.output)
  }
}
