// Provides alternate stacks for threads that existed before the client.
internal import CLinuxShims
internal import LinuxSystem

/// Offers each other thread of the process a stack, by a signal that it handles itself.
internal enum StackOffers {
  private static let perThread: Int64 = 500
  private static let altogether: Int64 = 1000

  /// Goes through all threads once. Those that block the signal or do not answer in time stay as they are; health names
  /// them. The crash handler must be installed for `CRASH_ADOPTION_SIGNAL`.
  static func makeToOtherThreads() {
    let process = CurrentProcess.id
    let known = ThreadStackRegistry.threads
    let deadline = MonotonicInstant.now().advanced(milliseconds: altogether)
    for thread in CurrentProcess.threads where thread != linux_gettid() && !known.contains(thread) {
      if deadline.millisecondsFromNow() == 0 { return }
      if CurrentProcess.isBlocked(CRASH_ADOPTION_SIGNAL, in: thread) { continue }
      offer(to: thread, in: process)
    }
  }

  private static func offer(to thread: Int32, in process: Int32) {
    let entry = ThreadStackRegistry.acquire(for: thread)
    guard AlternateStack.map(into: entry) else {
      ThreadStackRegistry.free(entry)
      return
    }
    entry.pointee.adopted = 1
    let number = UInt64(UInt32(bitPattern: thread))
    crash_path_adoption().pointee = AlternateStack.usable(entry)
    crash_store32(crash_path_adoption_result(), 0)
    crash_store64(crash_path_adopter(), number)
    var result: UInt32 = 0
    if crash_send_stack_offer(process, thread) == 0 {
      result = answer(milliseconds: perThread)
      if result == 0, !crash_exchange64(crash_path_adopter(), number, 0) {
        // The thread is just taking it; that ends soon, it holds nothing up.
        while result == 0 { result = answer(milliseconds: 10) }
      }
    }
    crash_store64(crash_path_adopter(), 0)
    if result == CRASH_ADOPTED { return }
    AlternateStack.unmap(entry)
    if result != CRASH_ADEQUATE { ThreadStackRegistry.free(entry) }
  }

  private static func answer(milliseconds: Int64) -> UInt32 {
    let deadline = MonotonicInstant.now().advanced(milliseconds: milliseconds)
    while true {
      let result = crash_load32(crash_path_adoption_result())
      let left = deadline.millisecondsFromNow()
      if result != 0 || left == 0 { return result }
      _ = crash_futex_wait(crash_path_adoption_result(), 0, Int64(left) * 1_000_000)
    }
  }
}
