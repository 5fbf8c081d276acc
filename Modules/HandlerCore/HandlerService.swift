// Provides the handler's service: clients in, reports out.
internal import CLinuxShims
internal import CrashClient
internal import CrashDatabase
internal import CrashProtocol
internal import LinuxSystem

/// Serves the clients of one socket until the last of them has gone: the handler without its `main`.
///
/// One thread does everything that must not be disturbed; uploads run in forked processes, so that a slow server, a
/// broken library or a hostile answer costs an upload and never the next crash (docs/adr/0004-upload-process.md).
public final class HandlerService {
  private let options: HandlerOptions
  private let log: HandlerLog
  private let database: CrashDatabase
  private let capture: CrashCaptureService
  private let uploads: UploadPass?
  private let reporter: CrashReporter?
  private let `extension`: any HandlerExtension
  private let confinement: HandlerConfinement
  private var attachments: AttachmentList
  private var schedule: HandlerSchedule
  /// A client has asked for another attempt since the last pass ended.
  private var isRetryWanted = false
  private var pass: RunningPass?
  private var undecided = UndecidedReports()
  /// Whether memory is to be given back before the next long wait.
  private var warmth = Warmth.hot

  /// Serves until the end of the last client, or dumps the parent, as `options` say.
  ///
  /// - Returns: the process's exit status.
  public static func run(_ options: HandlerOptions, log: HandlerLog, extension: any HandlerExtension) -> Int32 {
    // A client or a server that goes away is an error of one call, not the end of the handler.
    linux_ignore_signal(SIGPIPE)
    let monitor = options.monitorSelf ? HandlerMonitor.start(options, log: log) : nil
    defer { monitor?.stop() }
    HandlerMonitor.annotate(options, log: log)
    // As the originals: the folder itself is made, but not the way to it, which would be somebody's typing error.
    if !FileSystem.exists(options.database), !FileSystem.exists(options.database.directory) {
      log.error(
        "the crash report database cannot be used: there is no folder \(options.database.directory) to make it in")
      return 1
    }
    let database: CrashDatabase
    do throws(CrashDatabaseError) {
      database = try CrashDatabase(path: options.database)
    } catch {
      log.error("the crash report database cannot be used: \(error.message)")
      return 1
    }
    let service = HandlerService(options, log: log, database: database, extension: `extension`)
    if options.traceParentWithException != 0 { return service.dumpParent() }
    guard let number = options.initialClientDescriptor else { return 1 }
    do throws(Errno) {
      let connection = try ClientConnection(descriptor: OwnedFileDescriptor(owning: number))
      return service.serve(connection)
    } catch {
      log.error("the client's socket (--initial-client-fd=\(number)) cannot be used: \(error)")
      return 1
    }
  }

  private init(
    _ options: HandlerOptions, log: HandlerLog, database: CrashDatabase, extension: any HandlerExtension
  ) {
    self.options = options
    self.log = log
    self.database = database
    attachments = AttachmentList(options.attachments)
    options.userStreamRegion?.closeOnExec()
    capture = CrashCaptureService(options: options, database: database, extension: `extension`, log: log)
    reporter = CrashReporter(options, log: log)
    self.extension = `extension`
    uploads =
      options.url.isEmpty
      ? nil : UploadPass(options: options, database: database, extension: `extension`, log: log)
    schedule = HandlerSchedule(
      uploads: !options.url.isEmpty, periodic: options.periodicTasks,
      maximumSize: options.pruning.maximumSize, now: .now())
    confinement = HandlerConfinement(log: log)
  }

  /// Finishes what handlers that were killed have left.
  private func recover() {
    let recovered = database.recover()
    for id in recovered.adopted { log.info("report \(id) of a handler that was killed is pending now") }
    for id in recovered.settled { log.info("report \(id): a step that was cut short is done now") }
  }

  private enum Warmth {
    /// Work has just been done, and may soon be done again: crashes come in bursts, and right after a program's start.
    case hot
    case warm
    case cold
  }

  // MARK: - The loop

  private func serve(_ connection: borrowing ClientConnection) -> Int32 {
    log.verbose("serving clients of process \(connection.owner)")
    var clientsGone = false
    // Whoever has started this handler waits for its answer; all else has time. One that has gone already is noticed in
    // the loop, when reports of earlier runs are being sent.
    if isReadable(connection) { _ = receive(connection) }
    recover()
    capture.prepare()
    while true {
      settleOverdue(clientsGone: clientsGone, connection)
      switch schedule.next(now: .now()) {
      case .startPass(let work): start(work)
      case .prune: prune()
      case .shrink: shrink()
      case .end: return 0
      case .wait(let instant):
        let ready = waitForEvent(connection, watchClients: !clientsGone, until: instant)
        if ready.passEnded { endPass() }
        if ready.client, receive(connection) == .closed {
          clientsGone = true
          schedule.lastClientGone()
        }
      }
    }
  }

  private func waitForEvent(
    _ connection: borrowing ClientConnection, watchClients: Bool, until instant: MonotonicInstant?
  ) -> (client: Bool, passEnded: Bool) {
    let exit = pass.exitDescriptor ?? -1
    var requests = [
      // Negative descriptors are skipped by poll(2).
      pollfd(fd: watchClients ? connection.descriptor.rawValue : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: exit, events: Int16(POLLIN), revents: 0),
    ]
    // The death of a client that has not decided is readable.
    requests += undecided.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var until = instant
    if let due = undecided.nextDeadline { until = until.map { min($0, due) } ?? due }
    var timeout = until.map { $0.millisecondsFromNow() } ?? -1
    // A handler lives as long as its program and mostly does nothing: before a wait that may last it gives memory back,
    // last of all, since what runs afterwards comes back.
    let isLong = exit < 0 && (timeout < 0 || timeout >= 2000)
    let isCooling = isLong && warmth == .warm
    if isLong, warmth == .hot { timeout = 1000 }
    let count = requests.withUnsafeMutableBufferPointer { requests in
      if isCooling { ResidentMemory.release() }
      return poll(requests.baseAddress, nfds_t(requests.count), timeout)
    }
    if isCooling { warmth = .cold }
    if isLong, count == 0, warmth == .hot { warmth = .warm }
    if count <= 0 { return (false, false) }
    return (requests[0].revents != 0, requests[1].revents != 0)
  }

  private func isReadable(_ connection: borrowing ClientConnection) -> Bool {
    var request = pollfd(fd: connection.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, 0) > 0
  }

  private enum Reception { case served, closed }

  private func receive(_ connection: borrowing ClientConnection) -> Reception {
    let event: ClientEvent
    do throws(Errno) {
      event = try connection.receive()
    } catch {
      log.error("receiving from the clients' socket: \(error)")
      return .closed
    }
    switch event {
    case .closed: return .closed
    case .malformed(let error, let process): log.warning("process \(process): \(error)")
    case .packet(let packet): serve(packet, connection)
    }
    return .served
  }

  private func serve(_ packet: ClientPacket, _ connection: borrowing ClientConnection) {
    switch packet.message {
    case .checkCredentials:
      do throws(Errno) {
        try connection.send(.ourCredentials)
      } catch {
        log.warning("answering process \(packet.processID): \(error)")
      }
    case .crashDumpRequest(let request): dump(packet, request, connection)
    case .addAttachment(let path):
      if ownerOnly(packet, connection), !attachments.add(FilePath(bytes: path)) {
        log.warning("attachment \(FilePath(bytes: path)) is listed already")
      }
    case .removeAttachment(let path):
      if ownerOnly(packet, connection), !attachments.remove(FilePath(bytes: path)) {
        log.warning("attachment \(FilePath(bytes: path)) is not listed")
      }
    case .requestRetry: if ownerOnly(packet, connection) { retry() }
    case .writeAttachment(let write): if ownerOnly(packet, connection) { perform(write) }
    case .verdict(let verdict): settle(packet.processID, verdict, connection)
    case .unknown(let type): log.warning("process \(packet.processID): unknown message type \(type)")
    }
  }

  /// Attachments leave the machine with the report: only the process that started the handler may choose them.
  private func ownerOnly(_ packet: ClientPacket, _ connection: borrowing ClientConnection) -> Bool {
    if packet.processID == connection.owner { return true }
    log.warning("process \(packet.processID) is not the owner of this handler; its message is ignored")
    return false
  }

  private func retry() {
    // What the pass under way finds out would bring the times back.
    isRetryWanted = true
    uploads?.forgetRetryTimes()
    schedule.retryRequested(now: .now())
  }

  private func perform(_ write: AttachmentWrite) {
    let path = FilePath(bytes: write.path)
    do throws(Errno) {
      let file = try FileSystem.open(path, [.write, .create, write.operation == .append ? .append : .truncate])
      try file.writeAll(write.payload)
    } catch {
      log.error("writing attachment \(path): \(error)")
    }
  }

  // MARK: - Dumps

  private func dump(
    _ packet: ClientPacket, _ request: CrashDumpRequest, _ connection: borrowing ClientConnection
  ) {
    warmth = .hot
    let own = OwnedFileDescriptor(owning: packet.channel)
    // A client alone on its connection, or with a channel of its own, can be spoken to.
    let channel: ClientChannel? =
      own.rawValue >= 0
      ? ClientChannel(socket: own.rawValue, isOurClient: true)
      : options.sharedClientConnection
        ? nil : ClientChannel(socket: connection.descriptor.rawValue, isOurClient: false)
    if own.rawValue < 0, let channel, packet.processID > 0, PtraceScope.current == .restricted {
      askForTracing(packet, channel)
    }
    let target = CaptureTarget(process: packet.processID, request: request, helper: channel)
    let time = Timestamp.now()
    // Forked children have the same handler, but runs of their own.
    let isOwner = packet.processID == connection.owner && options.delivery.runDirectory != nil
    let outcome = capture.dump(target, attachments: attachments.paths) { id, outcome in
      self.schedule.databaseGrew(by: outcome.size)
      // A client that is to decide first waits for its upload after it has.
      if self.options.waitForUpload && !outcome.willDecide {
        self.deliver(id)
        if isOwner && !outcome.isSimulated { self.schedule.runEnded(EndedRun(time: time, isWaiting: true)) }
        self.uploadAndWait()
      }
    }
    if let channel {
      do throws(Errno) {
        let isFailed = outcome.reportID == nil && !outcome.isDeclined
        try channel.send(ServerMessage(isFailed ? .dumpFailed : .dumpComplete))
      } catch {
        log.warning("telling process \(packet.processID) that its dump is done: \(error)")
      }
    } else if packet.processID > 0 {
      ClientRelease.signal(process: packet.processID, thread: outcome.requestingThread)
    }
    if let id = outcome.reportID, outcome.willDecide {
      // A process that has crashed once more has survived without a word on the crash before.
      if undecided.has(packet.processID) { settle(packet.processID, UndecidedReports.keep, connection) }
      undecided.add(
        id, process: packet.processID, thread: outcome.requestingThread, isOwner: isOwner, time: time,
        hold: outcome.hold)
      return
    }
    if let id = outcome.reportID, !options.waitForUpload { deliver(id) }
    // Without a report too: the process is dead.
    if isOwner && !outcome.isSimulated { schedule.runEnded(EndedRun(time: time, isWaiting: false)) }
  }

  // MARK: - Decisions

  /// Reports whose client is dead, or has taken too long, are kept.
  private func settleOverdue(clientsGone: Bool, _ connection: borrowing ClientConnection) {
    if undecided.isEmpty { return }
    // A client may have decided and died since: its word is in the socket.
    if !clientsGone && isReadable(connection) { return }
    for process in undecided.overdue(clientsGone: clientsGone) { settle(process, UndecidedReports.keep, connection) }
  }

  private func settle(_ process: Int32, _ verdict: UInt32, _ connection: borrowing ClientConnection) {
    guard let report = undecided.take(process) else {
      log.verbose("process \(process) has nothing to decide")
      return
    }
    if verdict == UndecidedReports.discard {
      log.info("the application does not want report \(report.id)")
      if let hold = report.hold { try? database.delete(hold) } else { try? database.delete(report.id) }
    } else {
      report.hold?.release()
      if verdict == UndecidedReports.changed { takeChanges(report.id) }
      deliver(report.id)
    }
    let isDiscarded = verdict == UndecidedReports.discard
    let isWaiting = options.waitForUpload && !isDiscarded
    if report.isOwner {
      schedule.runEnded(EndedRun(time: report.time, isWaiting: isWaiting, isDiscarded: isDiscarded))
    }
    if isWaiting {
      uploadAndWait()
      ClientRelease.signal(process: process, thread: report.thread)
    }
  }

  private func takeChanges(_ id: UniqueID) {
    do throws(CrashDatabaseError) {
      let report = try database.reportForUploading(id)
      `extension`.attachmentsChanged(report, files: attachments.paths)
      database.release(report)
    } catch {
      log.warning("what the application changed in report \(id) is lost: \(error.message)")
    }
  }

  /// Gives a fresh report to the crash reporter or to the uploads. Without both it stays, and must reach the disk.
  private func deliver(_ id: UniqueID) {
    let outcome = reporter?.take(id, from: database, with: `extension`, confinement, log: log) ?? .failed
    if outcome == .taken { return }
    if outcome == .failed { schedule.reportStored(id) }
    // An upload does this in its own process.
    if uploads == nil || outcome == .withheld { capture.synchronize(id) }
  }

  /// A client alone with its handler has not named it before: it is told at the crash, when Yama asks for it. Whatever
  /// it answers, the dump is tried: with CAP_SYS_PTRACE it succeeds all the same.
  private func askForTracing(_ packet: ClientPacket, _ channel: ClientChannel) {
    do throws(Errno) {
      switch try channel.askForTracing() {
      case 0: break
      case nil: log.warning("process \(packet.processID) did not say whether it may be traced")
      case let error?: log.warning("process \(packet.processID) cannot allow tracing: \(Errno(rawValue: error))")
      }
    } catch {
      log.warning("asking process \(packet.processID) to allow tracing: \(error)")
    }
  }

  /// The parent waits for this process to end: `--trace-parent-with-exception`.
  private func dumpParent() -> Int32 {
    let request = CrashDumpRequest(
      stackAddress: 0, exceptionInformationAddress: options.traceParentWithException,
      sanitizationInformationAddress: options.sanitizationInformation)
    let outcome = capture.dump(
      CaptureTarget(process: getppid(), request: request, helper: nil), attachments: attachments.paths
    ) { _, outcome in self.schedule.databaseGrew(by: outcome.size) }
    if let id = outcome.reportID { deliver(id) }
    recover()
    schedule.lastClientGone()
    uploadAndWait()
    return outcome.reportID == nil && !outcome.isDeclined ? 1 : 0
  }

  // MARK: - Uploads

  private func start(_ work: HandlerSchedule.Pass) {
    warmth = .hot
    guard let uploads else {
      schedule.passEnded()
      return
    }
    do throws(Errno) {
      pass = try RunningPass { note in
        confinement.narrow()
        return uploads.run(work) { note($0.encoded) }.rawValue
      }
    } catch {
      // No process to be had (a limit, memory): the uploads matter more than being ready for the next client.
      log.warning("no process for uploads (\(error)); uploading in the handler itself")
      let result = uploads.run(work) { _ in }
      finishPass(result)
    }
  }

  private func endPass() {
    guard let ended = pass.take() else { return }
    let (records, termination) = ended.end()
    uploads?.absorb(AttemptRecord.decode(records))
    if isRetryWanted { uploads?.forgetRetryTimes() }
    isRetryWanted = false
    var result: UploadPass.Result?
    switch termination {
    case .exited(let status):
      result = UploadPass.Result(rawValue: status)
      if result == nil { log.error("an upload process ended with status \(status)") }
    case .signaled(let signal, _): log.error("an upload process was ended by signal \(signal)")
    case nil: log.error("an upload process cannot be waited for")
    }
    finishPass(result)
  }

  private func finishPass(_ result: UploadPass.Result?) {
    if result == .more { return schedule.passEnded(nextScan: .now()) }
    schedule.passEnded(nextScan: uploads?.nextPass(), isBusy: result == .busy, now: .now())
  }

  /// Runs what is to be uploaded now and waits until it has been tried.
  private func uploadAndWait() {
    while true {
      endPass()
      switch schedule.next(now: .now()) {
      case .startPass(let work): start(work)
      case .prune: prune()
      case .shrink: shrink()
      case .wait, .end: return
      }
    }
  }

  private func shrink() {
    if database.holdsMore(than: options.pruning.maximumSize) { prune() }
  }

  private func prune() {
    let cleaned = database.clean(ttl: 3 * 24 * 60 * 60)
    let pruned = database.prune(options.pruning) { Losses.note($0, .cacheOverflow, in: self.database, self.log) }
    if cleaned + pruned > 0 { log.info("removed \(cleaned) stale files and \(pruned) old reports") }
  }
}
