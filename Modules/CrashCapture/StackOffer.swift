// Provides how a thread that existed before the installation takes the alternate stack that is offered to it.
internal import CLinuxShims

/// Whether the signal is no crash but the offer of an alternate stack, made by the installing thread of this process.
/// The offer is taken if it is still there; a late one is ignored. Async-signal-safe.
@_noLocks @_noAllocation
internal func isStackOffer(
  _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>, _ context: UnsafeMutableRawPointer, _ process: Int32
) -> Bool {
  guard signal == CRASH_ADOPTION_SIGNAL, crash_siginfo_code(info) == -1 /* SI_QUEUE */,
    crash_siginfo_pid(info) == process, crash_siginfo_value(info) == crash_path_adoption_value()
  else { return false }
  let thread = UInt64(UInt32(bitPattern: crash_gettid()))
  let adopting: UInt64 = 0xffff_ffff_0000_0000  // CRASH_ADOPTING
  guard crash_exchange64(crash_path_adopter(), thread, adopting) else { return true }

  let offer = crash_path_adoption()
  var result = CRASH_ADOPTED
  var present = crash_stack(base: 0, flags: 0, size: 0)
  let disabled: Int32 = 2  // SS_DISABLE
  if crash_sigaltstack(nil, &present) == 0, present.flags & disabled == 0, present.size >= offer.pointee.size {
    result = CRASH_ADEQUATE
  } else {
    // Not by sigaltstack(2): returning from a signal puts back the stack that stands in the context.
    crash_set_context_stack(context, offer)
  }
  crash_store32(crash_path_adoption_result(), result)
  crash_futex_wake(crash_path_adoption_result())
  return true
}
