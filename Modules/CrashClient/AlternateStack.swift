// Provides alternate signal stacks: without one, a thread that overflows its stack dies without a report.
internal import CLinuxShims
internal import LinuxSystem

/// The alternate signal stack of a thread: our mapping with a guard page on each side, or the thread's own if that is
/// large enough.
///
/// All entry points may be called on any thread at any time, but not in a signal handler.
internal enum AlternateStack {
  /// Bytes that the handler gets: what the kernel needs for this machine's registers, and 64 KiB, in whole pages.
  static let size: Int = {
    let kernel = Int(clamping: getauxval(UInt(AT_MINSIGSTKSZ)))
    let page = pageSize
    return (max(kernel, 2048) + 65_536 + page - 1) / page * page
  }()

  static var pageSize: Int { max(4096, Int(getpagesize())) }

  /// Gives the calling thread a stack, unless it has one that is large enough. `false` when there is no memory for it.
  @discardableResult
  static func installForCurrentThread() -> Bool {
    let stacks = crash_thread_stacks_shared()
    if stacks.pointee.has_key == 0 || pthread_getspecific(stacks.pointee.key) != nil { return true }
    var present = crash_stack(base: 0, flags: 0, size: 0)
    if crash_sigaltstack(nil, &present) != 0 { return false }
    let entry = ThreadStackRegistry.acquire(for: linux_gettid())
    entry.pointee.previous = present
    if isAdequate(present) || use(entry) {
      if pthread_setspecific(stacks.pointee.key, entry) == 0 { return true }
    }
    release(entry)
    return false
  }

  /// Whether the calling thread is known to have one; also in a forked child, where it has another number.
  static var currentThreadHasOne: Bool {
    let stacks = crash_thread_stacks_shared()
    return stacks.pointee.has_key != 0 && pthread_getspecific(stacks.pointee.key) != nil
  }

  private static func isAdequate(_ stack: crash_stack) -> Bool {
    stack.flags & Int32(SS_DISABLE) == 0 && stack.size >= UInt64(size)
  }

  private static func use(_ entry: UnsafeMutablePointer<crash_thread_stack>) -> Bool {
    guard map(into: entry) else { return false }
    var stack = usable(entry)
    return crash_sigaltstack(&stack, nil) == 0
  }

  /// A mapping for `entry`: no access at both ends, so that an overflow of this stack too is a clean fault.
  static func map(into entry: UnsafeMutablePointer<crash_thread_stack>) -> Bool {
    let total = size + 2 * pageSize
    let flags = Int32(MAP_PRIVATE) | Int32(MAP_ANONYMOUS) | Int32(MAP_STACK)
    guard let base = mmap(nil, total, PROT_NONE, flags, -1, 0), UInt(bitPattern: base) != UInt.max else {
      return false
    }
    entry.pointee.mapping = UInt64(UInt(bitPattern: base))
    entry.pointee.mapping_size = UInt64(total)
    return mprotect(base + pageSize, size, PROT_READ | PROT_WRITE) == 0
  }

  /// The part of the mapping between the guards.
  static func usable(_ entry: UnsafeMutablePointer<crash_thread_stack>) -> crash_stack {
    crash_stack(base: entry.pointee.mapping + UInt64(pageSize), flags: 0, size: UInt64(size))
  }

  /// Takes the stack away from the calling thread, puts back what it had, and gives memory and entry free.
  static func release(_ entry: UnsafeMutablePointer<crash_thread_stack>) {
    if entry.pointee.mapping != 0 {
      var present = crash_stack(base: 0, flags: 0, size: 0)
      let ours = usable(entry).base
      if crash_sigaltstack(nil, &present) == 0, present.base == ours {
        var previous = entry.pointee.previous
        previous.flags &= Int32(SS_DISABLE)
        _ = crash_sigaltstack(&previous, nil)
      }
      unmap(entry)
    }
    ThreadStackRegistry.free(entry)
  }

  static func unmap(_ entry: UnsafeMutablePointer<crash_thread_stack>) {
    if entry.pointee.mapping == 0 { return }
    munmap(UnsafeMutableRawPointer(bitPattern: UInt(entry.pointee.mapping)), Int(entry.pointee.mapping_size))
    entry.pointee.mapping = 0
  }

  /// Makes the key by whose destructor a thread's end is known. Once in a process.
  static func prepare() throws(Errno) {
    let stacks = crash_thread_stacks_shared()
    if stacks.pointee.has_key != 0 { return }
    let failure = pthread_key_create(&stacks.pointee.key, threadEnds)
    if failure != 0 { throw Errno(rawValue: failure) }
    stacks.pointee.has_key = 1
  }
}

/// The destructor of a thread's entry. Destructors of other libraries may crash too, so the stack stays for the first
/// rounds of them; `PTHREAD_DESTRUCTOR_ITERATIONS` is 4.
private func threadEnds(_ value: UnsafeMutableRawPointer?) {
  guard let value else { return }
  let entry = value.assumingMemoryBound(to: crash_thread_stack.self)
  entry.pointee.rounds += 1
  if entry.pointee.rounds < 3, pthread_setspecific(crash_thread_stacks_shared().pointee.key, value) == 0 { return }
  AlternateStack.release(entry)
}

/// What a new thread does before its start routine.
internal func threadStarts() { AlternateStack.installForCurrentThread() }
