// Provides how the prepared event and breadcrumbs get into the files that a handler reads.
internal import CLinuxShims

/// Writes the last complete event and the breadcrumbs to their files. Async-signal-safe.
///
/// Nothing is put together here: the bytes lie in memory as they go into the files. Where there is no room for a file,
/// its name becomes a link to memory of this process, which lives as long as the handler reads.
@_noLocks @_noAllocation
internal func placeScope(_ process: Int32, _ record: UnsafeMutablePointer<crash_record>) {
  let scope = crash_scope()
  if crash_load32(crash_scope_has_paths(scope)) == 0 { return }
  crash_store32(crash_scope_frozen(scope), 1)
  // Other threads still run; one that was in the middle of a change finishes it. Then it is written once more.
  var round = 0
  while round < 3 {
    let sequence = crash_load32(crash_scope_sequence(scope))
    if sequence == 0 { return }
    let event = crash_scope_event(scope, sequence)
    // A child that was forked and did not say so: its crash is another one than its parent's.
    let identifierEnd = UInt64(CRASH_EVENT_ID_OFFSET + CRASH_EVENT_ID_LENGTH)
    if scope.pointee.owner != process, event.pointee.count >= identifierEnd {
      crash_renew_identifier(event.pointee.address, record)
    }
    place(event, 0, process)
    place(crash_scope_trail(scope, 0), 1, process)
    place(crash_scope_trail(scope, 1), 2, process)
    if crash_load32(crash_scope_sequence(scope)) == sequence { return }
    round += 1
  }
}

/// The process lives on. Async-signal-safe.
@_noLocks @_noAllocation
internal func releaseScope() { crash_store32(crash_scope_frozen(crash_scope()), 0) }

@_noLocks @_noAllocation
private func place(_ bytes: UnsafeMutablePointer<crash_bytes>, _ file: UInt32, _ process: Int32) {
  // The count first: whatever the address is then, so many bytes are there.
  let count = crash_load64(crash_bytes_count(bytes))
  let address = crash_load64(crash_bytes_address(bytes))
  let path = crash_scope_path(crash_scope(), file)
  let descriptor = crash_open_for_writing(path)
  if descriptor >= 0 {
    let isWhole = write(descriptor, address, count) && crash_truncate(descriptor, count) == 0
    crash_close(Int32(truncatingIfNeeded: descriptor))
    if isWhole { return }
  }
  if count == 0 { return }
  let memory = crash_memory_file()
  // Left open: the link leads to it.
  if memory >= 0, write(memory, address, count), crash_link_descriptor(path, process, memory) == 0 {
    crash_scope().pointee.in_memory &+= 1
  }
}

@_noLocks @_noAllocation
private func write(_ descriptor: Int, _ address: UInt64, _ count: UInt64) -> Bool {
  var written: UInt64 = 0
  while written < count {
    let result = crash_write(descriptor, address &+ written, count &- written)
    if result == -4 { continue }
    if result <= 0 { return false }
    written &+= UInt64(result)
  }
  return true
}
