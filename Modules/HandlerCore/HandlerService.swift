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
  private var attachments: AttachmentList
  private var schedule: HandlerSchedule
  private var pass: RunningPass?

  /// Serves until the end of the last client, or dumps the parent, as `options` say.
  ///
  /// - Returns: the process's exit status.
  public static func run(_ options: HandlerOptions, log: HandlerLog, extension: any HandlerExtension) -> Int32 {
    // A client or a server that goes away is an error of one call, not the end of the handler.
    linux_ignore_signal(SIGPIPE)
    let monitor = options.monitorSelf ? HandlerMonitor.start(options, log: log) : nil
    defer { monitor?.stop() }
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
    reporter = CrashReporter(options)
    self.extension = `extension`
    uploads =
      options.url.isEmpty
      ? nil : UploadPass(options: options, database: database, extension: `extension`, log: log)
    schedule = HandlerSchedule(
      uploads: !options.url.isEmpty, periodic: options.periodicTasks, now: .now())
    let recovered = database.recover()
    for id in recovered.adopted { log.info("report \(id) of a handler that was killed is pending now") }
    for id in recovered.settled { log.info("report \(id): a step that was cut short is done now") }
  }

  // MARK: - The loop

  private func serve(_ connection: borrowing ClientConnection) -> Int32 {
    log.verbose("serving clients of process \(connection.owner)")
    var clientsGone = false
    while true {
      switch schedule.next(now: .now()) {
      case .startPass(let work): start(work)
      case .prune: prune()
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
    let count = poll(&requests, 2, instant.map { $0.millisecondsFromNow() } ?? -1)
    if count <= 0 { return (false, false) }
    return (requests[0].revents != 0, requests[1].revents != 0)
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
    let target = CaptureTarget(process: packet.processID, request: request)
    var outcome = CaptureOutcome()
    if packet.processID > 0 {
      if !options.sharedClientConnection && PtraceScope.current == .restricted { askForTracing(packet, connection) }
      outcome = capture.dump(target, attachments: attachments.paths) { id in
        if self.options.waitForUpload {
          self.deliver(id)
          self.uploadAndWait()
        }
      }
    } else {
      // The kernel gives 0 for a sender that this PID namespace does not show.
      log.error("a client outside of this PID namespace asked for a dump; start the handler where it can see it")
    }
    if options.sharedClientConnection {
      ClientRelease.signal(process: packet.processID, thread: outcome.requestingThread)
    } else {
      do throws(Errno) {
        try connection.send(ServerMessage(outcome.reportID == nil ? .dumpFailed : .dumpComplete))
      } catch {
        log.warning("telling process \(packet.processID) that its dump is done: \(error)")
      }
    }
    if let id = outcome.reportID, !options.waitForUpload { deliver(id) }
  }

  /// Gives a fresh report to the crash reporter or to the uploads. Without both it stays, and must reach the disk.
  private func deliver(_ id: UniqueID) {
    let outcome = reporter?.take(id, from: database, with: `extension`, log: log) ?? .failed
    if outcome == .taken { return }
    if outcome == .failed { schedule.reportStored(id) }
    // An upload does this in its own process.
    if uploads == nil || outcome == .withheld { capture.synchronize(id) }
  }

  /// A client alone with its handler has not named it before: it is told at the crash, when Yama asks for it. Whatever
  /// it answers, the dump is tried: with CAP_SYS_PTRACE it succeeds all the same.
  private func askForTracing(_ packet: ClientPacket, _ connection: borrowing ClientConnection) {
    do throws(Errno) {
      switch try connection.askForTracing(milliseconds: 5000) {
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
      CaptureTarget(process: getppid(), request: request), attachments: attachments.paths
    ) { _ in }
    if let id = outcome.reportID { deliver(id) }
    schedule.lastClientGone()
    uploadAndWait()
    return outcome.reportID == nil ? 1 : 0
  }

  // MARK: - Uploads

  private func start(_ work: HandlerSchedule.Pass) {
    guard let uploads else {
      schedule.passEnded()
      return
    }
    do throws(Errno) {
      pass = try RunningPass { note in uploads.run(work) { note($0.encoded) }.rawValue }
    } catch {
      // No process to be had (a limit, memory): the uploads matter more than being ready for the next client.
      log.warning("no process for uploads (\(error)); uploading in the handler itself")
      let result = uploads.run(work) { _ in }
      finishPass(more: result == .more)
    }
  }

  private func endPass() {
    guard let ended = pass.take() else { return }
    let (records, termination) = ended.end()
    uploads?.absorb(AttemptRecord.decode(records))
    var more = false
    switch termination {
    case .exited(let status):
      more = status == UploadPass.Result.more.rawValue
      if status != 0 && !more { log.error("an upload process ended with status \(status)") }
    case .signaled(let signal, _): log.error("an upload process was ended by signal \(signal)")
    case nil: log.error("an upload process cannot be waited for")
    }
    finishPass(more: more)
  }

  private func finishPass(more: Bool) {
    schedule.passEnded(nextScan: more ? .now() : uploads?.nextPass())
  }

  /// Runs what is to be uploaded now and waits until it has been tried.
  private func uploadAndWait() {
    while true {
      endPass()
      guard case .startPass(let work) = schedule.next(now: .now()) else { return }
      start(work)
    }
  }

  private func prune() {
    let cleaned = database.clean(ttl: 3 * 24 * 60 * 60)
    let pruned = database.prune()
    if cleaned + pruned > 0 { log.info("removed \(cleaned) stale files and \(pruned) old reports") }
  }
}
