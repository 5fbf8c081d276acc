// Provides one thread under ptrace: how it is seized, how it stops, how it goes on.
internal import CLinuxShims
internal import LinuxSystem

/// A thread that this OS thread traces. Source: `ptrace(2)`.
struct TracedThread {
  enum State: Hashable { case running, stopped, ended }

  /// PTRACE_EVENT_STOP: the stop that PTRACE_INTERRUPT asks for, and the group stop of a seized thread.
  private static let eventStop: Int32 = 128

  let threadID: Int32
  private(set) var state = State.running
  /// A signal that was on its way when the thread stopped; it gets it when it goes on.
  private(set) var pendingSignal: Int32 = 0
  /// Whether the kernel has taken the request to stop.
  private var isInterrupted = false

  /// Seizes the thread and asks it to stop, without waiting. No signal is sent, so nothing in the process notices.
  static func seize(_ thread: Int32) throws(Errno) -> TracedThread {
    if linux_ptrace(Int(PTRACE_SEIZE.rawValue), thread, 0, 0) < 0 { throw .current }
    var result = TracedThread(threadID: thread)
    result.interrupt()
    return result
  }

  /// A seized thread whose stop was refused must not be forgotten: it would wait for ever for a tracer that does not
  /// answer, with the first signal that it gets. That it has ended is therefore believed only when it is said twice: a
  /// fault matrix in which one call failed so left the application hanging for as long as its handler lived.
  private mutating func interrupt() {
    for _ in 0..<2 {
      if linux_ptrace(Int(PTRACE_INTERRUPT.rawValue), threadID, 0, 0) == 0 {
        isInterrupted = true
        return
      }
      if Errno.current != .noSuchProcess { return }
    }
    state = .ended
  }

  /// Looks once whether the thread has stopped.
  mutating func poll() {
    if state == .running && !isInterrupted { interrupt() }
    guard state == .running else { return }
    var code: Int32 = 0
    var result = linux_wait_trace_stop(threadID, &code)
    // Said twice, as above.
    if result == -Errno.noChildren.rawValue { result = linux_wait_trace_stop(threadID, &code) }
    if result > 0 {
      state = .stopped
      let event = code >> 8
      // A thread caught while a signal is being delivered: the signal must not get lost.
      if event == 0 { pendingSignal = code & 0x7f }
    } else if result < 0 && Errno(rawValue: -result) != .interrupted {
      state = .ended
    }
  }

  mutating func markEnded() { state = .ended }

  /// Lets the thread go on as it was: a group stop goes on as well, a caught signal is delivered.
  ///
  /// - Returns: whether the thread is free. If not and it is still stopped, the kernel refused: ask again.
  mutating func detach() -> Bool {
    guard state == .stopped else { return state == .ended }
    if linux_ptrace(Int(PTRACE_DETACH.rawValue), threadID, 0, UInt(bitPattern: Int(pendingSignal))) == 0 { return true }
    if Errno.current == .noSuchProcess { state = .ended }
    return false
  }
}
