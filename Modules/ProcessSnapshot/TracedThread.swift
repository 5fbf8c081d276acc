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

  /// Seizes the thread and asks it to stop, without waiting. No signal is sent, so nothing in the process notices.
  static func seize(_ thread: Int32) throws(Errno) -> TracedThread {
    if linux_ptrace(Int(PTRACE_SEIZE.rawValue), thread, 0, 0) < 0 { throw .current }
    var result = TracedThread(threadID: thread)
    if linux_ptrace(Int(PTRACE_INTERRUPT.rawValue), thread, 0, 0) < 0 { result.state = .ended }
    return result
  }

  /// Looks once whether the thread has stopped.
  mutating func poll() {
    guard state == .running else { return }
    var code: Int32 = 0
    let result = linux_wait_trace_stop(threadID, &code)
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
  /// - Returns: whether the thread is free.
  mutating func detach() -> Bool {
    guard state == .stopped else { return state == .ended }
    if linux_ptrace(Int(PTRACE_DETACH.rawValue), threadID, 0, UInt(bitPattern: Int(pendingSignal))) == 0 { return true }
    state = .ended
    return false
  }
}
