// Provides the limits under which a dump is walked.
internal import CLinuxShims

/// Limits that the process puts on itself before it looks at the dump.
enum Limits {
  /// After `seconds` SIGALRM ends the process; other limits stop it from taking the machine along.
  ///
  /// Sources: `setrlimit(2)`, `alarm(2)`.
  static func apply(seconds: UInt32) {
    linux_lower_limit(RLIMIT_CPU, rlim_t(seconds))
    // Files are mapped and cost address space only; what is allocated counts as data.
    linux_lower_limit(RLIMIT_AS, 32 << 30)
    linux_lower_limit(RLIMIT_DATA, 3 << 30)
    linux_lower_limit(RLIMIT_NOFILE, 512)
    linux_lower_limit(RLIMIT_FSIZE, 1 << 30)
    // A dump of the walker would be about the wrong crash.
    linux_lower_limit(RLIMIT_CORE, 0)
    // All zero is SIG_DFL; a caller may have had the signal ignored or blocked.
    var action = sigaction()
    _ = sigaction(SIGALRM, &action, nil)
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGALRM)
    _ = sigprocmask(SIG_UNBLOCK, &set, nil)
    _ = alarm(seconds)
  }
}
