// Provides reports of signals that the application has caught itself.
internal import CLinuxShims
public import CSentry

/// Does what the crash handler's own signal handler does: a report, then the end by the signal or the handler that was
/// there before. Async-signal-safe.
@implementation @c public func sentry_handle_exception(_ uctx: UnsafePointer<sentry_ucontext_t>?) {
  guard let uctx, let context = uctx.pointee.user_context, crash_load32(crash_path_enabled()) != 0 else { return }
  if let information = uctx.pointee.siginfo {
    crash_signal_handler(uctx.pointee.signum, information, context)
    return
  }
  var information = siginfo_t()
  information.si_signo = uctx.pointee.signum
  crash_signal_handler(uctx.pointee.signum, &information, context)
}
