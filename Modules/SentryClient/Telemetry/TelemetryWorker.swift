// Provides the thread that sends logs and metrics in batches.
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// Takes entries out of buffers: a full batch at once, others after five seconds. The thread is started by the first
/// entry, and again in a forked child.
internal final class TelemetryWorker: @unchecked Sendable {
  // @unchecked: everything that changes is changed under `access`.
  typealias Delivery = @Sendable (Envelope) -> Void

  private let buffers: [TelemetryBuffer]
  private let dsn: String?
  private let deliver: Delivery
  private let access = Lock()
  private var thread: WorkerThread?
  private var generation: UInt32 = 0
  private var isStopped = false
  /// Of the process that uses it: a forked child has one of its own.
  private var doorbell = Doorbell()

  /// Milliseconds that an entry waits for a batch to become full.
  private static let patience: Int64 = 5000

  init(_ buffers: [TelemetryBuffer], dsn: String?, deliver: @escaping Delivery) {
    self.buffers = buffers
    self.dsn = dsn
    self.deliver = deliver
    access.holdDuringForks()
  }

  /// Adds an entry to a buffer, and sees to it that it is sent.
  func add(_ entry: [UInt8], to buffer: TelemetryBuffer) -> Bool {
    switch buffer.add(entry, now: .now()) {
    case .another: return true
    case .first, .filled:
      wake()
      return true
    case .noRoom:
      wake()
      return false
    case .tooLarge:
      // By itself, at once: only what is in a buffer outlives a crash.
      send(buffer.kind, [entry.dropLast()])
      return true
    }
  }

  /// Hands over everything that waits.
  func flush() { for buffer in buffers { take(buffer, olderThan: nil) } }

  /// Hands over everything that waits, and ends the thread.
  func stop() {
    let (running, bell) = access.withLock {
      isStopped = true
      defer { thread = nil }
      return (generation == ForkGeneration.current ? thread : nil, doorbell)
    }
    bell.ring()
    running?.join()
    flush()
  }

  private func wake() {
    let bell: Doorbell? = access.withLock {
      if isStopped { return nil }
      if thread == nil || generation != ForkGeneration.current {
        if generation != ForkGeneration.current { doorbell = Doorbell() }
        generation = ForkGeneration.current
        let bell = doorbell
        // Without a thread entries wait for a flush.
        thread = try? WorkerThread(name: "sentry-batch") { [self] in run(bell) }
      }
      return doorbell
    }
    bell?.ring()
  }

  private func run(_ bell: Doorbell) {
    while !access.withLock({ isStopped }) {
      let oldest = buffers.compactMap { $0.oldest }.min()
      bell.wait(until: oldest?.advanced(milliseconds: Self.patience))
      if access.withLock({ isStopped }) { return }
      let limit = MonotonicInstant.now().advanced(milliseconds: 1 - Self.patience)
      for buffer in buffers { take(buffer, olderThan: limit) }
    }
  }

  private func take(_ buffer: TelemetryBuffer, olderThan limit: MonotonicInstant?) {
    buffer.take(olderThan: limit) { entries in send(buffer.kind, entries) }
  }

  private func send(_ kind: TelemetryKind, _ entries: [ArraySlice<UInt8>]) {
    var envelope = Envelope(items: [.telemetry(kind, entries)])
    if let dsn { envelope.headers["dsn"] = .string(dsn) }
    deliver(envelope)
  }
}
