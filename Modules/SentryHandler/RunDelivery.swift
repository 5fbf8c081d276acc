// Provides the delivery of what a crashed run has left beside its report.
internal import CrashClient
internal import CrashDatabase
internal import HandlerCore
internal import LinuxSystem
internal import SentryEnvelope
import StableOrder
internal import StructuredValue
internal import Uploader

/// Sends, at once and not at the next start: the session, logs, metrics and the open transaction of the run, envelopes
/// that were still queued, and counts of what was lost.
///
/// Everything becomes an envelope file of the run directory first, and each file goes when the server has it: whoever
/// continues, after a kill of this process or a failure of the network, finds what is left. Runs in the upload's own
/// process.
final class RunDelivery {
  /// Milliseconds that the crashed process has for its end. Cores of large processes take a while.
  private static let patience: Int64 = 30_000
  private static let fileLimit = 256 << 20
  private static let suffix = Array(".envelope".utf8)

  private let delivery: HandlerDelivery
  private let settings: DeliverySettings
  private let dsn: DSN
  private let log: HandlerLog
  private let client: HTTPClient
  private let limitFile: RateLimitFile
  private let discards: DiscardFile
  private var limits = RateLimits()

  /// `nil` when there is no address to send to.
  init?(_ delivery: HandlerDelivery, log: HandlerLog) {
    settings = delivery.options.delivery
    guard let text = settings.dsn, let dsn = try? DSN(text) else { return nil }
    self.delivery = delivery
    self.dsn = dsn
    self.log = log
    client = HTTPClient(delivery.options.httpConfiguration)
    let database = delivery.database.path
    limitFile = RateLimitFile(database: database, key: dsn.publicKey)
    discards = DiscardFile(database: database)
    limitFile.load(into: &limits, now: .now(), wallClock: .now())
  }

  func run() {
    guard (try? delivery.database.settings.uploadsEnabled()) == true else { return }
    if let run = delivery.run, let folder = settings.runDirectory { deliver(run, folder) }
    reportLosses()
  }

  private func deliver(_ run: EndedRun, _ folder: FilePath) {
    if run.isWaiting {
      // Its process stands still until this is done.
      send(run, folder)
    } else if let claim = RunDirectory.claim(folder, milliseconds: Self.patience) {
      send(run, claim.path)
    } else {
      log.info("the run \(folder) lives on, or somebody else is at it; its rest is sent by the next start")
    }
  }

  private func send(_ run: EndedRun, _ folder: FilePath) {
    let time = EventTime(seconds: run.time.seconds, nanoseconds: run.time.nanoseconds)
    let remains = RunRemains { name in
      let path = folder.appending(name)
      // Opening a pipe would wait for its other end.
      guard (try? FileSystem.status(path, followLinks: false))?.kind == .regular else { return nil }
      return try? FileSystem.readRegular(path, limit: RunFiles.limit)
    }
    store(remains, run.isDiscarded ? .abnormal(lastSign: time) : .crashed(time), in: folder)
    for path in envelopes(in: folder) {
      guard let bytes = try? FileSystem.readRegular(path, limit: Self.fileLimit) else { continue }
      switch send(bytes) {
      case .done: try? FileSystem.remove(path)
      case .later: continue
      case .stop: return
      }
    }
  }

  /// Turns what the run kept for its death into envelopes, and takes it away.
  private func store(_ remains: RunRemains, _ ending: RunEnding, in folder: FilePath) {
    for (index, envelope) in remains.envelopes(ending: ending, dsn: dsn.text, now: .now()).enumerated() {
      do throws(Errno) {
        // Files of one moment are sent in the order of their names.
        let name = "\(String(index + 100_000))-\(UniqueID.random()).envelope"
        try FileSystem.replace(folder.appending(name), with: envelope.bytes)
        try? FaultPoint.reached("delivery.stored")
      } catch {
        log.error("the rest of the run \(folder) stays as it is: \(error)")
        return
      }
    }
    for name in RunFiles.remains { try? FileSystem.remove(folder.appending(name)) }
    // A hook of the application has to see the other ones: the next start asks it.
    if remains.transaction?.isHooked == false { try? FileSystem.remove(folder.appending(RunFiles.transaction)) }
  }

  /// The oldest first.
  private func envelopes(in folder: FilePath) -> [FilePath] {
    var found: [(path: FilePath, modified: Timestamp)] = []
    for name in (try? FileSystem.entries(of: folder)) ?? [] where name.suffix(Self.suffix.count) == Self.suffix[...] {
      let path = folder.appending(bytes: name)
      guard let status = try? FileSystem.status(path, followLinks: false), status.kind == .regular else { continue }
      found.append((path, status.modified))
    }
    found = found.inOrder { left, right in
      left.modified != right.modified
        ? left.modified < right.modified : left.path.lastComponent.lexicographicallyPrecedes(right.path.lastComponent)
    }
    return found.map { $0.path }
  }

  // MARK: - One envelope

  private enum Outcome {
    /// The server has it, or will never take it.
    case done
    /// A part of it is limited now: the next start sends it.
    case later
    /// Nothing more can be sent now.
    case stop
  }

  private func send(_ bytes: [UInt8]) -> Outcome {
    let items = (try? Envelope(bytes: bytes))?.items ?? [EnvelopeItem(type: "", payload: [])]
    var rest = Envelope(items: items)
    let taken = rest.takeLimited { limits.limit(RateLimitCategory(rawValue: $0.rawValue), now: .now()) != nil }
    if !taken.isEmpty { return .later }
    switch request(bytes) {
    case .delivered: return .done
    case .refused(let status) where status < 500 && status >= 400 && status != 408:
      log.error("the server refused an envelope of the run: \(status)")
      var lost = DiscardedEvents()
      for item in items { lost.record(.sendError, lost: item) }
      note(lost)
      return .done
    case .rateLimited, .unable, .cancelled, .refused, .failed: return .stop
    }
  }

  private func request(_ bytes: [UInt8]) -> UploadOutcome {
    let upload = EnvelopeUpload(
      url: dsn.envelopeURL, authentication: dsn.authenticationHeader(userAgent: settings.userAgent ?? "sentry.swift"),
      envelope: .bytes(bytes), compresses: delivery.options.uploadGzip)
    do throws(UploaderError) {
      let response = try client.send(upload.makeRequest())
      if limits.update(response, now: .now(), wallClock: .now()) {
        try? limitFile.store(limits, now: .now(), wallClock: .now())
      }
      return UploadOutcome(response)
    } catch {
      log.warning("an envelope stays: \(error.description)")
      return UploadOutcome(error)
    }
  }

  // MARK: - Losses

  private func note(_ lost: DiscardedEvents) {
    do throws(Errno) {
      try discards.add(
        lost.entries.map {
          Discard(reason: $0.reason.rawValue, category: $0.category.rawValue, quantity: $0.quantity)
        })
    } catch {
      log.warning("losses cannot be counted: \(error)")
    }
  }

  /// Tells the server what this handler and others on the database have lost.
  private func reportLosses() {
    guard settings.sendsClientReports, settings.sendsReportsAlone || delivery.run != nil else { return }
    var lost = DiscardedEvents()
    for discard in discards.take() {
      lost.add(
        DiscardedEvents.Entry(
          reason: DiscardReason(rawValue: discard.reason), category: DataCategory(rawValue: discard.category),
          quantity: discard.quantity))
    }
    if lost.isEmpty { return }
    var headers = StructuredObject()
    headers["dsn"] = .string(dsn.text)
    if case .delivered = request(Envelope(headers: headers, items: [lost.item(at: .now())]).bytes) { return }
    note(lost)
  }
}

extension EventTime {
  /// The wall clock.
  fileprivate static func now() -> EventTime {
    let now = Timestamp.now()
    return EventTime(seconds: now.seconds, nanoseconds: now.nanoseconds)
  }
}
