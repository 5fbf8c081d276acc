// Provides the wait for another thread's crash.
internal import CLinuxShims
internal import LinuxSystem

/// A crash of another thread of this process, while its dump is being made.
internal enum CrashUnderWay {
  /// Waits until the dump is over, at most as long as it may take, and then for the process's death, which is near.
  /// Returns at once when nobody crashes.
  static func wait() {
    let process = UInt64(UInt32(bitPattern: CurrentProcess.id))
    let deadline = MonotonicInstant.now().advanced(milliseconds: crash_path().pointee.timeout / 1_000_000)
    while true {
      let owner = crash_load64(crash_path_owner())
      if owner >> 32 != process || owner & 0xffff_ffff == UInt64(UInt32(bitPattern: linux_gettid())) { return }
      if crash_load32(crash_path_done()) != 0 {
        // The signal is queued and arrives when the handler returns, which on a busy machine may take its time; a process
        // that survives it goes on after this.
        let rest = crash_path().pointee.done_time &+ 2_000_000_000 &- MonotonicInstant.now().nanoseconds
        if rest > 0 { _ = CLinuxShims.poll(nil, 0, Int32(clamping: rest / 1_000_000 + 1)) }
        return
      }
      let left = deadline.millisecondsFromNow()
      if left == 0 { return }
      _ = crash_futex_wait(crash_path_done(), 0, Int64(left) * 1_000_000)
    }
  }

  /// Has `exit(3)` wait. A program that tears down its global objects makes the threads crash that still use them, and
  /// would end in the middle of their dump.
  static func waitAtExit() {
    if crash_path().pointee.at_exit != 0 { return }
    crash_path().pointee.at_exit = 1
    atexit(waitBeforeExit)
  }
}

private func waitBeforeExit() { CrashUnderWay.wait() }
