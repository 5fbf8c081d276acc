// Provides the dump that the crashing thread writes itself: its registers, its stack, the modules that were known, and
// the memory map. Other threads cannot be seen from here.
internal import CLinuxShims

/// Bytes of stack that are kept, from the stack pointer upwards.
private let stackLimit: UInt64 = 256 << 10
/// How far above the stack pointer the stack may begin to be readable: an overflow ends in the guard below it.
private let guardLimit: UInt64 = 1 << 20
/// Bytes of `/proc/self/maps`, and of one attachment.
private let textLimit: UInt64 = 8 << 20
private let attachmentLimit: UInt64 = 16 << 20
/// What compilers use below the stack pointer.
private let redZone: UInt64 = 128

/// Writes the dump and the files that go with it. Async-signal-safe: static storage, system calls, no more.
///
/// The signature is the last thing that is written, then the file takes its name: a reader finds all of it or nothing.
///
/// - Returns: whether it is there.
@_noLocks @_noAllocation
internal func writeDump(
  _ plan: UnsafePointer<crash_fallback_plan>, _ info: UnsafeMutablePointer<siginfo_t>,
  _ context: UnsafeMutableRawPointer, _ thread: Int32, _ time: Int64
) -> Bool {
  guard crash_fallback_is_possible(), let temporary = plan.pointee.temporary, let pending = plan.pointee.pending,
    let prepared = plan.pointee.prepared
  else { return false }
  let leftOut = plan.pointee.left_out
  if leftOut & CRASH_FALLBACK_NOTHING != 0 { return false }
  let opened = crash_create(temporary)
  if opened < 0 { return false }
  let file = Int32(truncatingIfNeeded: opened)

  let start = UInt64(crash_fallback_prepared_offset())
  let mapsOffset = (start &+ plan.pointee.prepared_size &+ 15) & ~15
  let mapsSize =
    leftOut & CRASH_FALLBACK_NO_MAP != 0
    ? 0 : copyText(crash_fallback_maps_path(), to: file, at: mapsOffset, limit: textLimit)
  let stackOffset = (mapsOffset &+ mapsSize &+ 15) & ~15
  let stack = stackStart(context)
  let stackSize =
    leftOut & CRASH_FALLBACK_STACK_DATA != 0
    ? copySanitizedStack(plan, prepared, from: stack, to: file, at: stackOffset)
    : copyStack(plan, from: stack, to: file, at: stackOffset)
  crash_fallback_fill(
    plan, info, context, crash_getpid(), thread, time, stack, UInt32(truncatingIfNeeded: stackSize),
    UInt32(truncatingIfNeeded: stackOffset), UInt32(truncatingIfNeeded: mapsSize),
    UInt32(truncatingIfNeeded: mapsOffset))

  var isWritten = write(crash_address(prepared), Int(plan.pointee.prepared_size), to: file, at: start)
  isWritten = isWritten && write(crash_fallback_records_address(), crash_fallback_records_size(), to: file, at: 32)
  // A dump without a stack ends with its map, or before: the file reaches as far as its directory says all the same.
  if isWritten { copyAttachments(plan) }
  isWritten = isWritten && write(crash_fallback_header_address(), 32, to: file, at: 0)
  crash_close(file)
  if !isWritten || crash_rename(temporary, pending) != 0 {
    crash_remove_file(temporary)
    return false
  }
  return true
}

/// Where the readable stack begins; 0 when there is none.
@_noLocks @_noAllocation
private func stackStart(_ context: UnsafeMutableRawPointer) -> UInt64 {
  let pointer = (crash_context_stack_pointer(context) &- redZone) & ~15
  if crash_can_read(pointer) { return pointer }
  var page = (pointer & ~4095) &+ 4096
  let end = page &+ guardLimit
  while page < end {
    if crash_can_read(page) { return page }
    page = page &+ 4096
  }
  return 0
}

/// Bytes of stack that were written.
@_noLocks @_noAllocation
private func copyStack(
  _ plan: UnsafePointer<crash_fallback_plan>, from start: UInt64, to file: Int32, at offset: UInt64
) -> UInt64 {
  if start == 0 { return 0 }
  var copied: UInt64 = 0
  while copied < stackLimit {
    let address = start &+ copied
    let count = pieceSize(address, plan)
    if count <= 0 { break }
    let written = crash_write_at(file, address, count, offset &+ copied)
    if written == -4 { continue }
    if written <= 0 { break }
    copied = copied &+ UInt64(written)
  }
  return copied
}

/// Bytes up to the end of a page: what is behind it may be somebody else's, or nobody's. Or up to the environment.
@_noLocks @_noAllocation
private func pieceSize(_ address: UInt64, _ plan: UnsafePointer<crash_fallback_plan>) -> Int {
  let count = 4096 &- address & 4095
  let end = plan.pointee.environment_start & ~7
  // Only of the stack that it lies on.
  return end >= address && end &- address < count ? Int(end &- address) : Int(count)
}

/// Bytes of stack that were written, as a handler writes them for a client with rules: small words and those that point
/// into a module or this stack stay, others are overwritten before they leave memory.
@_noLocks @_noAllocation
private func copySanitizedStack(
  _ plan: UnsafePointer<crash_fallback_plan>, _ prepared: UnsafeRawPointer, from start: UInt64, to file: Int32,
  at offset: UInt64
) -> UInt64 {
  if start == 0 { return 0 }
  let buffer = crash_fallback_buffer()
  var copied: UInt64 = 0
  while copied < stackLimit {
    let address = start &+ copied
    let count = pieceSize(address, plan)
    // One byte tells for its page.
    guard count > 0, crash_can_read(address), let source = UnsafeRawPointer(bitPattern: UInt(address)) else { break }
    var position = 0
    while position < count {
      var word = source.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      if !isAddress(word, plan, prepared, stack: start) { word = filler }
      crash_put64(buffer, position, word)
      position = position &+ 8
    }
    if !write(crash_address(buffer), count, to: file, at: offset &+ copied) { break }
    copied = copied &+ UInt64(count)
  }
  return copied
}

/// What stands for a word that was taken out, as in every dump with rules.
private let filler: UInt64 = 0x0def_aced_0def_aced

@_noLocks @_noAllocation
private func isAddress(
  _ word: UInt64, _ plan: UnsafePointer<crash_fallback_plan>, _ prepared: UnsafeRawPointer, stack: UInt64
) -> Bool {
  if word <= 4096 || word &- stack < stackLimit { return true }
  // The plan's list of modules: a count, then records of 108 bytes with base and size.
  let list = prepared + Int(plan.pointee.module_list &- crash_fallback_prepared_offset())
  let count = Int(list.loadUnaligned(as: UInt32.self))
  var index = 0
  while index < count {
    let record = list + (4 &+ index &* 108)
    let base = record.loadUnaligned(as: UInt64.self)
    let size = UInt64(record.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    if word &- base < size { return true }
    index = index &+ 1
  }
  return false
}

/// Copies a text of the kernel. Its size.
@_noLocks @_noAllocation
private func copyText(_ path: UnsafeRawPointer, to file: Int32, at offset: UInt64, limit: UInt64) -> UInt64 {
  let opened = crash_open(path, false)
  if opened < 0 { return 0 }
  let source = Int32(truncatingIfNeeded: opened)
  let buffer = crash_fallback_buffer()
  var copied: UInt64 = 0
  while copied < limit {
    let count = crash_read(source, buffer, 4096)
    if count == -4 { continue }
    if count <= 0 || !write(crash_address(buffer), count, to: file, at: offset &+ copied) { break }
    copied = copied &+ UInt64(count)
  }
  crash_close(source)
  return copied
}

/// Copies the files of the plan; what cannot be copied is left out.
@_noLocks @_noAllocation
private func copyAttachments(_ plan: UnsafePointer<crash_fallback_plan>) {
  guard let folder = plan.pointee.attachments, let copies = plan.pointee.copies else { return }
  _ = crash_make_directory(folder)
  var index = 0
  while index < Int(truncatingIfNeeded: plan.pointee.copy_count) {
    let copy = copies + index
    let created = crash_create(copy.pointee.target)
    if created >= 0 {
      let file = Int32(truncatingIfNeeded: created)
      _ = copyText(copy.pointee.source, to: file, at: 0, limit: attachmentLimit)
      crash_close(file)
    }
    index = index &+ 1
  }
}

/// Writes all bytes, or says that it could not.
@_noLocks @_noAllocation
private func write(_ address: UInt64, _ count: Int, to file: Int32, at offset: UInt64) -> Bool {
  var done = 0
  while done < count {
    let written = crash_write_at(file, address &+ UInt64(done), count &- done, offset &+ UInt64(done))
    if written == -4 { continue }
    if written <= 0 { return false }
    done = done &+ written
  }
  return true
}
