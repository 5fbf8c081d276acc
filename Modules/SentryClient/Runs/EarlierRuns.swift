// Provides what becomes of earlier runs of programs on the same database: their crashes are told, what they could not
// send is sent, their folders go.
internal import CrashDatabase
internal import LinuxSystem
internal import SentryEnvelope
import StableOrder
internal import StructuredValue

extension SentryClient {
  /// Visits the folders of dead runs, each by one process only. During the start.
  internal func processEarlierRuns(_ database: CrashDatabase) {
    var sessions = EarlierSessions(self)
    RunDirectory.forEachDead(in: database.path, excluding: run?.id) { dead in
      let remains = EarlierSession.remains(dead.path)
      let reportID = remains.crashEventID.flatMap { UniqueID(bytes: $0.bytes) }
      // Its handler is still at work, and reads the folder for it.
      if let reportID, database.isBeingWritten(reportID) { return .keep }
      let report = reportID.flatMap { CrashReport($0, in: database) }
      if let report {
        crashedLastRun = true
        tellOfCrash(report, in: dead.path, database)
      }
      let earlier = EarlierSession(dead.path, crashTime: report?.time)
      noteEarlier(earlier.run(remains))
      // Without a server or the user's consent what is to be sent waits for a start that has them, but not for ever.
      if transport == nil || !maySend { return keepsForLater(dead.path) ? .keep : .remove }
      submitEnvelopes(of: dead.path)
      if let report, capturesInProcess {
        // No handler sends it. Its session goes with it, in one envelope.
        var own: EnvelopeItem?
        let isSent = send(remains, of: dead.path, earlier.ending) { session in
          own = session
          return true
        }
        if !isSent { return .keep }
        if !send(report: report.id, of: database, with: own.map { [$0] } ?? []), let own { _ = sessions.add(own) }
        return .remove
      }
      return send(remains, of: dead.path, earlier.ending) { sessions.add($0) } ? .remove : .keep
    }
    sessions.submit()
  }

  private func noteEarlier(_ run: EarlierRun) {
    log.write(.info, "an earlier run ended: \(run.ending.rawValue)")
    lock.withLock { earlierRuns.append(run) }
  }

  /// Calls the hook, once: the event goes before.
  private func tellOfCrash(_ report: CrashReport, in folder: FilePath, _ database: CrashDatabase) {
    guard let hook = options.hooks.onCrashedLastRun else { return }
    do throws(Errno) {
      try FileSystem.remove(folder.appending(RunFiles.event))
    } catch {
      if error != .noSuchFile { return }
    }
    hook(report.envelope(database, dsn: options.dsn))
  }

  /// What the run had queued, byte for byte, the oldest first: an event tells of the session that a later one ends.
  private func submitEnvelopes(of folder: FilePath) {
    var found: [(path: FilePath, modified: Timestamp)] = []
    for name in (try? FileSystem.entries(of: folder)) ?? [] where name.suffix(9).elementsEqual(".envelope".utf8) {
      let path = folder.appending(bytes: name)
      guard let status = try? FileSystem.status(path, followLinks: false), status.kind == .regular else { continue }
      found.append((path, status.modified))
    }
    found = found.inOrder { left, right in
      left.modified != right.modified
        ? left.modified < right.modified : left.path.lastComponent.lexicographicallyPrecedes(right.path.lastComponent)
    }
    for (path, _) in found {
      do throws(Errno) {
        let bytes = try FileSystem.readRegular(path, limit: 256 << 20)
        guard let own = adoptedPath() else {
          transport?.submit(raw: bytes)
          try FileSystem.remove(path)
          continue
        }
        // This run's from here on: whatever kills it, somebody finds the file.
        try FileSystem.rename(path, to: own)
        transport?.submit(file: own, bytes: bytes)
      } catch {
        log.write(.warning, "the envelope \(path) of an earlier run cannot be sent: \(error)")
        reports.record(.internalError, .error)
      }
    }
  }

  /// Takes over what an earlier run has left to be sent: it is in this run's folder before it is gone from there.
  ///
  /// - Returns: `false` when it cannot be stored; nothing was submitted then.
  internal func adopt(_ envelope: Envelope) -> Bool {
    guard let path = adoptedPath() else {
      submit(envelope)
      return true
    }
    do throws(Errno) {
      let bytes = envelope.bytes
      try FileSystem.write(bytes, to: path)
      transport?.submit(file: path, bytes: bytes)
      return true
    } catch {
      log.write(.warning, "what an earlier run left stays there, it cannot be stored: \(error)")
      return false
    }
  }

  /// Where an envelope of an earlier run waits; files of one moment are sent in the order of their names. `nil` where
  /// this run has no folder.
  internal func adoptedPath() -> FilePath? {
    guard let folder = runPath else { return nil }
    adopted += 1
    return folder.appending("\(String(adopted + 100_000))-\(UniqueID.random()).envelope")
  }

  /// Whether envelopes wait in a run's folder for somebody to send them.
  internal static func hasEnvelopes(_ folder: FilePath) -> Bool {
    ((try? FileSystem.entries(of: folder)) ?? []).contains { $0.suffix(9).elementsEqual(".envelope".utf8) }
  }

  /// Whether a folder has something to be sent and is not older than reports may become. Without a server only what
  /// another SDK may have left counts.
  private func keepsForLater(_ folder: FilePath) -> Bool {
    if !Self.hasEnvelopes(folder) && (transport == nil || EarlierSession.remains(folder).isEmpty) { return false }
    let age = options.pruning.maximumAge
    guard age > 0, let status = try? FileSystem.status(folder) else { return true }
    return Timestamp.now().seconds - status.modified.seconds < age
  }
}

/// A report of an earlier run's crash.
internal struct CrashReport {
  let id: UniqueID
  let time: EventTime
  private let dump: FilePath?

  /// `nil` when there is none.
  init?(_ id: UniqueID, in database: CrashDatabase) {
    self.id = id
    do throws(CrashDatabaseError) {
      let report = try database.lookUp(id)
      time = Self.stack(of: id, database)?.time ?? EventTime(seconds: report.metadata.creation)
      dump = report.path
    } catch {
      // Somebody is sending it.
      guard error.code == .busy else { return nil }
      time = EventTime(seconds: database.glance(id)?.creation ?? Timestamp.now().seconds)
      dump = nil
    }
  }

  /// One that this process has taken.
  init?(_ upload: borrowing UploadReport) {
    id = upload.report.id
    time = EventTime(seconds: upload.report.metadata.creation)
    dump = upload.report.path
  }

  /// What the crashing thread left, if no handler looked at it.
  private static func stack(of id: UniqueID, _ database: CrashDatabase) -> StackRecord? {
    for file in database.attachments(of: id) where String(decoding: file.name, as: UTF8.self) == RunFiles.stack {
      return (try? FileSystem.readRegular(file.path, limit: 1 << 20)).flatMap { StackRecord($0) }
    }
    return nil
  }

  /// Bytes of one file that an envelope takes; larger ones are left out.
  private static let limit = 100 << 20

  /// The event with its breadcrumbs, the other attachments, and the dump.
  ///
  /// - Parameter withDump: `false` leaves the dump out, if the event has the stack.
  func envelope(_ database: CrashDatabase, dsn: DSN?, withDump: Bool = true) -> Envelope {
    var envelope = Envelope()
    if let dsn { envelope.headers["dsn"] = .string(dsn.text) }
    envelope.headers["event_id"] = .string("\(id)")
    var event: StructuredObject?
    var breadcrumbs: [StructuredValue] = []
    var limit = 0
    var stack: StackRecord?
    var files: [(name: String, bytes: [UInt8])] = []
    var descriptions = StructuredObject()
    for attachment in database.attachments(of: id) {
      guard let bytes = try? FileSystem.readRegular(attachment.path, limit: Self.limit), !bytes.isEmpty else {
        continue
      }
      switch String(decoding: attachment.name, as: UTF8.self) {
      case RunFiles.stack: stack = StackRecord(bytes)
      case RunFiles.attachments: descriptions = (try? StructuredValue(json: bytes))?.object ?? StructuredObject()
      case "__sentry-event": event = (try? StructuredValue(messagePack: bytes))?.object
      case "__sentry-breadcrumb1", "__sentry-breadcrumb2":
        let trail = StructuredValue.sequence(messagePack: bytes)
        limit = max(limit, trail.count)
        breadcrumbs += trail
      case let name: files.append((name, bytes))
      }
    }
    for file in files {
      let description = AttachmentDescription(descriptions[file.name])
      envelope.items.append(
        .attachment(
          file.bytes, filename: description.filename ?? file.name, contentType: description.contentType,
          attachmentType: description.attachmentType))
    }
    if event == nil && stack != nil {
      let known: StructuredValue = ["event_id": .string("\(id)"), "platform": "native", "level": "fatal"]
      event = known.object
    }
    if var event {
      if let stack {
        if event["exception"] == nil { event["exception"] = stack.exception }
        if event["timestamp"] == nil { event["timestamp"] = .string("\(stack.time)") }
      }
      if !breadcrumbs.isEmpty {
        // Times are RFC 3339 in UTC and sort as text.
        breadcrumbs = breadcrumbs.inOrder { ($0["timestamp"]?.string ?? "") < ($1["timestamp"]?.string ?? "") }
        event["breadcrumbs"] = .array(breadcrumbs.suffix(limit))
      }
      envelope.items.insert(EnvelopeItem(type: "event", payload: StructuredValue.object(event).json), at: 0)
    }
    if withDump || stack == nil, let dump, let bytes = try? FileSystem.readRegular(dump, limit: Self.limit) {
      envelope.items.append(.attachment(bytes, filename: "\(id).dmp", attachmentType: "event.minidump"))
    }
    return envelope
  }
}
