// Provides the way back: what was installed before, and the signal as it was.
internal import CLinuxShims

/// Puts the previous action of `signal` back and queues the original signal again, which is delivered when the handler
/// returns: an earlier handler sees the same `siginfo_t`, and without one the process dies of the signal it got, with
/// its core dump and its wait status. Async-signal-safe.
@_noLocks @_noAllocation
internal func passOn(
  _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>, _ process: Int32, _ thread: Int32
) {
  if crash_rt_sigaction(signal, crash_path_previous(signal), nil) != 0 { restoreDefault(signal) }
  requeue(signal, info, process, thread)
}

/// Async-signal-safe.
@_noLocks @_noAllocation
internal func restoreDefault(_ signal: Int32) {
  var action = crash_signal_action(handler: 0, flags: 0, restorer: 0, mask: 0)
  if crash_rt_sigaction(signal, &action, nil) != 0 { crash_exit(191) }
}

@_noLocks @_noAllocation
internal func requeue(
  _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>, _ process: Int32, _ thread: Int32
) {
  let result = crash_requeue(process, thread, signal, info)
  if result == 0 { return }
  // EPERM: kernels before 3.9, or a filter. A fault comes again by itself when its instruction is retried.
  let code = crash_siginfo_code(info)
  if result == -1 && isFault(signal) && code > 0 && code != 0x80 { return }
  crash_exit(191)
}
