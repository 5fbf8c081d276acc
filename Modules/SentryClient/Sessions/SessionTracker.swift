// Provides release health: the session of this run.
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// The session of this run, if there is one, in memory and in the run directory. Any thread.
///
/// `session.json` has it as it was at its beginning and its end, `__sentry-session` what changed in between: whoever
/// finds them after a death reads a whole one, and a change makes no system call. In a forked child there is no session until one is started there: the parent's is the parent's.
internal final class SessionTracker: @unchecked Sendable {
  // @unchecked: everything that changes is changed under `access`.
  private let access = Lock()
  private var running: Session?
  /// Where the session is kept; `nil`: only in memory.
  private var folder: FilePath?
  /// What changes; `nil` where there is none, and the file is replaced each time.
  private var journal: SessionJournal?
  /// The process to which all this belongs.
  private var generation = ForkGeneration.current

  init() { access.holdDuringForks() }

  /// Starts a session, and ends the one that runs.
  ///
  /// - Parameters:
  ///   - folder: the run directory; `nil`: there is none.
  ///   - release: without one there are no sessions.
  /// - Returns: what is to be sent of the session that ended.
  func start(
    in folder: FilePath?, release: String?, environment: String?, distinctID: String?, now: Timestamp = .now()
  ) -> EnvelopeItem? {
    guard let release, !release.isEmpty else { return nil }
    return access.withLock {
      let ended = endLocked(.exited, now)
      self.folder = folder
      running = Session(
        id: SentryID(bytes: UniqueID.random().bytes) ?? .empty,
        started: EventTime(seconds: now.seconds, nanoseconds: now.nanoseconds), release: release,
        environment: environment, distinctID: distinctID)
      if let running { replaceFile(running) }
      journal = folder.flatMap { try? SessionJournal(folder: $0) }
      return ended
    }
  }

  /// Ends the session, and removes its file.
  ///
  /// - Returns: what is to be sent; `nil` when none was running.
  func end(_ status: SessionStatus = .exited, now: Timestamp = .now()) -> EnvelopeItem? {
    access.withLock { endLocked(status, now) }
  }

  private func endLocked(_ status: SessionStatus, _ now: Timestamp) -> EnvelopeItem? {
    guard var session = current() else { return nil }
    let time = EventTime(seconds: now.seconds, nanoseconds: now.nanoseconds)
    session.end(status, at: time)
    running = nil
    if let folder { try? FileSystem.remove(folder.appending(RunFiles.session)) }
    // The other file means nothing without that one.
    journal.take()?.remove()
    return session.item
  }

  /// An event was captured: it counts when it is an error.
  ///
  /// - Parameters:
  ///   - level: the event's; `nil`: it has none.
  func noteError(level: String?, hasException: Bool) {
    guard hasException || level == "error" || level == "fatal" else { return }
    access.withLock {
      guard var session = current() else { return }
      session.countError()
      running = session
      store()
    }
  }

  /// The item that goes with an event or a transaction; `nil` when there is no session. Whoever takes it sends it: the
  /// server is told only once that the session is new.
  func item(now: Timestamp = .now()) -> EnvelopeItem? {
    access.withLock {
      guard var session = current() else { return nil }
      session.measure(until: EventTime(seconds: now.seconds, nanoseconds: now.nanoseconds))
      let item = session.item
      if session.isInitial {
        session.isInitial = false
        running = session
        store()
      }
      return item
    }
  }

  /// An item of `item()` was dropped instead of being sent: the server does not know of the session after all.
  func restore(_ item: EnvelopeItem) {
    guard let value = try? StructuredValue(json: item.payload), let dropped = Session(value: value),
      dropped.isInitial
    else { return }
    access.withLock {
      guard var session = current(), session.id == dropped.id else { return }
      session.isInitial = true
      running = session
      store()
    }
  }

  /// Somebody else uses the program now.
  func setDistinctID(_ distinctID: String?) { change { $0.distinctID = distinctID } }

  /// The program says from now on that it is another version, or elsewhere.
  func setRelease(_ release: String?, environment: String?) {
    change { session in
      if let release { session.release = release }
      session.environment = environment
    }
  }

  private func change(_ body: (inout Session) -> Void) {
    access.withLock {
      guard var session = current() else { return }
      let before = session
      body(&session)
      if session == before { return }
      running = session
      store()
    }
  }

  /// Says in the file that the process ends as it should; whoever finds it sends it. For `exit(3)` without `close`.
  func storeExit(now: Timestamp = .now()) {
    access.withLock {
      guard var session = current() else { return }
      session.end(.exited, at: EventTime(seconds: now.seconds, nanoseconds: now.nanoseconds))
      store(session)
      // Native SDKs read this one.
      if journal != nil { replaceFile(session) }
    }
  }

  /// The running session, for tests and health.
  var session: Session? { access.withLock { current() } }

  /// The session of this process. Under `access`.
  private func current() -> Session? {
    if generation == ForkGeneration.current { return running }
    generation = ForkGeneration.current
    running = nil
    folder = nil
    journal = nil
    return nil
  }

  private func store() { if let running { store(running) } }

  private func store(_ session: Session) {
    if journal?.store(session) == true { return }
    // A journal that has no room any more would say something older.
    journal.take()?.remove()
    replaceFile(session)
  }

  /// A session that cannot be written is in memory all the same.
  private func replaceFile(_ session: Session) {
    guard let folder else { return }
    try? FileSystem.replace(
      folder.appending(RunFiles.session), with: StructuredValue.object(session.value).json)
  }
}
