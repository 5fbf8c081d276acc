// Provides consent, and waiting for uploads.
public import CrashDatabase
internal import CrashClient
internal import LinuxSystem

extension SentryClient {
  /// What the user said; `.given` counts only where consent is required.
  public var userConsent: UserConsent { database.map { UserConsent.load(database: $0.path) } ?? .unknown }

  /// Stores what the user said, for all later runs too. With `.given`, reports that waited for it are sent.
  public func setUserConsent(_ consent: UserConsent) {
    guard let database else { return }
    locked {
      do throws(CrashDatabaseError) {
        try consent.store(database: database.path)
      } catch {
        noteLocked(.storage, "the user's consent could not be stored: \(error)")
      }
      applyConsent()
      if consent == .given { try? crashClient?.requestRetry() }
    }
    transport?.consentChanged(maySend: maySend)
    if capturesInProcess { sendPendingReports(database) }
  }

  /// Tries now what waits for a later attempt: envelopes, and the reports of the handler.
  public func retry() {
    transport?.retry()
    if let database, capturesInProcess { sendPendingReports(database) }
    try? lock.withLock { crashClient }?.requestRetry()
  }

  /// Whether the user has agreed, where that is asked for.
  internal var maySend: Bool { !options.requiresUserConsent || userConsent == .given }

  /// Envelopes that were not sent in time go to the run directory; the next start sends them.
  internal func storeUnsent(_ envelopes: [[UInt8]]) {
    if envelopes.isEmpty { return }
    guard let folder = runPath else { return }
    lock.withLock { keepsRun = true }
    for bytes in envelopes {
      let path = folder.appending("\(UniqueID.random()).envelope")
      do throws(Errno) {
        try FileSystem.write(bytes, to: path)
      } catch {
        locked { noteLocked(.storage, "an envelope that was not sent could not be stored: \(error)") }
      }
    }
  }

  /// Tells the handlers of this database whether they may send. Under `lock`, which `locked` has taken.
  internal func applyConsent() {
    guard let database else { return }
    let isWithheld = !maySend
    do throws(CrashDatabaseError) {
      try database.settings.update { settings in
        settings.uploadsEnabled = !isWithheld
        // Reports wait for the consent instead of being given up.
        settings.uploadsPaused = isWithheld
      }
    } catch {
      noteLocked(.storage, "\(error)")
    }
  }

  /// Waits until all reports of the database have been sent, at most for `milliseconds`.
  ///
  /// The handler is asked to try once more. A report whose upload has failed since then is not waited for.
  ///
  /// - Returns: whether no report is left.
  public func flush(milliseconds: Int64) -> Bool {
    let deadline = MonotonicInstant.now().advanced(milliseconds: max(0, milliseconds))
    flushTelemetry()
    let isSent = transport?.flush(milliseconds: milliseconds) ?? true
    return flushReports(until: deadline) && isSent
  }

  private func flushReports(until deadline: MonotonicInstant) -> Bool {
    guard let database else { return true }
    let started = Timestamp.now().seconds
    let client = lock.withLock { crashClient }
    let isHopeless = client == nil || options.dsn == nil || capturesInProcess
    if !isHopeless && !database.unsentReports().isEmpty { try? client?.requestRetry() }
    let attempts = Attempts(database)
    var pause: Int32 = 5
    while true {
      let left = database.unsentReports()
      if left.isEmpty { return true }
      if isHopeless || left.allSatisfy({ attempts.hasFailed($0, since: started) }) { return false }
      let remaining = deadline.millisecondsFromNow()
      if remaining == 0 { return false }
      LinuxSystem.pause(milliseconds: min(pause, remaining))
      pause = min(pause * 2, 50)
    }
  }

  /// How often each report had been tried when the waiting began.
  internal struct Attempts {
    private let database: CrashDatabase
    private let before: [UniqueID: Int32]

    init(_ database: CrashDatabase) {
      self.database = database
      var before: [UniqueID: Int32] = [:]
      for id in database.unsentReports() { before[id] = database.glance(id)?.uploadAttempts }
      self.before = before
    }

    func hasFailed(_ id: UniqueID, since started: Int64) -> Bool {
      // One that has just been sent says so before it moves on, and its attempt is counted by then.
      guard let metadata = database.glance(id), !metadata.isUploaded else { return false }
      return metadata.uploadAttempts > before[id] ?? 0 && metadata.lastUploadAttempt >= started
    }
  }
}
