// Provides one pass over pending reports: which are sent, and what becomes of them.
internal import CrashDatabase
internal import LinuxSystem
import StableOrder
internal import Uploader

/// Sends pending reports. `run` belongs in a process of its own; `absorb` takes back what it found out.
final class UploadPass {
  /// How a pass ended.
  enum Result: Int32 {
    case done = 0
    /// There are more reports than one pass takes.
    case more = 3
    /// A report was in the hands of another process, which may leave it as it is.
    case busy = 4
  }

  /// Reports that one pass tries: their records fit the pipe, and the handler hears of them in time.
  private static let limit = 200

  private let options: HandlerOptions
  private let database: CrashDatabase
  private let `extension`: any HandlerExtension
  private let log: HandlerLog
  private var schedule: UploadSchedule

  init(options: HandlerOptions, database: CrashDatabase, extension: any HandlerExtension, log: HandlerLog) {
    self.options = options
    self.database = database
    self.extension = `extension`
    self.log = log
    schedule = UploadSchedule(isLimitedToOnePerHour: options.rateLimit)
  }

  /// Takes over what an upload process found out.
  func absorb(_ records: [AttemptRecord]) {
    for record in records {
      _ = schedule.finish(
        record.report, record.outcome, response: record.response, attemptsBefore: Int(record.attemptsBefore), age: 0,
        now: .now())
    }
  }

  /// A client wants everything to be tried again now.
  func forgetRetryTimes() { schedule.forgetRetryTimes() }

  /// When waiting reports are due.
  func nextPass() -> MonotonicInstant { schedule.nextPass(now: .now()) }

  // MARK: - In the upload's process

  /// - Parameter note: told of each attempt.
  func run(_ work: HandlerSchedule.Pass, note: (AttemptRecord) -> Void) -> Result {
    var identifiers = work.known
    var isBusy = false
    // Fresh reports are only in the page cache: their client did not wait for the disk.
    for id in work.known { database.synchronize(id, log: log) }
    if work.scansDatabase {
      let pending = (try? database.pendingReports()) ?? []
      // The newest first: it tells most about what is wrong now.
      let sorted = pending.inOrder { $0.metadata.creation > $1.metadata.creation }
      let known = Set(identifiers)
      identifiers += sorted.map { $0.id }.filter { !known.contains($0) }
      // Who has a report that is not listed may be no uploader: a handler without a server that has just stored it, or a
      // program that looks at it. Nobody else would come back to it for a quarter of an hour.
      let listed = Set(sorted.map { $0.id })
      for id in database.unsentReports() where !listed.contains(id) && !database.isBeingWritten(id) {
        log.verbose("report \(id) is in the hands of another process")
        isBusy = true
      }
    }
    schedule.loadLimits(limitFile, now: .now(), wallClock: .now())
    var client: HTTPClient?
    for (index, id) in identifiers.enumerated() {
      if index == Self.limit { return .more }
      if let record = process(id, &client, &isBusy) {
        note(record)
        absorb([record])
        if record.response != nil { storeLimits() }
      }
    }
    `extension`.deliver(HandlerDelivery(options: options, database: database, run: work.run))
    return isBusy ? .busy : .done
  }

  private var limitFile: RateLimitFile { RateLimitFile(database: database.path, key: options.publicKey) }

  private func storeLimits() {
    do throws(Errno) {
      try limitFile.store(schedule.rateLimits, now: .now(), wallClock: .now())
    } catch {
      log.warning("the server's limits cannot be kept: \(error)")
    }
  }

  private func process(_ id: UniqueID, _ client: inout HTTPClient?, _ isBusy: inout Bool) -> AttemptRecord? {
    let settings = try? database.settings.read()
    let report: Report
    do throws(CrashDatabaseError) {
      report = try database.lookUp(id)
    } catch {
      if error.code == .busy { isBusy = true }
      log.verbose("report \(id) is not there for uploading: \(error.message)")
      return nil
    }
    let situation = UploadSituation(
      isExplicitlyRequested: report.metadata.isUploadExplicitlyRequested, uploadsEnabled: settings?.uploadsEnabled,
      uploadsPaused: settings?.uploadsPaused ?? false,
      lastAttempt: settings.map { Timestamp(seconds: $0.lastUploadAttempt) })
    switch schedule.decision(id, situation, wallClock: .now(), now: .now()) {
    case .wait: return nil
    case .skip(let reason):
      skip(id, reason)
      return nil
    case .upload: break
    }
    do throws(CrashDatabaseError) {
      return try upload(database.reportForUploading(id), client: &client)
    } catch {
      // Somebody else has it, or has sent it.
      if error.code == .busy { isBusy = true }
      log.verbose("report \(id) is not to be had for uploading: \(error.message)")
      return nil
    }
  }

  private func upload(
    _ report: consuming UploadReport, client: inout HTTPClient?
  ) throws(CrashDatabaseError) -> AttemptRecord {
    `extension`.prepareForUpload(report)
    let id = report.report.id
    let before = report.report.metadata.uploadAttempts
    let transport = client ?? HTTPClient(configuration)
    client = transport
    let (outcome, response) = transport.attempt(request(for: report))
    try? FaultPoint.reached("upload.sent")
    let record = AttemptRecord(id, outcome, response: response, attemptsBefore: before)
    var copy = schedule
    let age = Timestamp.now().seconds.subtractingReportingOverflow(report.report.metadata.creation).partialValue
    switch copy.finish(id, outcome, response: response, attemptsBefore: Int(before), age: age, now: .now()) {
    case .completed(let serverID):
      try database.recordUploadComplete(report, remoteID: serverID)
      log.info("report \(id) was uploaded; the server calls it \(String(decoding: serverID, as: UTF8.self))")
    case .pending(let countsAsAttempt, _):
      if countsAsAttempt {
        try database.recordFailedAttempt(report)
      } else {
        database.release(report)
      }
      log.warning("report \(id) stays pending: \(Self.text(outcome))")
    case .skip(let reason):
      try database.recordFailedAttempt(report)
      log.error("report \(id) is given up: \(Self.text(outcome))")
      Losses.note(id, response == nil ? .networkError : .sendError, in: database, log)
      skip(id, reason)
    }
    return record
  }

  private var configuration: HTTPConfiguration { options.httpConfiguration }

  private func request(for report: borrowing UploadReport) -> MinidumpUpload {
    var fields = ReportFields.read(report)
    // Of two fields with one name the upload sends the last.
    for (name, value) in `extension`.uploadFields(report) {
      fields.append(MultipartForm.Field(name: Array(name.utf8), value: value))
    }
    if let client = try? database.settings.clientID() {
      fields.removeAll { $0.name == Array("guid".utf8) }
      fields.append(MultipartForm.Field("guid", client.description))
    }
    var upload = MinidumpUpload(
      url: options.url, reportID: report.report.id, minidump: .descriptor(report.dump.rawValue),
      attachments: report.attachments.map { MinidumpUpload.Attachment(name: $0.name, content: .strictPath($0.path)) },
      fields: fields)
    upload.identifiesClient = options.identifyClientViaURL
    upload.compresses = options.uploadGzip
    return upload
  }

  private func skip(_ id: UniqueID, _ reason: UploadSkipReason) {
    let text: SkipReason =
      switch reason {
      case .uploadsDisabled: .uploadsDisabled
      case .uploadThrottled: .throttled
      case .unexpectedTime: .unexpectedTime
      case .databaseError: .databaseError
      case .prepareForUploadFailed: .preparationFailed
      default: .uploadFailed
      }
    do throws(CrashDatabaseError) {
      try database.skip(id, reason: text)
    } catch {
      log.error("report \(id) cannot be completed: \(error.message)")
    }
  }

  private static func text(_ outcome: UploadOutcome) -> String {
    switch outcome {
    case .delivered: "delivered"
    case .rateLimited: "the server wants nothing now (429)"
    case .unable(let error), .failed(let error): error.description
    case .cancelled: "cancelled"
    case .refused(let status): "the server answered \(status)"
    }
  }
}
