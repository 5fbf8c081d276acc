// Provides the stacks on which the hook of a crash runs.
internal import CLinuxShims
internal import LinuxSystem

/// What a hook says about a crash; docs/crash-path.md, "Hooks".
public enum CrashVerdict {
  /// The report is kept as it is.
  public static let keep = UInt32(CRASH_VERDICT_KEEP)
  /// The report is kept, and the event's file has changed.
  public static let changed = UInt32(CRASH_VERDICT_CHANGED)
  /// There is no report.
  public static let discard = UInt32(CRASH_VERDICT_DISCARD)
}

internal enum VerdictHook {
  /// Bytes of the hook's stack: enough for code that is not made for small ones.
  private static let stackSize = 512 * 1024

  /// Without memory for stacks there is no hook, and every crash is reported.
  static func install(_ hook: CrashClient.Hooks.Verdict?, milliseconds: Int64) {
    let state = crash_hook_shared()
    uninstall()
    guard let hook else { return }
    let page = AlternateStack.pageSize
    let alternate = AlternateStack.size
    // Stacks grow downwards: a page without access below each.
    let total = page + stackSize + page + alternate
    let flags = Int32(MAP_PRIVATE) | Int32(MAP_ANONYMOUS) | Int32(MAP_STACK)
    guard let base = mmap(nil, total, PROT_READ | PROT_WRITE, flags, -1, 0), UInt(bitPattern: base) != UInt.max else {
      return
    }
    _ = mprotect(base, page, PROT_NONE)
    _ = mprotect(base + page + stackSize, page, PROT_NONE)
    state.pointee.hook = unsafeBitCast(hook, to: crash_verdict_hook?.self)
    state.pointee.timeout = min(max(milliseconds, 1), 60_000) * 1_000_000
    state.pointee.alternate = crash_stack(
      base: UInt64(UInt(bitPattern: base + page + stackSize + page)), flags: 0, size: UInt64(alternate))
    state.pointee.stack_top = UInt64(UInt(bitPattern: base + page + stackSize))
  }

  /// The stacks stay mapped: a crash may be using them. One start makes one.
  static func uninstall() {
    let state = crash_hook_shared()
    state.pointee.stack_top = 0
    state.pointee.timeout = 0
  }
}
