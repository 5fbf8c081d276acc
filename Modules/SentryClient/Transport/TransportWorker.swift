// Provides the thread that sends.
internal import CrashClient
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue
internal import Uploader

/// Does what the core has to do, one thing at a time. All of it runs on the worker's thread.
internal final class TransportWorker: @unchecked Sendable {
  // @unchecked: after the initialiser only one thread uses it.
  private let core: TransportCore
  private let context: TransportContext
  private let sender: EnvelopeSender
  private let cache: EnvelopeCache?
  private let discards: DiscardFile?
  private var isFirstLook = true
  /// What this run has put away before its first look: the clock of files is some milliseconds behind that of the start.
  private var putAway: [UniqueID] = []
  private let started = Timestamp.now()

  init(_ core: TransportCore, _ context: TransportContext) {
    self.core = core
    self.context = context
    sender = EnvelopeSender(context, client: core.settings.client ?? Self.client(core, context))
    cache = context.databasePath.map { EnvelopeCache(database: $0, policy: context.cache) }
    discards = context.databasePath.map { DiscardFile(database: $0) }
  }

  /// libcurl, which is opened by the first request, on this thread.
  private static func client(_ core: TransportCore, _ context: TransportContext) -> HTTPClient {
    var configuration = HTTPConfiguration(userAgent: context.userAgent)
    configuration.namesLibrary = false
    configuration.timeoutMilliseconds = Int(clamping: max(0, context.transferTimeout))
    configuration.stallTimeoutSeconds = 60
    configuration.proxy =
      switch context.proxy {
      case nil: .environment
      case "": .none
      case let url?: .url(url)
      }
    configuration.certificateFile = context.caCertificates?.description
    configuration.keepsConnection = true
    configuration.isCancelled = { core.condition.withLock { core.phase == .closed } }
    configuration.cancellation = core.cancellationDescriptor
    return HTTPClient(configuration)
  }

  // MARK: - The loop

  private enum Job {
    case send(OutgoingEnvelope)
    case look(isForced: Bool)
    case report
    case end
  }

  func run() {
    CrashClient.installAlternateStackForCurrentThread()
    prepare()
    while true {
      switch nextJob() {
      case .send(let envelope): send(envelope)
      case .look(let isForced): look(isForced: isForced)
      case .report: sendReport()
      case .end: return
      }
      core.condition.withLock {
        core.isBusy = false
        core.condition.broadcast()
      }
    }
  }

  /// What earlier runs and the handler lost is told with what this run loses.
  private func prepare() {
    var earlier = DiscardedEvents()
    for discard in discards?.take() ?? [] {
      earlier.add(
        DiscardedEvents.Entry(
          reason: DiscardReason(rawValue: discard.reason), category: DataCategory(rawValue: discard.category),
          quantity: discard.quantity))
    }
    context.reports.restore(earlier)
    prune()
  }

  private func nextJob() -> Job {
    core.condition.withLock {
      while true {
        if core.phase == .closed { return end() }
        if let envelope = core.queue.next() {
          core.inFlight = envelope
          core.isBusy = true
          return .send(envelope)
        }
        let maySend = core.settings.maySend
        if core.wantsRetry {
          core.wantsRetry = false
          if maySend { return busy(.look(isForced: true)) }
        }
        if core.wantsFlush || core.phase == .closing {
          core.wantsFlush = false
          // What earlier runs left is tried in the shortest run, too.
          if core.phase == .closing && isFirstLook && core.nextLook != nil && maySend {
            return busy(.look(isForced: false))
          }
          if maySend && context.reportsTravelAlone && context.reports.isPending && !reportFailed {
            reportFailed = true
            return busy(.report)
          }
        }
        if core.phase == .closing { return end() }
        if let due = core.nextLook, due <= .now() {
          core.nextLook = MonotonicInstant.now().advanced(milliseconds: RetrySchedule.interval)
          if maySend { return busy(.look(isForced: false)) }
        }
        reportFailed = false
        core.condition.broadcast()
        core.condition.wait(until: core.nextLook)
      }
    }
  }

  /// A report was not taken since the worker last had nothing to do: it is not tried again and again.
  private var reportFailed = false

  private func sendReport() {
    let outcome = sender.sendReport()
    if case .sent = outcome { reportFailed = false }
    finish(outcome, of: "a report of losses")
  }

  private func busy(_ job: Job) -> Job {
    core.isBusy = true
    return job
  }

  /// Under the condition: from here on the next caller starts another worker.
  private func end() -> Job {
    core.hasWorker = false
    core.isBusy = false
    core.wantsFlush = false
    core.wantsRetry = false
    core.condition.broadcast()
    return .end
  }

  // MARK: - One envelope

  private func send(_ envelope: OutgoingEnvelope) {
    if !core.settings.maySend { return keepWithoutConsent(envelope) }
    let delivery = sender.send(envelope)
    // Nobody counts what somebody else has taken over meanwhile.
    let isMine = core.condition.withLock {
      let isMine = core.inFlight != nil
      core.inFlight = nil
      if case .cancelled = delivery.outcome, isMine {
        core.queue.putBack(envelope.file == nil ? delivery.envelope : envelope)
        return false
      }
      return isMine
    }
    if isMine {
      settle(delivery)
      settled(envelope)
    }
  }

  /// What kept a copy of it needs to do so no longer.
  private func settled(_ envelope: OutgoingEnvelope) {
    if let file = envelope.file { try? FileSystem.remove(file) }
    core.condition.withLock { core.spool?.removeFirst() }
  }

  private func keepWithoutConsent(_ envelope: OutgoingEnvelope) {
    let isMine = core.condition.withLock {
      defer { core.inFlight = nil }
      return core.inFlight != nil
    }
    if !isMine { return }
    let canWait = context.retries || context.cache.keep != .none
    let name = CachedFileName(id: Self.id(envelope), attempt: context.retries ? firstAttempt : nil)
    if canWait, let cache, cache.store(envelope.bytes, as: name) {
      noteWaiting(name.id)
      prune()
    } else {
      lose(.noConsent, envelope)
    }
    settled(envelope)
  }

  private func settle(_ delivery: EnvelopeSender.Delivery) {
    let envelope = delivery.envelope
    finish(delivery.outcome, of: "an envelope")
    switch delivery.outcome {
    case .sent:
      count { $0.sent += 1 }
      if context.cache.keep == .always { keep(envelope) }
    case .limited: count { $0.failed += 1 }
    case .refusedForNow:
      if !wait(envelope, always: false) {
        context.reports.recordRefused(envelope.items)
        forget(envelope)
      }
    case .refused: lose(.sendError, envelope)
    case .broken: lose(.internalError, envelope)
    case .unreachable: waitOrLose(.networkError, envelope)
    case .failed: waitOrLose(.sendError, envelope)
    case .unable:
      // Nothing is wrong with it, nor with the network: it waits even where nothing else does.
      if !wait(envelope, always: true) { lose(.networkError, envelope) }
    case .cancelled: break
    }
  }

  /// Notes what went wrong, for health and for the log.
  private func finish(_ outcome: EnvelopeSender.Outcome, of what: StaticString) {
    let text: String
    switch outcome {
    case .sent, .limited, .cancelled: return
    case .refusedForNow: text = "the server wants nothing now (429)"
    case .refused(let reason), .unreachable(let reason), .failed(let reason), .broken(let reason), .unable(let reason):
      text = reason
    }
    context.log.write(.warning, "\(what.description) was not sent: \(text)")
    count { $0.lastError = text }
  }

  private func waitOrLose(_ reason: DiscardReason, _ envelope: OutgoingEnvelope) {
    // A crash that its own process reported is as safe as the dump that a handler would have sent.
    if wait(envelope, always: Self.isCrash(envelope)) { return }
    if context.cache.keep != .none { keep(envelope) }
    lose(reason, envelope, keepsFiles: context.cache.keep != .none)
  }

  /// Whether it has an event of a signal.
  private static func isCrash(_ envelope: OutgoingEnvelope) -> Bool {
    for item in envelope.items where item.type == "event" {
      let event = try? StructuredValue(json: item.payload)
      let mechanism = event?["exception"]?["values"]?.array?.first?["mechanism"]
      if mechanism?["type"]?.string == "signalhandler" { return true }
    }
    return false
  }

  /// Puts an envelope where it is tried again.
  private func wait(_ envelope: OutgoingEnvelope, always: Bool) -> Bool {
    guard context.retries || always, let cache else { return false }
    let id = Self.id(envelope)
    guard cache.store(envelope.bytes, as: CachedFileName(id: id, attempt: firstAttempt)) else {
      context.log.write(.error, "an envelope cannot be kept in \(cache.folder)")
      return false
    }
    noteWaiting(id)
    prune()
    return true
  }

  private func keep(_ envelope: OutgoingEnvelope) {
    guard let cache else { return }
    if !cache.store(envelope.bytes, as: CachedFileName(id: Self.id(envelope))) {
      context.log.write(.error, "an envelope cannot be kept in \(cache.folder)")
    }
    prune()
  }

  private func lose(_ reason: DiscardReason, _ envelope: OutgoingEnvelope, keepsFiles: Bool = false) {
    context.reports.record(reason, lost: envelope.items)
    if !keepsFiles { forget(envelope) }
    count { $0.failed += 1 }
  }

  private func forget(_ envelope: OutgoingEnvelope) { sender.remove(filesOf: envelope.items) }

  private func count(_ change: (inout TransportStatistics) -> Void) {
    core.condition.withLock { change(&core.counts) }
  }

  private var firstAttempt: CachedFileName.Attempt { CachedFileName.Attempt(time: Self.milliseconds(), count: 0) }

  private static func milliseconds() -> Int64 {
    let now = Timestamp.now()
    return now.seconds &* 1000 &+ Int64(now.nanoseconds / 1_000_000)
  }

  /// The event's identifier, which a server knows a repetition by.
  private static func id(_ envelope: OutgoingEnvelope) -> UniqueID {
    envelope.content?.eventID.flatMap { UniqueID(bytes: $0.bytes) } ?? .random()
  }

  // MARK: - Envelopes that wait

  private func noteWaiting(_ id: UniqueID) {
    if isFirstLook { putAway.append(id) }
    let now = MonotonicInstant.now()
    core.condition.withLock {
      if core.nextLook == nil { core.nextLook = now.advanced(milliseconds: RetrySchedule.interval) }
    }
  }

  private func prune() {
    guard let cache else { return }
    cache.prune(now: .now()) { items in
      context.reports.record(.cacheOverflow, lost: items)
      count { $0.failed += 1 }
    }
    let waiting = cache.waiting().count
    count { $0.retrying = waiting }
  }

  /// Tries what waits, the oldest first. The first time everything of earlier runs, then what is due.
  private func look(isForced: Bool) {
    guard let cache else { return }
    let isFirst = isFirstLook
    isFirstLook = false
    let startMilliseconds = started.seconds &* 1000
    var failures = 0
    for file in cache.waiting() {
      guard let attempt = file.name.attempt else { continue }
      let isOfEarlierRun =
        isFirst && file.modified < started && attempt.time <= startMilliseconds &+ 999
        && !putAway.contains(file.name.id)
      if !isForced && !isOfEarlierRun && RetrySchedule.due(attempt) > Self.milliseconds() { continue }
      if core.condition.withLock({ core.phase == .closed }) || !core.settings.maySend { break }
      guard let claim = cache.claim(file) else { continue }
      let delivery = sender.send(.raw(claim.bytes), isRetry: true)
      finish(delivery.outcome, of: "a waiting envelope")
      if !settle(delivery, file, attempt, cache, &failures) { break }
      // Since the last one somebody may have submitted another.
      if core.condition.withLock({ !core.queue.isEmpty }) && !isForced {
        core.condition.withLock { core.nextLook = MonotonicInstant.now().advanced(milliseconds: 1000) }
        isFirstLook = isFirst
        break
      }
    }
    prune()
  }

  /// - Returns: whether others are tried as well.
  private func settle(
    _ delivery: EnvelopeSender.Delivery, _ file: EnvelopeCache.File, _ attempt: CachedFileName.Attempt,
    _ cache: EnvelopeCache, _ failures: inout Int
  ) -> Bool {
    switch delivery.outcome {
    case .sent:
      count { $0.sent += 1 }
      if context.cache.keep == .always {
        _ = cache.rename(file, to: CachedFileName(id: file.name.id))
      } else {
        cache.remove(file)
      }
      return true
    case .limited:
      // A report of losses that waited alone has been taken back.
      if delivery.envelope.items.isEmpty { cache.remove(file) }
      return true
    case .refused, .broken:
      cache.remove(file)
      lose(.sendError, delivery.envelope)
      return true
    case .unreachable:
      again(.networkError, delivery, file, attempt, cache)
      return false
    case .failed:
      again(.sendError, delivery, file, attempt, cache)
      failures += 1
      return failures < RetrySchedule.failuresOfPass
    case .refusedForNow, .unable, .cancelled: return false
    }
  }

  private func again(
    _ reason: DiscardReason, _ delivery: EnvelopeSender.Delivery, _ file: EnvelopeCache.File,
    _ attempt: CachedFileName.Attempt, _ cache: EnvelopeCache
  ) {
    if let next = RetrySchedule.next(attempt, now: Self.milliseconds()) {
      _ = cache.rename(file, to: CachedFileName(id: file.name.id, attempt: next))
    } else if context.cache.keep != .none {
      _ = cache.rename(file, to: CachedFileName(id: file.name.id))
      lose(reason, delivery.envelope, keepsFiles: true)
    } else {
      cache.remove(file)
      lose(reason, delivery.envelope)
    }
  }
}
