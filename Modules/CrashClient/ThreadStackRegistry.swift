// Provides the list of threads whose alternate stack is known.
internal import CLinuxShims
internal import LinuxSystem

/// Entries of threads, in a list that only grows; an entry whose thread has ended is used again. No lock, so that a
/// fork in the middle of a change leaves nothing locked.
internal enum ThreadStackRegistry {
  typealias Entry = UnsafeMutablePointer<crash_thread_stack>

  /// An entry that belongs to `thread` from now on, without a mapping.
  static func acquire(for thread: Int32) -> Entry {
    let number = UInt64(UInt32(bitPattern: thread))
    var candidate = first
    while let entry = candidate {
      candidate = next(entry)
      let owner = crash_load64(crash_thread_stack_thread(entry))
      if owner != 0 && !(entry.pointee.adopted != 0 && hasEnded(owner)) { continue }
      if crash_exchange64(crash_thread_stack_thread(entry), owner, number) {
        AlternateStack.unmap(entry)
        reset(entry)
        return entry
      }
    }
    let entry = Entry.allocate(capacity: 1)
    entry.initialize(to: crash_thread_stack())
    entry.pointee.thread = number
    let head = crash_thread_stacks_first()
    while true {
      let old = crash_load64(head)
      entry.pointee.next = old
      if crash_exchange64(head, old, UInt64(UInt(bitPattern: entry))) { return entry }
    }
  }

  static func free(_ entry: Entry) {
    reset(entry)
    crash_store64(crash_thread_stack_thread(entry), 0)
  }

  /// The threads that have an adequate stack.
  static var threads: [Int32] {
    var result: [Int32] = []
    var entry = first
    while let present = entry {
      let number = crash_load64(crash_thread_stack_thread(present))
      if number != 0 { result.append(Int32(truncatingIfNeeded: number)) }
      entry = next(present)
    }
    return result
  }

  private static var first: Entry? { pointer(crash_load64(crash_thread_stacks_first())) }
  private static func next(_ entry: Entry) -> Entry? { pointer(entry.pointee.next) }
  private static func pointer(_ address: UInt64) -> Entry? { Entry(bitPattern: UInt(address)) }

  private static func reset(_ entry: Entry) {
    entry.pointee.previous = crash_stack(base: 0, flags: Int32(SS_DISABLE), size: 0)
    entry.pointee.adopted = 0
    entry.pointee.rounds = 0
  }

  private static func hasEnded(_ thread: UInt64) -> Bool {
    linux_tgkill(CurrentProcess.id, Int32(truncatingIfNeeded: thread), 0) != 0 && Errno.current == .noSuchProcess
  }
}
