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
  /// The machine does not change while the handler lives.
  private var system: SystemFacts?

  init(options: HandlerOptions, database: CrashDatabase, extension: any HandlerExtension, log: HandlerLog) {
    self.options = options
    self.database = database
    self.extension = `extension`
    self.log = log
    nextReportID = options.reportID
  }

  /// Stops the target, writes its dump, lets it go on, and completes the report.
  ///
  /// - Parameter beforeRelease: called with a report that has become pending; with `--wait-for-upload` the target is
  ///   still stopped then, since other clients than ours do not wait that long by themselves.
  func dump(
    _ target: CaptureTarget, attachments: [FilePath], beforeRelease: (UniqueID) -> Void
  ) -> CaptureOutcome {
    var outcome = CaptureOutcome()
    if target.request.sanitizationInformationAddress != 0 {
      // Leaving out what the client wants left out is not there yet, and a report that holds it must not be.
      log.error("no report: process \(target.process) wants a sanitized one, which this handler cannot make")
      return outcome
    }
    // What can be done while the target still runs is done before it stands still.
    if system == nil { system = SystemFacts.current() }
    do throws(CrashDatabaseError) {
      let report = try database.prepareReport(id: nextReportID)
      try dump(target, attachments, into: report, &outcome, beforeRelease)
    } catch {
      log.error("no report of process \(target.process): \(error.message)")
    }
    return outcome
  }

  private func dump(
    _ target: CaptureTarget, _ attachments: [FilePath], into report: consuming NewReport,
    _ outcome: inout CaptureOutcome, _ beforeRelease: (UniqueID) -> Void
  ) throws(CrashDatabaseError) {
    let stopped: StoppedProcess
    do throws(ProcessSnapshotError) {
      stopped = try StoppedProcess.stop(target.process)
    } catch {
      log.error("no report: \(error)")
      return
    }
    let memory = MemoryAccess.open(process: stopped.processID, thread: stopped.representative)
    let request = ExceptionRequest(
      informationAddress: target.request.exceptionInformationAddress, stackAddress: target.request.stackAddress)
    let snapshot = ProcessSnapshot.capture(stopped, memory: memory, request: request, system: system)
    outcome.requestingThread = snapshot.exception?.threadID
    try? FaultPoint.reached("capture.snapshot")
    if snapshot.clientOptions.isHandlerEnabled == false {
      log.info("process \(target.process) wants no reports")
      return
    }
    guard write(snapshot, memory.reader, into: report) else { return }
    try? FaultPoint.reached("capture.dumped")
    if options.waitForUpload {
      beforeRelease(try finish(report, attachments, snapshot, &outcome))
      stopped.detach()
    } else {
      stopped.detach()
      beforeRelease(try finish(report, attachments, snapshot, &outcome))
    }
  }

  private func finish(
    _ report: consuming NewReport, _ attachments: [FilePath], _ snapshot: borrowing ProcessSnapshot,
    _ outcome: inout CaptureOutcome
  ) throws(CrashDatabaseError) -> UniqueID {
    for path in attachments { attach(path, to: &report, snapshot) }
    try? FaultPoint.reached("capture.attached")
    let id = try database.finish(report)
    nextReportID = nil
    outcome.reportID = id
    for error in snapshot.softErrors { log.warning("\(error)") }
    log.info("report \(id) of process \(snapshot.processID) is pending")
    return id
  }

  /// Brings a report to the disk, once nobody waits for it.
  func synchronize(_ id: UniqueID) { database.synchronize(id, log: log) }

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
