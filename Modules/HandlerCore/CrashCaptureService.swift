// Provides the capture of one crash: from a request to a pending report.
internal import CrashDatabase
internal import CrashProtocol
internal import LinuxSystem
internal import MinidumpCapture
internal import MinidumpFormat
internal import ProcessMemory
internal import ProcessSnapshot

/// Whose dump is wanted, and where that process says what happened.
struct CaptureTarget: Sendable {
  /// As this process sees it.
  let process: Int32
  let request: CrashDumpRequest
}

/// What a capture came to.
struct CaptureOutcome: Sendable {
  /// The pending report; `nil` when there is none.
  var reportID: UniqueID?
  /// The thread that waits for the handler; `nil` when it was not found.
  var requestingThread: Int32?
}

/// Captures crashes. One failure costs what it concerns: a missing attachment the attachment, a missing dump the report,
/// and nothing the client's release.
final class CrashCaptureService {
  private let options: HandlerOptions
  private let database: CrashDatabase
  private let `extension`: any HandlerExtension
  private let log: HandlerLog
  /// Given to the first report only: one id for two reports would make the second replace the first.
  private var nextReportID: UniqueID?

  init(options: HandlerOptions, database: CrashDatabase, extension: any HandlerExtension, log: HandlerLog) {
    self.options = options
    self.database = database
    self.extension = `extension`
    self.log = log
    nextReportID = options.reportID
  }

  /// Stops the target, writes its report and lets it go on.
  ///
  /// - Parameter beforeRelease: called with a report that has become pending, while the target is still stopped.
  func dump(
    _ target: CaptureTarget, attachments: [FilePath], beforeRelease: (UniqueID) -> Void
  ) -> CaptureOutcome {
    var outcome = CaptureOutcome()
    do throws(ProcessSnapshotError) {
      let stopped = try StoppedProcess.stop(target.process)
      capture(target, stopped, attachments, &outcome)
      if let id = outcome.reportID { beforeRelease(id) }
      stopped.detach()
    } catch {
      log.error("no report: \(error)")
    }
    return outcome
  }

  /// Brings a report to the disk, once nobody waits for it.
  func synchronize(_ id: UniqueID) { database.synchronize(id, log: log) }

  private func capture(
    _ target: CaptureTarget, _ stopped: borrowing StoppedProcess, _ attachments: [FilePath],
    _ outcome: inout CaptureOutcome
  ) {
    let memory = MemoryAccess.open(process: stopped.processID, thread: stopped.representative)
    let request = ExceptionRequest(
      informationAddress: target.request.exceptionInformationAddress, stackAddress: target.request.stackAddress)
    let snapshot = ProcessSnapshot.capture(stopped, memory: memory, request: request)
    outcome.requestingThread = snapshot.exception?.threadID
    for error in snapshot.softErrors { log.warning("\(error)") }
    try? FaultPoint.reached("capture.snapshot")
    if snapshot.clientOptions.isHandlerEnabled == false {
      log.info("process \(target.process) wants no reports")
      return
    }
    do throws(CrashDatabaseError) {
      var report = try database.prepareReport(id: nextReportID)
      nextReportID = nil
      let id = report.id
      guard write(snapshot, memory.reader, into: report) else { return }
      try? FaultPoint.reached("capture.dumped")
      for path in attachments { attach(path, to: &report, snapshot) }
      try? FaultPoint.reached("capture.attached")
      outcome.reportID = try database.finish(report)
      log.info("report \(id) of process \(target.process) is pending")
    } catch {
      log.error("no report of process \(target.process): \(error.message)")
    }
  }

  private func write(
    _ snapshot: borrowing ProcessSnapshot, _ memory: any MemoryReader, into report: borrowing NewReport
  ) -> Bool {
    var options = MinidumpCaptureOptions()
    options.reportID = report.id
    options.clientID = try? database.settings.clientID()
    options.annotations = self.options.annotations.map { MinidumpSimpleAnnotation(key: $0.key, value: $0.value) }
    // The writer drops a stream that takes the type of one of the dump's own.
    if let stream = self.options.userStreamRegion?.stream() { options.userStreams.append(stream) }
    do throws(MinidumpWriteError) {
      try MinidumpCapture.write(
        snapshot, memory: memory, options: options, to: MinidumpFileSink(descriptor: report.file.rawValue))
      return true
    } catch {
      log.error("the dump of process \(snapshot.processID) cannot be written: \(error)")
      return false
    }
  }

  private func attach(_ path: FilePath, to report: inout NewReport, _ snapshot: borrowing ProcessSnapshot) {
    do throws(CrashDatabaseError) {
      if let content = `extension`.attachmentContent(of: path, snapshot: snapshot, reportID: report.id) {
        let file = try report.addAttachment(name: path.lastComponent)
        do throws(Errno) {
          try file.writeAll(content)
        } catch {
          log.error("attachment \(path) cannot be written: \(error)")
        }
      } else {
        try report.copyAttachment(from: path)
      }
    } catch {
      log.error("attachment \(path) is left out: \(error.message)")
    }
  }
}

extension CrashDatabase {
  /// Brings a fresh report to the disk. It is there all the same when that fails.
  func synchronize(_ id: UniqueID, log: HandlerLog) {
    do throws(CrashDatabaseError) {
      try synchronize(id)
    } catch {
      log.warning("report \(id) may not survive a power loss: \(error.message)")
    }
  }
}
