// Provides the transport's queue and what its callers see of it.
internal import LinuxSystem
internal import SentryEnvelope
internal import Uploader

/// The state of an HTTP transport in one process. Callers change it, and one worker thread empties it; both under
/// `condition`.
internal final class TransportCore: @unchecked Sendable {
  // @unchecked: everything that changes is changed under `condition`.
  enum Phase {
    /// Envelopes are taken and sent.
    case open
    /// The rest is sent, then the worker ends.
    case closing
    /// The time for the rest is over: nothing more is sent.
    case closed
  }

  let condition = Condition()
  let settings: TransportSettings

  var phase = Phase.open
  var queue = EnvelopeQueue()
  /// What the worker is sending; `nil` again as soon as somebody else has taken responsibility for it.
  var inFlight: OutgoingEnvelope?
  /// Whether the worker is at something, be it an envelope or not.
  var isBusy = false
  var hasWorker = false
  /// The thread, which may be at its end.
  private var worker: WorkerThread?
  /// Somebody waits for everything to be sent, reports of losses too.
  var wantsFlush = false
  /// Look at the folder of waiting envelopes now, whatever their times.
  var wantsRetry = false
  /// When to look at it anyway; `nil`: never.
  var nextLook: MonotonicInstant?
  var counts = TransportStatistics()
  /// Whether `takeUnsent` was called: from then on nobody sends what comes.
  private var isTaken = false

  /// A pipe that can be read when a request under way is to end: a thread inside libcurl sees that at once.
  private let cancellation = Cancellation()

  /// Copies of what is in `queue` and of what is under way.
  private(set) var spool: EnvelopeSpool?

  init(_ settings: TransportSettings) { self.settings = settings }

  private var context: TransportContext? { settings.context }

  /// Looks after what earlier runs left, by the worker.
  func begin() {
    spool = context?.runDirectory.map { EnvelopeSpool(folder: $0) }
    guard let context, context.databasePath != nil else { return }
    condition.withLock {
      nextLook = MonotonicInstant.now().advanced(milliseconds: RetrySchedule.firstLook)
      startWorker()
    }
  }

  func submit(_ envelope: OutgoingEnvelope) {
    // Outside of the lock: it is made for the copy, which nobody but a handler reads.
    let bytes = spool == nil || envelope.file != nil ? [] : envelope.bytes
    let isQueued = condition.withLock {
      if isTaken || !queue.append(envelope) {
        if envelope.file == nil { counts.failed += 1 }
        return false
      }
      // What lies in a file outlives a crash as it is.
      if envelope.file == nil { spool?.append(bytes) } else { spool?.appendNothing() }
      if phase == .open {
        startWorker()
        condition.broadcast()
      }
      return true
    }
    if isQueued { return }
    // The file of one that finds no room waits for the next start.
    if envelope.file == nil { context?.reports.record(.queueOverflow, lost: envelope.items) }
  }

  func flush(milliseconds: Int64) -> Bool {
    let deadline = MonotonicInstant.now().advanced(milliseconds: min(max(0, milliseconds), 1 << 40))
    let hasReports = context.map { $0.reportsTravelAlone && $0.dsn != nil && $0.reports.isPending } ?? false
    return condition.withLock {
      if !hasWork && !hasReports { return true }
      if phase == .open {
        wantsFlush = true
        startWorker()
        condition.broadcast()
      }
      while hasWork {
        if !hasWorker || !condition.wait(until: deadline) { return !hasWork }
      }
      return true
    }
  }

  /// Whether something is queued or under way. Under `condition`.
  private var hasWork: Bool { !queue.isEmpty || isBusy || wantsFlush || wantsRetry }

  func shutdown(milliseconds: Int64) -> Bool {
    let deadline = MonotonicInstant.now().advanced(milliseconds: min(max(0, milliseconds), 1 << 40))
    defer { joinWorker() }
    return condition.withLock {
      if phase == .open {
        phase = .closing
        if !queue.isEmpty || context?.reports.isPending == true { startWorker() }
        condition.broadcast()
      }
      while hasWorker && phase == .closing {
        if !condition.wait(until: deadline) { break }
      }
      phase = .closed
      cancellation.cancel()
      condition.broadcast()
      let isDone = queue.isEmpty && inFlight == nil
      // What is under way has been cancelled, and is over at once unless a name is being looked up.
      let grace = MonotonicInstant.now().advanced(milliseconds: 500)
      while hasWorker, condition.wait(until: grace) {}
      return isDone
    }
  }

  /// A program mostly ends after this, and its libraries put away what they share; the worker, which is done but for
  /// closing its connection, must not be using it any more.
  private func joinWorker() {
    condition.withLock { hasWorker ? nil : worker.take() }?.join()
  }

  /// Ends the worker of a transport that nobody has any more.
  func abandon() {
    condition.withLock {
      phase = .closed
      cancellation.cancel()
      condition.broadcast()
    }
  }

  /// What the worker waits for beside the network; `nil` where there are no descriptors left.
  var cancellationDescriptor: Int32? { condition.withLock { cancellation.descriptor } }

  /// Serialised outside of the lock: the worker may be at its end already, but callers of other threads are not.
  func takeUnsent() -> [[UInt8]] {
    var taken: [OutgoingEnvelope] = []
    condition.withLock {
      if phase == .closed { isTaken = true }
      // Whoever gives out what is under way is responsible for it; the server may get it twice, and knows it by its id.
      if let envelope = inFlight {
        taken.append(envelope)
        inFlight = nil
      }
      while let envelope = queue.next() { taken.append(envelope) }
      spool?.removeAll()
      condition.broadcast()
    }
    var result = taken.filter { $0.file == nil }.map { $0.bytes }
    if let context, let dsn = context.dsn, context.sendsClientReports {
      let report = context.reports.takePending()
      if !context.reportsTravelAlone, leave(report, context) { return result }
      if !report.isEmpty { result.append(EnvelopeSender.reportEnvelope(report, dsn).bytes) }
    }
    return result
  }

  /// Leaves counts for the next transport on the database, whose first envelope takes them along.
  private func leave(_ report: DiscardedEvents, _ context: TransportContext) -> Bool {
    guard let database = context.databasePath else { return false }
    let discards = report.entries.map {
      Discard(reason: $0.reason.rawValue, category: $0.category.rawValue, quantity: $0.quantity)
    }
    return (try? DiscardFile(database: database).append(discards)) != nil
  }

  func retry() {
    guard let context, context.retries, context.databasePath != nil else { return }
    condition.withLock {
      guard phase == .open else { return }
      wantsRetry = true
      startWorker()
      condition.broadcast()
    }
  }

  func consentChanged() {
    if settings.maySend { retry() }
    condition.withLock { condition.broadcast() }
  }

  var statistics: TransportStatistics {
    condition.withLock {
      var result = counts
      result.queued = queue.count + (inFlight == nil ? 0 : 1)
      return result
    }
  }

  /// Under `condition`. Without a thread everything stays queued, and the next caller tries again.
  private func startWorker() {
    guard !hasWorker, let context else { return }
    hasWorker = true
    do throws(Errno) {
      worker = try WorkerThread(name: context.threadName) { TransportWorker(self, context).run() }
    } catch {
      hasWorker = false
      wantsFlush = false
      wantsRetry = false
      counts.lastError = "there is no thread to send with: \(error)"
    }
  }
}

/// A pipe into which one byte is written, once. Its owner locks.
private final class Cancellation {
  private var reading: OwnedFileDescriptor?
  private var writing: OwnedFileDescriptor?
  private var isCancelled = false

  /// The end to wait at, made when it is first asked for.
  var descriptor: Int32? {
    if reading == nil, let ends = try? Pipe.open() {
      reading = OwnedFileDescriptor(owning: ends.reading)
      writing = OwnedFileDescriptor(owning: ends.writing)
      if isCancelled { signal() }
    }
    return reading?.rawValue
  }

  func cancel() {
    if isCancelled { return }
    isCancelled = true
    signal()
  }

  private func signal() { try? writing?.writeAll([1]) }
}
