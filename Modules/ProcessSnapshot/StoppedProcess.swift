// Provides a process with all of its threads stopped, and that goes on when the value's life ends.
internal import CLinuxShims
internal import LinuxSystem

/// A process whose threads are stopped by ptrace. Nothing is ever written into it.
///
/// All threads are seized and interrupted in one batch and waited for afterwards, again until no new thread shows up: the
/// picture is consistent, and the stop of a process with thousands of threads takes milliseconds. Signals that were under
/// way are delivered when the process goes on; a process that job control had stopped stays stopped.
///
/// Not thread safe: made, used and destroyed on one OS thread, since the kernel ties ptrace to it. Let that thread end
/// after the capture where a thread of the process would not stop (`unstoppedThreads`): that frees it for certain.
public struct StoppedProcess: ~Copyable {
  public let processID: Int32
  /// Stopped threads: the main thread first when it lives, the others in the order of `/proc/PID/task`.
  public let threadIDs: [Int32]
  /// Threads that did not stop in time: in uninterruptible sleep, such as the parent in vfork(2).
  public let unstoppedThreads: [Int32]
  /// Threads that could not be stopped.
  public let softErrors: [SoftError]
  private var threads: [TracedThread]
  /// Its end belongs to whoever waits for it here.
  private let isOwnChild: Bool

  /// A stopped thread through which `/proc` and memory are read: the main thread unless it has exited.
  public var representative: Int32 { threadIDs.first ?? processID }

  /// Stops the process.
  ///
  /// - Parameters:
  ///   - timeout: milliseconds to wait for threads to stop.
  ///   - known: threads that are known otherwise, for where `/proc` does not show them.
  public static func stop(
    _ process: Int32, timeout: Int64 = 2000, known: [Int32] = []
  ) throws(ProcessSnapshotError) -> StoppedProcess {
    try stop(process, timeout: timeout, known: known, status: nil)
  }

  /// - Parameter status: the process's file of that name, where somebody has read it.
  static func stop(
    _ process: Int32, timeout: Int64 = 2000, known: [Int32], status: [UInt8]?
  ) throws(ProcessSnapshotError) -> StoppedProcess {
    var seizure = Seizure(process, known, status)
    do throws(ProcessSnapshotError) {
      try seizure.run(until: MonotonicInstant.now().advanced(milliseconds: timeout))
    } catch {
      seizure.release()
      throw error
    }
    return StoppedProcess(seizure)
  }

  private init(_ seizure: consuming Seizure) {
    processID = seizure.process
    threads = seizure.threads
    softErrors = seizure.softErrors
    isOwnChild = seizure.isOwnChild
    let stopped = threads.filter { $0.state == .stopped }.map { $0.threadID }
    threadIDs = stopped.filter { $0 == seizure.process } + stopped.filter { $0 != seizure.process }
    unstoppedThreads = threads.filter { $0.state == .running }.map { $0.threadID }
  }

  deinit { Seizure.release(threads, process: processID, isOwnChild: isOwnChild) }

  /// Lets the process go on. The same happens when the value goes away.
  public consuming func detach() {}
}

/// The stopping of a process, step by step.
private struct Seizure {
  /// A process that creates threads faster than they are seized does not exist; a bound is needed all the same.
  private static let rounds = 100

  let process: Int32
  private(set) var threads: [TracedThread] = []
  private(set) var softErrors: [SoftError] = []
  private var known: Set<Int32> = []
  private let told: [Int32]
  private let signals = ChildSignals()
  let isOwnChild: Bool

  init(_ process: Int32, _ told: [Int32], _ status: [UInt8]?) {
    self.process = process
    self.told = told
    let status = status ?? (try? ProcFile(process: process, thread: process).read("status", limit: 1 << 20)) ?? []
    isOwnChild = StatusFile(status).numbers("PPid")?.first == UInt64(getpid())
  }

  mutating func run(until deadline: MonotonicInstant) throws(ProcessSnapshotError) {
    guard process > 0 else {
      throw ProcessSnapshotError(.noSuchProcess, processID: process, "there is no process with this id")
    }
    guard process != getpid() else {
      throw ProcessSnapshotError(
        .ownProcess, processID: process, "a process cannot stop itself: capture it from another process")
    }
    var refusal: Errno?
    signals.block()
    defer { signals.unblock() }
    for _ in 0..<Self.rounds {
      var found = false
      for thread in try list() where known.insert(thread).inserted {
        found = true
        do throws(Errno) {
          threads.append(try TracedThread.seize(thread))
        } catch {
          if error == .noSuchProcess || hasEnded(thread) { continue }
          // The first thread's answer is everybody's, except where a debugger holds a single one.
          refusal = error
          if threads.isEmpty { throw explain(error) }
          softErrors.append(SoftError("threads", "thread \(thread) cannot be traced: \(error)"))
        }
      }
      let complete = waitForStops(until: deadline)
      // Only when all are stopped can nobody make a new one.
      if (!found && complete) || deadline < MonotonicInstant.now() { break }
    }
    for thread in threads where thread.state == .running {
      softErrors.append(SoftError("threads", "thread \(thread.threadID) did not stop in time"))
    }
    if threads.contains(where: { $0.state == .stopped }) { return }
    if threads.contains(where: { $0.state == .running }) {
      throw ProcessSnapshotError(
        .notStopped, processID: process, "no thread stopped in time: the process waits inside the kernel; try again")
    }
    if let refusal { throw explain(refusal) }
    throw ProcessSnapshotError(.noSuchProcess, processID: process, "the process has ended")
  }

  private func list() throws(ProcessSnapshotError) -> [Int32] {
    do throws(Errno) {
      let threads = try ProcFile.threads(of: process)
      return threads.filter { $0 == process } + threads.filter { $0 != process }
    } catch {
      if kill(process, 0) < 0, Errno.current == .noSuchProcess {
        throw ProcessSnapshotError(
          .noSuchProcess, processID: process, underlying: .noSuchProcess, "there is no process with this id")
      }
      // Without /proc the main thread is all that is known, unless somebody has told.
      return [process] + told.filter { $0 != process && $0 > 0 }
    }
  }

  private func hasEnded(_ thread: Int32) -> Bool {
    guard let text = try? ProcFile(process: process, thread: thread).read("stat", limit: 65536) else {
      // /proc may be missing, or hide it.
      return linux_tgkill(process, thread, 0) != 0 && Errno.current == .noSuchProcess
    }
    return ThreadStatistics(text)?.hasEnded ?? false
  }

  /// - Returns: whether no thread runs any more.
  private mutating func waitForStops(until deadline: MonotonicInstant) -> Bool {
    var complete = true
    // One after the other: looking at all of them whenever one has stopped would take the square of their number.
    for index in threads.indices where threads[index].state == .running {
      if !waitForStop(index, until: deadline) { complete = false }
    }
    return complete
  }

  private mutating func waitForStop(_ index: Int, until deadline: MonotonicInstant) -> Bool {
    var pause = 20
    while true {
      threads[index].poll()
      if threads[index].state != .running { return true }
      // An exited leader that others outlive never reports anything.
      if pause > 1000, hasEnded(threads[index].threadID) {
        threads[index].markEnded()
        return true
      }
      if deadline < MonotonicInstant.now() { return false }
      if !signals.waitForChild(microseconds: pause) { pause = min(pause * 2, 2000) }
    }
  }

  private func explain(_ error: Errno) -> ProcessSnapshotError {
    let status = StatusFile((try? ProcFile(process: process, thread: process).read("status", limit: 1 << 20)) ?? [])
    if let tracer = status.numbers("TracerPid")?.first, tracer != 0 {
      return ProcessSnapshotError(
        .alreadyTraced, processID: process, underlying: error,
        "process \(tracer) traces it already; end that debugger or tracer first")
    }
    var scanner = TextScanner((try? FileSystem.read("/proc/sys/kernel/yama/ptrace_scope", limit: 64)) ?? [])
    let scope = scanner.number() ?? 0
    let advice: String
    if scope >= 3 {
      advice = "kernel.yama.ptrace_scope is \(scope), which forbids ptrace to everybody until the next boot"
    } else if scope == 2 {
      advice = "kernel.yama.ptrace_scope is 2: run with CAP_SYS_PTRACE"
    } else if let user = status.numbers("Uid")?.first, user != UInt64(geteuid()), geteuid() != 0 {
      advice = "it belongs to user \(user): run as that user or with CAP_SYS_PTRACE"
    } else if scope == 1 {
      advice =
        "kernel.yama.ptrace_scope is 1: the process must allow it with PR_SET_PTRACER, or run with CAP_SYS_PTRACE"
    } else {
      advice = "a sandbox or security module forbids ptrace: allow it, or grant CAP_SYS_PTRACE"
    }
    return ProcessSnapshotError(.notPermitted, processID: process, underlying: error, "may not be traced: \(advice)")
  }

  func release() { Self.release(threads, process: process, isOwnChild: isOwnChild) }

  static func release(_ threads: [TracedThread], process: Int32, isOwnChild: Bool) {
    var left = threads
    let deadline = MonotonicInstant.now().advanced(milliseconds: 200)
    while true {
      left = left.filter { thread in
        var thread = thread
        thread.poll()
        if thread.detach() && thread.state == .stopped { return false }
        if thread.state != .ended { return true }
        // Killed while it was stopped: the kernel keeps it for its tracer until he has taken note.
        if thread.threadID == process && isOwnChild { return false }
        return linux_reap_traced(thread.threadID) == 0
      }
      if left.isEmpty || deadline < MonotonicInstant.now() { return }
      usleep(500)
    }
  }
}
