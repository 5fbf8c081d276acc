// Provides the conversation with the handler: one request, and a wait that always ends.
internal import CLinuxShims

/// How a dump request ended.
@frozen public enum DumpRequestResult: Int32, Sendable {
  /// The handler says that it is finished; a foreign one says so whatever came of it.
  case finished = 0
  /// There is no connection, or the handler is gone.
  case noHandler = 1
  /// The bound in time has passed.
  case timedOut = 2
  /// The handler says that there is no report.
  case failed = 3

  /// Of a raw value; the initialiser that the compiler makes returns an optional.
  @_noLocks @_noAllocation
  internal init(code: Int32) {
    switch code {
    case 0: self = .finished
    case 2: self = .timedOut
    case 3: self = .failed
    default: self = .noHandler
    }
  }
}

private let signalContinue: Int32 = 18
private let slice: Int64 = 100_000_000
private let pollOut: Int16 = 0x4
private let pollGone = 0x8 | 0x10 | 0x2000  // POLLERR | POLLHUP | POLLRDHUP

/// Asks the handler to dump this process as `record` describes it, and waits for the end, bounded in time.
///
/// Our own handler answers on a channel that goes along with the request. Any other's answer on a shared socket is SIGCONT,
/// sent to this thread; it is blocked here for the duration, so that it stays pending until it is waited for. On a private
/// socket every handler speaks there. Async-signal-safe.
@_noLocks @_noAllocation
internal func requestDump(_ record: UnsafeMutablePointer<crash_record>, prepared: Bool) -> DumpRequestResult {
  let state = crash_path()
  let socket = state.pointee.socket
  if socket < 0 && state.pointee.launch_path == nil { return .noHandler }
  let deadline = crash_clock(1) &+ state.pointee.timeout

  // PR_GET_DUMPABLE 3, PR_SET_DUMPABLE 4: a process that is not dumpable cannot be traced by its own user either.
  let dumpable = crash_prctl(3, 0)
  if dumpable != 1 { _ = crash_prctl(4, 1) }
  if let program = state.pointee.launch_path {
    let result = launchHandler(program, record, deadline)
    if dumpable != 1 { _ = crash_prctl(4, 0) }
    return result
  }
  // PR_SET_PTRACER, of the Yama security module; a child does not inherit it, so it is repeated here.
  if state.pointee.handler_pid > 0 { _ = crash_prctl(0x5961_6d61, Int(state.pointee.handler_pid)) }

  let mask = crash_signal_bit(signalContinue)
  let oldMask = crash_rt_sigprocmask(0, mask)
  var channel: Int32 = -1
  var offer: Int32 = -1
  if state.pointee.takes_channel != 0 { openChannel(prepared, &channel, &offer) }
  var result: DumpRequestResult
  if channel < 0 && state.pointee.is_private != 0 {
    result = requestAlone(record, socket, deadline)
  } else {
    result = send(record, UInt32(CRASH_VERDICT_NONE), socket, state.pointee.dialect != 0, deadline, offer)
    if result == .finished {
      if channel >= 0 {
        result = DumpRequestResult(code: converse(channel, socket, deadline))
      } else {
        result = waitForAnswer(socket, mask, state.pointee.handler_pid, deadline)
      }
    }
  }
  if channel >= 0 {
    crash_close(channel)
    crash_close(offer)
  }
  _ = crash_rt_sigprocmask(2, oldMask)

  // 2 ("root only") cannot be set again from here; 0 is the stricter neighbour.
  if dumpable != 1 { _ = crash_prctl(4, 0) }
  return result
}

/// Asks on a socket that no other process sends on, and does there what the handler wants done until it says that the dump
/// is over. One thread at a time: two would take each other's messages.
@_noLocks @_noAllocation
private func requestAlone(
  _ record: UnsafeMutablePointer<crash_record>, _ socket: Int32, _ deadline: Int64
) -> DumpRequestResult {
  let state = crash_path()
  let speaker = crash_path_speaker()
  let identity = UInt64(UInt32(bitPattern: crash_getpid())) << 32 | UInt64(UInt32(bitPattern: crash_gettid()))
  while true {
    let current = crash_load64(speaker)
    // This thread crashed in the middle of a conversation: that one's end comes first.
    if current == identity { break }
    if current == 0 || current >> 32 != identity >> 32 {
      if !crash_exchange64(speaker, current, identity) { continue }
      // A fork has its parent's memory, and none of its parent's conversations.
      if current != 0 { state.pointee.unanswered = 0 }
      break
    }
    if deadline &- crash_clock(1) <= 0 { return .timedOut }
    crash_pause(1_000_000)
  }
  var result = send(record, UInt32(CRASH_VERDICT_NONE), socket, state.pointee.dialect != 0, deadline, -1)
  if result == .finished { state.pointee.unanswered &+= 1 }
  while result == .finished && state.pointee.unanswered > 0 {
    result = DumpRequestResult(code: converse(socket, socket, deadline))
    // An end that did not come in time comes before the end of the next dump.
    if result != .finished && result != .failed { break }
    state.pointee.unanswered &-= 1
    if state.pointee.unanswered > 0 { result = .finished }
  }
  crash_store64(speaker, 0)
  return result
}

/// Starts a handler that traces its parent, and waits for its end. Time does not pass while it has stopped this thread;
/// what it does afterwards, such as an upload, is waited for within the bound only.
@_noLocks @_noAllocation
private func launchHandler(
  _ program: UnsafeRawPointer, _ record: UnsafeMutablePointer<crash_record>, _ deadline: Int64
) -> DumpRequestResult {
  let state = crash_path()
  let arguments =
    record == crash_simulated_record() ? state.pointee.launch_arguments.1 : state.pointee.launch_arguments.0
  guard let arguments else { return .noHandler }
  // Naming oneself allows what one has started.
  _ = crash_prctl(0x5961_6d61, Int(crash_getpid()))
  defer { _ = crash_prctl(0x5961_6d61, 0) }
  let child = Int32(truncatingIfNeeded: crash_launch(program, arguments, state.pointee.launch_environment))
  if child <= 0 { return .noHandler }
  let end = waitForLaunched(child, deadline)
  if end == LaunchedEnd.badly { return .noHandler }
  return end == LaunchedEnd.late ? .timedOut : .finished
}

/// How a handler ended that was started at the crash.
internal enum LaunchedEnd {
  static var well: Int32 { @_noLocks @_noAllocation get { 0 } }
  static var badly: Int32 { @_noLocks @_noAllocation get { 1 } }
  static var late: Int32 { @_noLocks @_noAllocation get { 2 } }
  /// Somebody else has waited for it: it has ended, however.
  static var unknown: Int32 { @_noLocks @_noAllocation get { 3 } }
}

/// Waits for the end of a handler that this thread has started. A `LaunchedEnd`.
@_noLocks @_noAllocation
internal func waitForLaunched(_ child: Int32, _ deadline: Int64) -> Int32 {
  while true {
    var status: Int32 = 0
    let result = crash_wait(child, &status)
    if result < 0 { return LaunchedEnd.unknown }
    if result > 0 { return status == 0 ? LaunchedEnd.well : LaunchedEnd.badly }
    if deadline &- crash_clock(1) <= 0 { return LaunchedEnd.late }
    crash_pause(2_000_000)
  }
}

/// Says whether the report of the last dump is kept, and waits for its upload where that was asked for.
/// Async-signal-safe.
@_noLocks @_noAllocation
internal func tellVerdict(_ verdict: UInt32) {
  let state = crash_path()
  let socket = state.pointee.socket
  if socket < 0 { return }
  let deadline = crash_clock(1) &+ state.pointee.timeout
  let mask = crash_signal_bit(signalContinue)
  let oldMask = crash_rt_sigprocmask(0, mask)
  let result = send(crash_record_shared(), verdict, socket, state.pointee.dialect != 0, deadline, -1)
  if result == .finished, state.pointee.waits != 0, verdict != UInt32(CRASH_VERDICT_DISCARD) {
    _ = waitForAnswer(socket, mask, state.pointee.handler_pid, deadline)
  }
  _ = crash_rt_sigprocmask(2, oldMask)
}

/// The same for a crash; the raw value of the result, which other files cannot take.
@_noLocks @_noAllocation
internal func requestCrashDump(_ record: UnsafeMutablePointer<crash_record>) -> Int32 {
  requestDump(record, prepared: true).rawValue
}

/// A socket pair on which the handler can ask for what it is not allowed to see; -1 for both without one.
///
/// - Parameter prepared: take the one that was made at the start. A sandbox may not allow a new one at the crash; but it
///   serves one conversation only, and a forked child shares it with its parent.
@_noLocks @_noAllocation
private func openChannel(_ prepared: Bool, _ channel: inout Int32, _ offer: inout Int32) {
  let state = crash_path()
  if prepared && state.pointee.channel >= 0 && state.pointee.channel_process == crash_getpid() {
    channel = state.pointee.channel
    offer = state.pointee.channel_offer
    state.pointee.channel = -1
    state.pointee.channel_offer = -1
  } else if crash_socketpair(&channel, &offer) < 0 {
    channel = -1
    offer = -1
  }
}

@_noLocks @_noAllocation
private func send(
  _ record: UnsafeMutablePointer<crash_record>, _ verdict: UInt32, _ socket: Int32, _ padded: Bool, _ deadline: Int64,
  _ channel: Int32
) -> DumpRequestResult {
  while true {
    let result =
      verdict == UInt32(CRASH_VERDICT_NONE)
      ? crash_send_request(socket, padded, crash_stack_address(), record, channel)
      : crash_send_verdict(socket, padded, verdict)
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
@implementation @c @inline(never) @_noLocks @_noAllocation
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
  placeScope(crash_getpid(), record)
  let result = requestDump(record, prepared: false).rawValue
  // A crash of another thread meanwhile has frozen it for itself.
  if crash_load64(crash_path_owner()) == 0 { releaseScope() }
  return result
}
