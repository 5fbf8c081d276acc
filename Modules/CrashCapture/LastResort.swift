// Provides what the crashing thread does when the handler has not helped: it starts another one, or writes a small dump
// itself.
internal import CLinuxShims

private let finished: Int32 = 0
private let noHandler: Int32 = 1

/// Asks the handler for a dump, and does without it where it does not help. Async-signal-safe.
///
/// - Returns: the raw value of the request's `DumpRequestResult`.
@_noLocks @_noAllocation
internal func reportOrLastResort(
  _ record: UnsafeMutablePointer<crash_record>, _ info: UnsafeMutablePointer<siginfo_t>,
  _ context: UnsafeMutableRawPointer, _ thread: Int32
) -> Int32 {
  let result = requestCrashDump(record)
  if result == finished { return result }
  // Nobody will wait for a decision.
  record.pointee.flags = 0
  _ = lastResort(result, info, context, thread, record.pointee.crash_time)
  return result
}

/// Sees to it that there is a report of this crash, after a request for one that went wrong. Async-signal-safe.
///
/// - Parameter result: the raw value of the request's `DumpRequestResult`.
/// - Returns: whether there is one.
@_noLocks @_noAllocation
private func lastResort(
  _ result: Int32, _ info: UnsafeMutablePointer<siginfo_t>, _ context: UnsafeMutableRawPointer, _ thread: Int32,
  _ time: Int64
) -> Bool {
  guard let plan = crash_fallback() else { return false }
  crash_fallback_identify(plan, crash_record_shared())
  // A handler may have died after its work.
  if isComplete(plan) { return true }
  // One that hangs may still hold the other threads: nobody else could trace them.
  if result == noHandler && launchHandler(plan) { return true }
  if isComplete(plan) { return true }
  return writeDump(plan, info, context, thread, time)
}

/// Takes back the dump of a crash that the application does not want reported. What has been sent is sent.
@_noLocks @_noAllocation
internal func discardDump() {
  guard let plan = crash_fallback(), let pending = plan.pointee.pending else { return }
  crash_remove_file(pending)
}

/// Whether the report's dump is whole already: its last bytes, the signature at the start, are there.
@_noLocks @_noAllocation
private func isComplete(_ plan: UnsafePointer<crash_fallback_plan>) -> Bool {
  begins(plan.pointee.unfinished) || begins(plan.pointee.pending) || begins(plan.pointee.completed)
}

@_noLocks @_noAllocation
private func begins(_ path: UnsafePointer<CChar>?) -> Bool {
  guard let path else { return false }
  let opened = crash_open(path, false)
  if opened < 0 { return false }
  let file = Int32(truncatingIfNeeded: opened)
  var signature: UInt32 = 0
  let count = withUnsafeMutablePointer(to: &signature) { crash_read_at(file, $0, 4, 0) }
  crash_close(file)
  return count == 4 && signature == 0x504d_444d
}

/// Starts a handler for this dump alone, as Crashpad's clients do that have none standing by, and waits for its end.
@_noLocks @_noAllocation
private func launchHandler(_ plan: UnsafePointer<crash_fallback_plan>) -> Bool {
  guard let path = plan.pointee.path, let arguments = plan.pointee.arguments,
    let environment = plan.pointee.environment
  else { return false }
  let dumpable = crash_prctl(3, 0)
  if dumpable != 1 { _ = crash_prctl(4, 1) }
  // PR_SET_PTRACER: this process and with it its children.
  _ = crash_prctl(0x5961_6d61, Int(crash_getpid()))
  let child = crash_launch(path, arguments, environment)
  var isDone = false
  if child > 0 {
    let handler = Int32(truncatingIfNeeded: child)
    let end = waitForLaunched(handler, crash_clock(1) &+ crash_path().pointee.timeout)
    isDone = end == LaunchedEnd.well
    if end == LaunchedEnd.late { crash_kill(handler, 9) }
  }
  if dumpable != 1 { _ = crash_prctl(4, 0) }
  return isDone
}
