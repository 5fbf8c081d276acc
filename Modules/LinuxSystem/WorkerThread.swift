// Provides threads of the library's own, and how they are woken.
internal import CLinuxShims

/// A thread that runs one closure.
public final class WorkerThread: @unchecked Sendable {
  // @unchecked: `number` is used by `join` only, of which the owner calls one at a time.
  private var number: pthread_t?

  /// Starts a thread. Signals of the application are not delivered to it; those of crashes are.
  ///
  /// - Parameter name: as debuggers and `/proc` show it; at most 15 bytes count.
  /// - Throws: `Errno.again` when there are too many threads.
  public init(name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
    var blocked = sigset_t()
    var before = sigset_t()
    sigfillset(&blocked)
    for signal in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGSYS, SIGTRAP, SIGXCPU, SIGXFSZ] {
      sigdelset(&blocked, signal)
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let box = Unmanaged.passRetained(Body(name: name, run: body))
    var thread = pthread_t()
    let failure = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        let name = Array(body.name.utf8.prefix(15)) + [0]
        name.withUnsafeBufferPointer { bytes in
          bytes.withMemoryRebound(to: CChar.self) { text in
            if let start = text.baseAddress { _ = pthread_setname_np(pthread_self(), start) }
          }
        }
        body.run()
        return nil
      }, box.toOpaque())
    if failure != 0 {
      box.release()
      throw Errno(rawValue: failure)
    }
    number = thread
  }

  /// Waits until the closure has returned. Never from the thread itself, and not in a forked child, where there is no
  /// such thread.
  public func join() {
    guard let number else { return }
    self.number = nil
    pthread_join(number, nil)
  }

  deinit { if let number { pthread_detach(number) } }

  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void
    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }
}

/// A condition on which a thread waits until another one rings.
public final class Doorbell: @unchecked Sendable {
  // @unchecked: the kernel's objects must not move, so they have memory of their own; `isRung` is used under `mutex`.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var isRung = false

  public init() {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    condition.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Lets the waiting thread go on, or the next one that comes to wait.
  public func ring() {
    pthread_mutex_lock(mutex)
    isRung = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Waits until it is rung, at most until `deadline`; the ringing is over then.
  ///
  /// - Parameter deadline: `nil`: for ever.
  /// - Returns: whether it was rung.
  @discardableResult
  public func wait(until deadline: MonotonicInstant? = nil) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while !isRung {
      guard let deadline else {
        pthread_cond_wait(condition, mutex)
        continue
      }
      var time = timespec()
      let nanoseconds = max(0, deadline.nanoseconds)
      time.tv_sec = Int(nanoseconds / 1_000_000_000)
      time.tv_nsec = Int(nanoseconds % 1_000_000_000)
      if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
    }
    let result = isRung
    isRung = false
    return result
  }
}
