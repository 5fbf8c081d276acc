// Provides the installation of the crash handler for all crash signals, and its removal.
internal import CLinuxShims
internal import LinuxSystem

internal enum SignalActions {
  /// The signals that mean a crash, as Crashpad has them.
  static let crashSignals: [Int32] = [
    SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGSYS, SIGTRAP, SIGXCPU, SIGXFSZ,
  ]

  /// Those that a program may have chosen to ignore: a shell does so with SIGQUIT for a background job, servers do so
  /// with SIGXFSZ. A report and a death would be worse than what they asked for.
  private static let ignorable: [Int32] = [SIGQUIT, SIGXCPU, SIGXFSZ]

  /// Installs the crash handler. Signals in `excluded` are left alone.
  ///
  /// - Returns: the signals for which it failed.
  static func install(excluding excluded: [Int32]) -> [Int32] {
    var failed: [Int32] = []
    let state = crash_path()
    for signal in crashSignals where !excluded.contains(signal) {
      if ignorable.contains(signal) && crash_action_is_ignored(signal) { continue }
      if crash_install_action(signal, 0, crash_path_previous(signal)) == 0 {
        state.pointee.installed |= crash_signal_bit(signal)
      } else {
        failed.append(signal)
      }
    }
    return failed
  }

  /// Installs the handler of stack offers, so that interrupted system calls of other threads go on by themselves.
  static func installForOffers() -> Bool {
    let signal = CRASH_ADOPTION_SIGNAL
    guard crash_install_action(signal, SA_RESTART, crash_path_previous(signal)) == 0 else { return false }
    crash_path().pointee.installed |= crash_signal_bit(signal)
    return true
  }

  /// Puts back what was there before, where our handler is still the current one. Where somebody has installed theirs
  /// on top, ours stays below it and passes signals on.
  static func uninstall() {
    let state = crash_path()
    for signal in crashSignals where state.pointee.installed & crash_signal_bit(signal) != 0 {
      guard crash_action_is_installed(signal) else { continue }
      if signal == CRASH_ADOPTION_SIGNAL { discardOffers() }
      if crash_rt_sigaction(signal, crash_path_previous(signal), nil) == 0 {
        state.pointee.installed &= ~crash_signal_bit(signal)
      }
    }
  }

  /// Takes back stack offers that have not arrived: a thread may have waited for a disk all the time, or have blocked
  /// signals while it started a process. A client that ended soon after its start left the signal to the kernel's default,
  /// and the program died of it. What is pending in any thread is gone when a signal becomes one that is ignored
  /// (signal(7)).
  private static func discardOffers() {
    var ignored = crash_signal_action(handler: 1, flags: 0, restorer: 0, mask: 0)
    _ = crash_rt_sigaction(CRASH_ADOPTION_SIGNAL, &ignored, nil)
  }
}
