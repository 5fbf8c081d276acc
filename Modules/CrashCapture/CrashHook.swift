// Provides the application's hook: called in the crashing thread, and given up when it crashes or takes too long.
internal import CLinuxShims

/// Asks the hook about this crash, on a stack of its own and under a timer. What it does is its own affair; the rest of
/// the crash path is async-signal-safe.
///
/// - Returns: a `CRASH_VERDICT_`; `CRASH_VERDICT_NONE` when the hook crashed or did not come to an end in time.
@_noLocks @_noAllocation
internal func askHook(
  _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>, _ context: UnsafeMutableRawPointer, _ thread: Int32
) -> UInt32 {
  let hook = crash_hook_shared()
  hook.pointee.signal = signal
  hook.pointee.info = info
  hook.pointee.context = context
  hook.pointee.was_given_up = 0
  // A fault in the hook, and the timer, must get through: the crash's own signal is blocked by now.
  let installed = crash_path().pointee.installed
  let mask = crash_rt_sigprocmask(1, installed)
  crash_store32(crash_hook_thread(), UInt32(bitPattern: thread))
  let timer = crash_arm_timer(thread, timerSignal(installed), hook.pointee.timeout)
  let verdict = crash_call_hook_protected(hook)
  crash_store32(crash_hook_thread(), 0)
  crash_disarm_timer(timer)
  _ = crash_rt_sigprocmask(2, mask)
  return verdict
}

/// Whether the signal ends the hook that this thread is in, or is a timer's that came too late. Async-signal-safe.
@_noLocks @_noAllocation
internal func isHookEvent(
  _ info: UnsafeMutablePointer<siginfo_t>, _ context: UnsafeMutableRawPointer, _ thread: Int32
) -> Bool {
  if crash_load32(crash_hook_thread()) == UInt32(bitPattern: thread) {
    crash_store32(crash_hook_thread(), 0)
    crash_give_up_hook(context)
    return true
  }
  return crash_siginfo_code(info) == -2 /* SI_TIMER */ && crash_siginfo_value(info) == crash_hook_timer_value()
}

/// A crash signal whose handler is ours: SIGSYS, which nobody blocks, or else the first one.
@_noLocks @_noAllocation
private func timerSignal(_ installed: UInt64) -> Int32 {
  if installed & crash_signal_bit(CRASH_ADOPTION_SIGNAL) != 0 { return CRASH_ADOPTION_SIGNAL }
  var signal: Int32 = 1
  while signal < 31 {
    if installed & crash_signal_bit(signal) != 0 { return signal }
    signal &+= 1
  }
  return CRASH_ADOPTION_SIGNAL
}

/// This was no crash after all. Async-signal-safe.
@_noLocks @_noAllocation
internal func removeMarker() {
  if crash_path().pointee.marker != 0 { crash_remove_file(crash_path_marker()) }
}
