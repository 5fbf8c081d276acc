// Provides the signal handler: what the crashing thread does, from the signal to its death.
//
// Every function of this module is compiled under @_noLocks @_noAllocation: the compiler refuses locks, heap, runtime
// calls and unmarked C functions, in debug and in release. Scripts/check-crash-path audits the object code.
internal import CLinuxShims

/// The handler of all crash signals, with the type that `sigaction(2)` wants.
///
/// Async-signal-safe; entered by the kernel only. In order: claim the process, say what happened in the crash record,
/// write the marker file, ask the handler for a dump and wait, put the previous action back, queue the original signal
/// again. The application's decisions may end that before the claim, and after the dump. Returning then runs what was there before, or ends the process by its own signal.
@implementation @c @inline(never) @_noLocks @_noAllocation
internal func crash_signal_handler(
  _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?
) {
  guard let info, let context else { return }
  let process = crash_getpid()
  if isStackOffer(signal, info, context, process) { return }
  let thread = crash_gettid()
  if isHookEvent(info, context, thread) { return }
  let identity = UInt64(UInt32(bitPattern: process)) << 32 | UInt64(UInt32(bitPattern: thread))

  if crash_load32(crash_path_enabled()) == 0 {
    passOn(signal, info, process, thread)
    return
  }
  // The application may know better: a fault that it provoked itself, and mends. Nothing has changed then.
  if crash_call_decision(crash_path().pointee.first_chance, signal, info, context) { return }
  switch claim(identity, process) {
  case .first:
    // Once more: a client that ends looks for an owner after it has cleared this word, and closes the socket only when
    // there is none. One of both sees the other.
    var isOver = false
    if crash_load32(crash_path_enabled()) != 0 {
      reportCrash(signal, info, context, thread)
      isOver = crash_call_decision(crash_path().pointee.last_chance, signal, info, context)
    }
    // A fault comes again when its instruction is retried; this thread has reported then, and dies.
    if !isOver { passOn(signal, info, process, thread) }
    // Only now: the waiting threads raise their own signals next, and the process shall die of this one.
    crash_path().pointee.done_time = crash_clock(1)
    crash_store32(crash_path_done(), 1)
    crash_futex_wake(crash_path_done())
  case .reentered:
    // A signal that somebody sent to this thread during its dump: the dump is worth more, and the process dies anyway.
    if crash_siginfo_code(info) <= 0 || !isFault(signal) { return }
    restoreDefault(signal)
    requeue(signal, info, process, thread)
  case .reported:
    // An earlier handler may have survived the signal; or it was installed on top of this one, and calls it again.
    let state = crash_path()
    state.pointee.returns &+= 1
    if state.pointee.returns > CRASH_MAXIMUM_RETURNS {
      restoreDefault(signal)
      requeue(signal, info, process, thread)
    } else {
      passOn(signal, info, process, thread)
    }
  case .waiting:
    waitForOwner()
    passOn(signal, info, process, thread)
  }
}

private enum Claim {
  /// This thread makes the dump.
  case first
  /// This thread crashed while it made the dump.
  case reentered
  /// This thread has made the dump already, survived, and crashed again.
  case reported
  /// Another thread is at it, or has been.
  case waiting
}

@_noLocks @_noAllocation
private func claim(_ identity: UInt64, _ process: Int32) -> Claim {
  let word = crash_path_owner()
  while true {
    let owner = crash_load64(word)
    if owner != 0 && owner >> 32 == identity >> 32 && hasSurvived() && crash_exchange32(crash_path_done(), 1, 0) {
      crash_path().pointee.returns = 0
      crash_store64(word, identity)
      return .first
    }
    if owner == identity { return crash_load32(crash_path_done()) == 0 ? .reentered : .reported }
    // The owner is another process: a parent that forked in its handler, or a vfork child in this memory, now dead.
    if owner == 0 || owner >> 32 != identity >> 32 {
      if crash_exchange64(word, owner, identity) {
        crash_store32(crash_path_done(), 0)
        return .first
      }
    } else {
      return .waiting
    }
  }
}

/// Whether the last dump was so long ago that the process must have survived its signal: an earlier handler has mended
/// the cause, or this is PID 1, which a default action does not end. Then this is another crash, worth another dump.
@_noLocks @_noAllocation
private func hasSurvived() -> Bool {
  let state = crash_path()
  return crash_load32(crash_path_done()) == 1
    && crash_clock(1) &- state.pointee.done_time > state.pointee.survival
}

/// Whether the kernel raises this signal because of an instruction of the thread itself.
@_noLocks @_noAllocation
internal func isFault(_ signal: Int32) -> Bool {
  signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGTRAP
    || signal == SIGSYS
}

/// Everything that makes a report of this crash.
@_noLocks @_noAllocation
private func reportCrash(
  _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>, _ context: UnsafeMutableRawPointer, _ thread: Int32
) {
  let state = crash_path()
  let record = crash_record_shared()
  record.pointee.exception.siginfo_address = UInt64(UInt(bitPattern: info))
  record.pointee.exception.ucontext_address = UInt64(UInt(bitPattern: context))
  record.pointee.exception.thread_id = thread
  record.pointee.crash_time = crash_clock(0)
  record.pointee.flags = 0
  record.pointee.request_count &+= 1
  placeScope(crash_getpid(), record)
  if state.pointee.marker != 0 { writeMarker(record.pointee.crash_time) }
  crash_call_hook(state.pointee.before_request, signal, info, context)
  if crash_hook_shared().pointee.stack_top == 0 {
    _ = reportOrLastResort(record, info, context, thread)
  } else if state.pointee.is_ours != 0 {
    // The report is safe before the application's code runs.
    record.pointee.flags = UInt32(CRASH_RECORD_WILL_DECIDE)
    let result = reportOrLastResort(record, info, context, thread)
    let verdict = askHook(signal, info, context, thread)
    if verdict == CRASH_VERDICT_DISCARD {
      removeMarker()
      // What was made without the handler that would take it back.
      if result != 0 { discardDump() }
    }
    // 1: nobody would hear it.
    if result != 1 { tellVerdict(verdict == CRASH_VERDICT_NONE ? UInt32(CRASH_VERDICT_KEEP) : verdict) }
  } else if askHook(signal, info, context, thread) == CRASH_VERDICT_DISCARD {
    // A foreign handler knows no second thoughts: it is not asked at all.
    removeMarker()
  } else {
    _ = reportOrLastResort(record, info, context, thread)
  }
  crash_call_hook(state.pointee.after_request, signal, info, context)
  releaseScope()
}

/// Waits until the owner has finished, at most as long as a dump may take.
@_noLocks @_noAllocation
private func waitForOwner() {
  let deadline = crash_clock(1) &+ crash_path().pointee.timeout &+ crash_hook_shared().pointee.timeout
  while crash_load32(crash_path_done()) == 0 {
    let left = deadline &- crash_clock(1)
    if left <= 0 { return }
    _ = crash_futex_wait(crash_path_done(), 0, left)
  }
}
