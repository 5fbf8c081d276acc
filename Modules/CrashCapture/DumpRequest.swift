// Provides the conversation with the handler: one request, and a wait that always ends.
internal import CLinuxShims

/// How a dump request ended.
@frozen public enum DumpRequestResult: Int32, Sendable {
  /// The handler says that it is finished, whatever came of it.
  case finished = 0
  /// There is no connection, or the handler is gone.
  case noHandler = 1
  /// The bound in time has passed.
  case timedOut = 2
}

private let signalContinue: Int32 = 18
private let slice: Int64 = 100_000_000
private let pollOut: Int16 = 0x4
private let pollGone = 0x8 | 0x10 | 0x2000  // POLLERR | POLLHUP | POLLRDHUP

/// Asks the handler to dump this process as `record` describes it, and waits for the end, bounded in time.
///
/// Async-signal-safe. The answer is SIGCONT, sent to this thread; it is blocked here for the duration, so that it stays
/// pending until it is waited for.
@_noLocks @_noAllocation
internal func requestDump(_ record: UnsafeMutablePointer<crash_record>) -> DumpRequestResult {
  let state = crash_path()
  let socket = state.pointee.socket
  if socket < 0 { return .noHandler }
  let deadline = crash_clock(1) &+ state.pointee.timeout

  // PR_GET_DUMPABLE 3, PR_SET_DUMPABLE 4: a process that is not dumpable cannot be traced by its own user either.
  let dumpable = crash_prctl(3, 0)
  if dumpable != 1 { _ = crash_prctl(4, 1) }
  // PR_SET_PTRACER, of the Yama security module; a child does not inherit it, so it is repeated here.
  if state.pointee.handler_pid > 0 { _ = crash_prctl(0x5961_6d61, Int(state.pointee.handler_pid)) }

  let mask = crash_signal_bit(signalContinue)
  let oldMask = crash_rt_sigprocmask(0, mask)
  var result = send(record, socket, state.pointee.dialect != 0, deadline)
  if result == .finished { result = waitForAnswer(socket, mask, state.pointee.handler_pid, deadline) }
  _ = crash_rt_sigprocmask(2, oldMask)

  // 2 ("root only") cannot be set again from here; 0 is the stricter neighbour.
  if dumpable != 1 { _ = crash_prctl(4, 0) }
  return result
}

@_noLocks @_noAllocation
private func send(
  _ record: UnsafeMutablePointer<crash_record>, _ socket: Int32, _ padded: Bool, _ deadline: Int64
) -> DumpRequestResult {
  while true {
    let result = crash_send_request(socket, padded, crash_stack_address(), record)
    if result == 0 { return .finished }
    // EAGAIN: other clients' requests fill the socket. ENOBUFS passes as well.
    if result != -4 && result != -11 && result != -105 { return .noHandler }
    let left = deadline &- crash_clock(1)
    if left <= 0 { return .timedOut }
    let events = crash_poll(socket, pollOut, min(left, slice))
    if events > 0 && events & pollGone != 0 { return .noHandler }
  }
}

@_noLocks @_noAllocation
private func waitForAnswer(
  _ socket: Int32, _ mask: UInt64, _ handler: Int32, _ deadline: Int64
) -> DumpRequestResult {
  var gone = false
  while true {
    let left = deadline &- crash_clock(1)
    var sender: Int32 = 0
    // A handler that is gone may have answered just before.
    let signal = crash_wait_signal(mask, gone ? 0 : min(max(left, 0), slice), &sender)
    // A shell's SIGCONT ("fg") is no answer. 0: the handler lives in a PID namespace that this process cannot see.
    if signal > 0 && (handler <= 0 || sender == handler || sender == 0) { return .finished }
    if gone { return .noHandler }
    if left <= 0 { return .timedOut }
    let events = crash_poll(socket, 0, 0)
    gone = events > 0 && events & pollGone != 0
  }
}

/// Asks for a dump of the calling thread at `context`, without a signal. It has a record of its own: a real crash of
/// another thread meanwhile does not disturb it, nor it the crash. Callers see to it that one runs at a time.
/// Async-signal-safe.
///
/// - Returns: the raw value of a `DumpRequestResult`.
@implementation @c @_noLocks @_noAllocation
internal func crash_request_simulated_dump(
  _ info: UnsafeMutablePointer<siginfo_t>, _ context: UnsafeMutableRawPointer
) -> Int32 {
  let record = crash_simulated_record()
  record.pointee.exception.siginfo_address = UInt64(UInt(bitPattern: info))
  record.pointee.exception.ucontext_address = UInt64(UInt(bitPattern: context))
  record.pointee.exception.thread_id = crash_gettid()
  record.pointee.crash_time = crash_clock(0)
  record.pointee.flags = CRASH_RECORD_SIMULATED
  record.pointee.request_count &+= 1
  return requestDump(record).rawValue
}
