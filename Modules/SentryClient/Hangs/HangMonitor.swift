// Provides the watch over threads that shall not hang.
internal import CLinuxShims
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// Makes an event with the stack when a watched thread is silent for too long, once for each silence.
///
/// A thread is watched by its own heartbeats, or, as an event loop is, by a question that it has to answer. A loop that
/// has never answered is not watched: it may not run yet.
public final class HangMonitor: @unchecked Sendable {
  // @unchecked: everything is changed under `lock`.

  /// Puts a question to an event loop: it has to call what it is given, on its thread.
  public typealias Ping = @Sendable (@escaping @Sendable () -> Void) -> Void

  private struct Watched {
    var name: String?
    var ping: Ping?
    var thread: Int32?
    /// Since when it is silent; `nil` while nobody waits for it.
    var silence: MonotonicInstant?
    /// When a loop has answered last.
    var answered: MonotonicInstant?
    /// This silence has been reported.
    var isReported = false
  }

  /// Milliseconds between two looks.
  private static let tick: Int64 = 100

  private let client: SentryClient
  /// Milliseconds.
  private let timeout: Int64
  private let lock = Lock()
  /// The first one gives heartbeats.
  private var watched = [Watched()]
  private var isOver = false
  private var worker: WorkerThread?
  private let bell = Doorbell()

  /// - Parameter milliseconds: of silence that are a hang; 1000 at least.
  public init(_ client: SentryClient, milliseconds: UInt64) {
    self.client = client
    timeout = Int64(clamping: max(milliseconds, 1000))
  }

  /// The calling thread lives. The first one that calls is watched from then on.
  public func heartbeat() {
    lock.withLock {
      if watched[0].thread == nil { watched[0].thread = linux_gettid() }
      watched[0].silence = .now()
    }
  }

  /// The thread with the heartbeats may be silent until its next one.
  public func pause() { lock.withLock { watched[0].silence = nil } }

  /// Watches an event loop.
  ///
  /// - Parameter name: as the report names it.
  public func watch(_ name: String, ping: @escaping Ping) {
    lock.withLock { watched.append(Watched(name: name, ping: ping)) }
  }

  /// Begins to look, in a thread of its own. Where no thread can be made hangs are not noticed, and the log says so.
  public func start() {
    do throws(Errno) {
      let started = try WorkerThread(name: "sentry-hang") { self.run() }
      lock.withLock { worker = started }
    } catch {
      client.log.write(.warning, "hangs of the application are not noticed: \(error)")
    }
  }

  /// Waits for the end of the watch; in a forked child there is none.
  public func end() {
    let worker = lock.withLock {
      isOver = true
      return self.worker.take()
    }
    bell.ring()
    worker?.join()
  }

  private func run() {
    while true {
      bell.wait(until: MonotonicInstant.now().advanced(milliseconds: Self.tick))
      var silent: [(name: String?, thread: Int32)] = []
      var questions: [(index: Int, ping: Ping)] = []
      let isOver = lock.withLock {
        let now = MonotonicInstant.now()
        for index in watched.indices {
          if let since = watched[index].silence {
            if since.advanced(milliseconds: timeout) > now { continue }
            guard let thread = watched[index].thread else { continue }
            silent.append((watched[index].name, thread))
            watched[index].silence = nil
            watched[index].isReported = true
          } else if let ping = watched[index].ping, !watched[index].isReported,
            watched[index].answered.map({ $0.advanced(milliseconds: timeout / 4) <= now }) ?? true
          {
            watched[index].silence = now
            questions.append((index, ping))
          }
        }
        return self.isOver
      }
      if isOver { return }
      for question in questions { question.ping { self.answer(question.index) } }
      for one in silent { report(one.name, one.thread) }
    }
  }

  /// On the loop's thread.
  private func answer(_ index: Int) {
    lock.withLock {
      watched[index].thread = linux_gettid()
      watched[index].silence = nil
      watched[index].answered = .now()
      watched[index].isReported = false
    }
  }

  private func report(_ name: String?, _ thread: Int32) {
    let text =
      name.map { "\($0) has not responded for at least \(timeout) ms" }
      ?? "Application not responding for at least \(timeout) ms"
    var event = StructuredObject()
    event["level"] = "error"
    event["message"] = ["formatted": .string(text)]
    var exception = StructuredObject()
    exception["type"] = "AppHang"
    exception["value"] = .string(text)
    exception["mechanism"] = ["type": "AppHang", "handled": true, "synthetic": true]
    exception["thread_id"] = .integer(Int64(thread))
    let frames = Self.frames(thread)
    if !frames.isEmpty { exception["stacktrace"] = ["frames": .array(frames)] }
    event["exception"] = ["values": .array([.object(exception)])]
    client.capture(event)
  }

  /// Oldest call first.
  private static func frames(_ thread: Int32) -> [StructuredValue] {
    var frames: [StructuredValue] = []
    withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: 128) { buffer in
      guard let start = buffer.baseAddress else { return }
      var index = linux_stack_of_thread(thread, start, 128)
      while index > 0 {
        index -= 1
        frames.append(["instruction_addr": .string("0x\(String(UInt(bitPattern: buffer[index]), radix: 16))")])
      }
    }
    return frames
  }
}
