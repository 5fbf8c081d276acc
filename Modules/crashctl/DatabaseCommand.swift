// Provides `crashctl db`.
internal import CrashDatabase
internal import LinuxSystem

/// Looks into a crash report database and changes it.
enum DatabaseCommand {
  private static let help = """
    Usage: crashctl db DIR list|show ID|upload ID|prune|clean|settings [OPTION]... [--json]

    A crash report database: ours, Sentry's or another Crashpad's. Several processes may use it meanwhile.
    ID is a report's identifier or the beginning of one.

      list       all reports, oldest first; disturbs nobody and changes nothing
                 [{"id","state":"new|pending|completed","created","attempts","uploaded","remote_id","bytes",
                 "attachments":[]}]; created in seconds since 1970, bytes with attachments
      show ID    one report, with its files
      upload ID  asks for a report's upload: the next handler on this database sends it, whatever the settings say
      prune      removes old reports beyond the limits; {"removed"}
                   --max-size BYTES  of all reports together; 134217728 by default, 0: no limit
                   --max-age DAYS    30 by default, 0: no limit
                   --max-count N     no limit by default
      clean      finishes what dead processes left half done, removes what nobody will finish; {"removed_files"}
                   --ttl SECONDS     how old a leftover must be; 259200 (three days) by default
      settings   {"client_id","uploads_enabled","uploads_paused","last_upload_attempt"}
                   --uploads on|off  whether handlers may send reports

    Exit status: 0 done, 1 could not, 2 wrong usage.

    """

  /// An error that ends the command with status 1.
  private struct Failure: Error {
    let message: String
  }

  static func run(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help") || arguments.contains("-h") { return Terminal.write(help) }
    do throws(CommandUsageError) {
      let options = try CommandArguments(
        arguments, flags: ["--json"], options: ["--max-size", "--max-age", "--max-count", "--ttl", "--uploads"])
      guard options.operands.count >= 2 else {
        throw CommandUsageError(message: options.operands.isEmpty ? "which database?" : "what to do?")
      }
      return try run(options, FilePath(options.operands[0]), action: options.operands[1])
    } catch {
      return Terminal.usage("db", error)
    }
  }

  private static func run(
    _ options: CommandArguments, _ folder: FilePath, action: String
  ) throws(CommandUsageError) -> Int32 {
    let takesReport = action == "show" || action == "upload"
    guard ["list", "show", "upload", "prune", "clean", "settings"].contains(action) else {
      throw CommandUsageError(message: "there is nothing called \(action)")
    }
    guard options.operands.count == (takesReport ? 3 : 2) else {
      throw CommandUsageError(message: takesReport ? "\(action) takes one report" : "\(action) takes no operand")
    }
    let policy = try policy(options)
    let ttl = try options.number("--ttl", as: Int64.self) ?? 3 * 86_400
    let uploads = try uploads(options)
    do {
      guard CrashDatabase.exists(at: folder) else {
        throw Failure(message: "\(folder) is no crash report database")
      }
      let database = try CrashDatabase(path: folder, create: false)
      let isJSON = options.has("--json")
      switch action {
      case "list": return try list(database, isJSON)
      case "show": return DatabaseReport(try report(database, options.operands[2])).write(isJSON)
      case "upload": return try upload(database, options.operands[2], isJSON)
      case "prune":
        let removed = database.prune(policy)
        return isJSON
          ? Terminal.write(.object([("removed", .number(UInt(removed)))]))
          : Terminal.write("\(removed) reports removed\n")
      case "clean":
        let removed = database.clean(ttl: ttl)
        return isJSON
          ? Terminal.write(.object([("removed_files", .number(UInt(removed)))]))
          : Terminal.write("\(removed) files removed\n")
      default: return try settings(database, uploads, isJSON)
      }
    } catch let error as Failure {
      return Terminal.complain("crashctl db: \(error.message)")
    } catch {
      return Terminal.complain("crashctl db: \(error)")
    }
  }

  private static func policy(_ options: CommandArguments) throws(CommandUsageError) -> PrunePolicy {
    var policy = PrunePolicy.standard
    if let size = try options.number("--max-size", as: Int64.self) { policy.maximumSize = size }
    if let days = try options.number("--max-age", as: Int64.self) {
      let (seconds, overflow) = days.multipliedReportingOverflow(by: 86_400)
      policy.maximumAge = overflow ? .max : seconds
    }
    if let count = try options.number("--max-count", as: Int.self) { policy.maximumCount = count }
    return policy
  }

  private static func uploads(_ options: CommandArguments) throws(CommandUsageError) -> Bool? {
    switch options.value("--uploads") {
    case nil: return nil
    case "on": return true
    case "off": return false
    case let other?: throw CommandUsageError(message: "--uploads takes on or off, not \(other)")
    }
  }

  private static func list(_ database: CrashDatabase, _ isJSON: Bool) throws -> Int32 {
    let reports = try database.survey().map { DatabaseReport($0) }
    if isJSON { return Terminal.write(.list(reports.map { $0.json })) }
    if reports.isEmpty { return Terminal.write("no reports\n") }
    var text = TextReport(isColoured: Terminal.isColoured)
    text.table(DatabaseReport.columns, reports.map { $0.row })
    return Terminal.write(text.output)
  }

  /// The report with this identifier, or the only one whose identifier begins so.
  private static func report(_ database: CrashDatabase, _ text: String) throws -> SurveyedReport {
    let wanted = text.lowercased()
    let matches = try database.survey().filter { !wanted.isEmpty && $0.id.description.hasPrefix(wanted) }
    guard let match = matches.first else { throw Failure(message: "there is no report \(text) in \(database.path)") }
    if matches.count > 1 { throw Failure(message: "\(matches.count) reports begin with \(text)") }
    return match
  }

  private static func upload(_ database: CrashDatabase, _ text: String, _ isJSON: Bool) throws -> Int32 {
    let report = try report(database, text)
    if report.stage == .new {
      throw Failure(message: "report \(report.id) is still being written; crashctl db DIR clean finishes leftovers")
    }
    try database.requestUpload(report.id)
    if isJSON { return Terminal.write(DatabaseReport(try self.report(database, report.id.description)).json) }
    return Terminal.write(
      """
      report \(report.id) is marked; the next handler that starts on this database sends it, and so does a running one \
      when it looks through its reports
      to send it now: crashctl upload \(database.path)/pending/\(report.id).dmp --dsn DSN

      """)
  }

  private static func settings(_ database: CrashDatabase, _ uploads: Bool?, _ isJSON: Bool) throws -> Int32 {
    if let uploads { try database.settings.setUploadsEnabled(uploads) }
    let record = try database.settings.read()
    let last = record.lastUploadAttempt
    if isJSON {
      return Terminal.write(
        .object([
          ("client_id", .text(record.clientID.description)), ("uploads_enabled", .bool(record.uploadsEnabled)),
          ("uploads_paused", .bool(record.uploadsPaused)), ("last_upload_attempt", .integer(UInt64(clamping: last))),
        ]))
    }
    var text = TextReport(isColoured: Terminal.isColoured)
    text.field("client", record.clientID.description)
    text.field("uploads", record.uploadsEnabled ? "on" : "off", record.uploadsEnabled ? .good : .bad)
    if record.uploadsPaused { text.field("paused", "yes: reports wait for consent") }
    text.field("last attempt", last == 0 ? "never" : DatabaseReport.time(last))
    return Terminal.write(text.output)
  }
}
