// Provides the capture of one crash: from a request to a pending report.
internal import CrashClient
internal import CrashDatabase
internal import CrashProtocol
internal import LinuxSystem
internal import MinidumpCapture
internal import MinidumpFormat
internal import ProcessMemory
internal import ProcessSnapshot

/// Whose dump is wanted, and where that process says what happened.
struct CaptureTarget {
  /// As this process sees it; 0 when this pid namespace does not show it.
  let process: Int32
  let request: CrashDumpRequest
  /// The client's side, where it can be spoken to.
  let helper: ClientChannel?
}

/// What a capture came to.
struct CaptureOutcome {
  /// The pending report; `nil` when there is none.
  var reportID: UniqueID?
  /// What the report takes of the disk, in bytes.
  var size: Int64 = 0
  /// Nobody shall make a report: the process does not want one, or wants one that it has no part in.
  var isDeclined = false
  /// The thread that waits for the handler; `nil` when it was not found.
  var requestingThread: Int32?
  /// The process goes on: it asked for a dump of itself.
  var isSimulated = false
  /// The client says later whether the report is kept.
  var willDecide = false
  /// Until then.
  var hold: ReportHold?
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
  /// The machine does not change while the handler lives, but for its time zone.
  private var system: SystemFacts?
  /// Of the process that was dumped last: where it went on, it may be dumped again.
  private var knownModules: KnownModules?

  /// What this handler puts into a dump.
  private static var limits: CaptureLimits {
    var limits = CaptureLimits()
    limits.readsSonames = false
    limits.readsThreadTimes = false
    limits.readsExtendedState = false
    return limits
  }

  init(options: HandlerOptions, database: CrashDatabase, extension: any HandlerExtension, log: HandlerLog) {
    self.options = options
    self.database = database
    self.extension = `extension`
    self.log = log
    nextReportID = options.reportID
  }

  /// Reads what every dump has in common, so that no crash waits for it.
  func prepare() { system = SystemFacts.current() }

  /// Stops the target, writes its dump, lets it go on, and completes the report.
  ///
  /// - Parameter beforeRelease: called with a report that has become pending, and whether its process goes on; with
  ///   `--wait-for-upload` a client that is not ours is still stopped then, since it does not wait that long by itself.
  func dump(
    _ target: CaptureTarget, attachments: [FilePath], beforeRelease: (UniqueID, CaptureOutcome) -> Void
  ) -> CaptureOutcome {
    var outcome = CaptureOutcome()
    // What can be done while the target still runs is done before it stands still.
    if system == nil { prepare() }
    system?.timeZone = TimeZoneFacts.current()
    do throws(CrashDatabaseError) {
      let record = record(target)
      let report = try database.prepareReport(
        id: record?.reportID.flatMap { UniqueID(bytes: $0) } ?? nextReportID)
      try dump(target, record, attachments, into: report, &outcome, beforeRelease)
    } catch {
      log.error("no report of process \(target.process): \(error.message)")
    }
    return outcome
  }

  /// What a client of ours says beyond the exception, as far as it can be read while it runs; `nil` when it cannot.
  private func record(_ target: CaptureTarget) -> CrashRecordExtension? {
    if target.process <= 0 { return nil }
    return record(target, ProcessVMMemoryReader(thread: target.process))
  }

  private func record(_ target: CaptureTarget, _ memory: any MemoryReader) -> CrashRecordExtension? {
    let bytes = memory.readAvailable(
      at: target.request.exceptionInformationAddress, count: CrashRecordExtension.recordSize)
    return bytes.withUnsafeBytes { CrashRecordExtension(record: $0) }
  }

  /// Whether a client that is not ours asks for a dump without a crash: Crashpad's have a signal for that, -1.
  private func isSimulated(_ target: CaptureTarget) -> Bool {
    if target.process <= 0 { return false }
    let memory = ProcessVMMemoryReader(thread: target.process)
    guard let information = try? memory.readInteger(at: target.request.exceptionInformationAddress, as: UInt64.self),
      let signal = try? memory.readInteger(at: information, as: Int32.self)
    else { return false }
    return signal == -1
  }

  private func dump(
    _ target: CaptureTarget, _ record: CrashRecordExtension?, _ attachments: [FilePath],
    into report: consuming NewReport,
    _ outcome: inout CaptureOutcome, _ beforeRelease: (UniqueID, CaptureOutcome) -> Void
  ) throws(CrashDatabaseError) {
    let clientID = try? database.settings.clientID()
    let known = knownModules?.processID == target.process ? knownModules : nil
    let goesOn = record?.isSimulated ?? isSimulated(target)
    let reached: ReachedProcess
    do throws(ProcessSnapshotError) {
      reached = try ReachedProcess.reach(
        target.process, helper: target.helper, known: known,
        ahead: goesOn && known == nil ? Self.limits : nil)
    } catch {
      log.error("no report: \(error)")
      return
    }
    try dump(reached, target, record, clientID, attachments, into: report, &outcome, beforeRelease)
  }

  private func dump(
    _ reached: consuming ReachedProcess, _ target: CaptureTarget, _ record: CrashRecordExtension?,
    _ clientID: UniqueID?, _ attachments: [FilePath], into report: consuming NewReport,
    _ outcome: inout CaptureOutcome, _ beforeRelease: (UniqueID, CaptureOutcome) -> Void
  ) throws(CrashDatabaseError) {
    let memory = reached.reader
    let request = ExceptionRequest(
      informationAddress: target.request.exceptionInformationAddress, stackAddress: target.request.stackAddress)
    var snapshot = reached.capture(request: request, limits: Self.limits, system: system)
    knownModules = snapshot.knownModules
    outcome.requestingThread = snapshot.exception?.threadID
    outcome.isSimulated = snapshot.exception?.isSimulated ?? false
    let willDecide = (record ?? self.record(target, memory))?.willDecide ?? false
    outcome.willDecide = willDecide && !outcome.isSimulated
    try? FaultPoint.reached("capture.snapshot")
    if snapshot.clientOptions.isHandlerEnabled == false {
      log.info("process \(target.process) wants no reports")
      outcome.isDeclined = true
      return
    }
    if isFlood(snapshot, memory, report.id) {
      outcome.isDeclined = true
      return
    }
    if options.sanitizesStacks && !apply(SanitizationRules(sanitizesStacks: true), to: &snapshot) {
      outcome.isDeclined = true
      return
    }
    // Rules of the client can only take more away: they see what is left.
    if target.request.sanitizationInformationAddress != 0 {
      guard sanitize(&snapshot, memory, target) else {
        outcome.isDeclined = true
        return
      }
    }
    let draft = MinidumpDraft(
      snapshot, memory: memory, options: captureOptions(snapshot, clientID: clientID, reportID: report.id))
    // A client of ours waits by itself, for as long as it was told to; one that is stopped could not give up. For all
    // others everything has been read now: what is left is the file.
    let staysStopped = options.waitForUpload && target.helper?.isOurClient != true
    if staysStopped || draft.needsProcess {
      guard write(draft, snapshot, into: report, &outcome) else { return }
      if staysStopped {
        try complete(report, attachments, snapshot, &outcome, beforeRelease)
        reached.detach()
      } else {
        reached.detach()
        try complete(report, attachments, snapshot, &outcome, beforeRelease)
      }
    } else {
      reached.detach()
      guard write(draft, snapshot, into: report, &outcome) else { return }
      try complete(report, attachments, snapshot, &outcome, beforeRelease)
    }
  }

  /// - Returns: whether the dump is there.
  private func write(
    _ draft: MinidumpDraft, _ snapshot: borrowing ProcessSnapshot, into report: borrowing NewReport,
    _ outcome: inout CaptureOutcome
  ) -> Bool {
    do throws(MinidumpWriteError) {
      let result = try draft.write(snapshot, to: MinidumpFileSink(descriptor: report.file.rawValue))
      outcome.size = Int64(clamping: result.size)
      return true
    } catch {
      log.error("the dump of process \(snapshot.processID) cannot be written: \(error)")
      return false
    }
  }

  private func complete(
    _ report: consuming NewReport, _ attachments: [FilePath], _ snapshot: borrowing ProcessSnapshot,
    _ outcome: inout CaptureOutcome, _ beforeRelease: (UniqueID, CaptureOutcome) -> Void
  ) throws(CrashDatabaseError) {
    try? FaultPoint.reached("capture.dumped")
    let id = try finish(report, attachments, snapshot, &outcome)
    beforeRelease(id, outcome)
  }

  /// Whether crashes of this cause have been dumped often enough for this minute. Such a one is counted as lost.
  private func isFlood(_ snapshot: borrowing ProcessSnapshot, _ memory: any MemoryReader, _ id: UniqueID) -> Bool {
    guard let gate = FloodGate(database: database.path, limit: options.delivery.floodLimit),
      let signature = CrashSignature(snapshot, memory: memory),
      !gate.admits(signature, now: Timestamp.now().seconds)
    else { return false }
    log.warning(
      "process \(snapshot.processID) crashed like others within the minute (signature"
        + " \(String(signature.value, radix: 16))): counted, not dumped")
    Losses.note(id, .backpressure, in: database, log)
    return true
  }

  /// Takes out of the snapshot what the client wants left out. `false`: there must be no report.
  private func sanitize(
    _ snapshot: inout ProcessSnapshot, _ memory: any MemoryReader, _ target: CaptureTarget
  ) -> Bool {
    let rules: SanitizationRules
    do throws(ProcessSnapshotError) {
      rules = try SanitizationRules(
        at: target.request.sanitizationInformationAddress, memory: memory, is64Bit: snapshot.is64Bit,
        process: target.process)
    } catch {
      // A report with everything in it would be worse than none.
      log.error("no report: \(error)")
      return false
    }
    guard snapshot.involvesTarget(of: rules, memory: memory) else {
      log.info("no report: the module that process \(target.process) wants reports of has no part in this crash")
      return false
    }
    return apply(rules, to: &snapshot)
  }

  private func apply(_ rules: SanitizationRules, to snapshot: inout ProcessSnapshot) -> Bool {
    do throws(ProcessSnapshotError) {
      try snapshot.sanitize(rules)
      return true
    } catch {
      log.error("no report: \(error)")
      return false
    }
  }

  private func finish(
    _ report: consuming NewReport, _ attachments: [FilePath], _ snapshot: borrowing ProcessSnapshot,
    _ outcome: inout CaptureOutcome
  ) throws(CrashDatabaseError) -> UniqueID {
    for path in attachments { outcome.size += attach(path, to: &report, snapshot) }
    try? FaultPoint.reached("capture.attached")
    let id = report.id
    if outcome.willDecide { outcome.hold = try database.finishHeld(report) } else { try database.finish(report) }
    nextReportID = nil
    outcome.reportID = id
    for error in snapshot.softErrors { log.warning("\(error)") }
    log.info("report \(id) of process \(snapshot.processID) is pending")
    return id
  }

  /// Brings a report to the disk, once nobody waits for it.
  func synchronize(_ id: UniqueID) { database.synchronize(id, log: log) }

  private func captureOptions(
    _ snapshot: borrowing ProcessSnapshot, clientID: UniqueID?, reportID: UniqueID
  ) -> MinidumpCaptureOptions {
    var options = MinidumpCaptureOptions()
    options.reportID = reportID
    options.clientID = clientID
    options.annotations = self.options.annotations.map { MinidumpSimpleAnnotation(key: $0.key, value: $0.value) }
    options.annotations += [
      MinidumpSimpleAnnotation(key: "capture_memory", value: "\(snapshot.memoryStrategy)"),
      MinidumpSimpleAnnotation(key: "capture_threads", value: "\(snapshot.threadAccess)"),
    ]
    if snapshot.sanitization?.sanitizesStacks == true {
      options.annotations.append(MinidumpSimpleAnnotation(key: "capture_stacks", value: "sanitized"))
    }
    // The writer drops a stream that takes the type of one of the dump's own.
    if let stream = self.options.userStreamRegion?.stream() { options.userStreams.append(stream) }
    return options
  }

  /// - Returns: bytes of the attachment.
  private func attach(
    _ path: FilePath, to report: inout NewReport, _ snapshot: borrowing ProcessSnapshot
  ) -> Int64 {
    do throws(CrashDatabaseError) {
      if let content = `extension`.attachmentContent(of: path, snapshot: snapshot, reportID: report.id) {
        let file = try report.addAttachment(name: path.lastComponent)
        do throws(Errno) {
          try file.writeAll(content)
        } catch {
          log.error("attachment \(path) cannot be written: \(error)")
        }
        return Int64(content.count)
      }
      return try report.copyAttachment(from: path)
    } catch {
      log.error("attachment \(path) is left out: \(error.message)")
      return 0
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
