// Provides the victim's threads, and what it tells of their stacks.
import CLinuxShims
import CrashClient
import Dispatch
import LinuxSystem

private final class Work: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func runWork(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
  return nil
}

@discardableResult
func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
  var thread = pthread_t()
  pthread_create(&thread, nil, runWork, Unmanaged.passRetained(Work(body)).toOpaque())
  return thread
}

func onThread(_ body: @escaping @Sendable () -> Void) { pthread_join(startThread(body), nil) }

/// The calling thread's alternate stack in bytes; 0 for none.
private func stackSize() -> UInt64 {
  var stack = crash_stack(base: 0, flags: 0, size: 0)
  _ = crash_sigaltstack(nil, &stack)
  return stack.flags & Int32(SS_DISABLE) != 0 ? 0 : stack.size
}

/// Whether the pages around the calling thread's alternate stack have no access.
private func isGuarded() -> Bool {
  var stack = crash_stack(base: 0, flags: 0, size: 0)
  _ = crash_sigaltstack(nil, &stack)
  func isForbidden(_ address: UInt64) -> Bool {
    var byte: UInt8 = 0
    return withUnsafeMutableBytes(of: &byte) { buffer in
      var local = iovec(iov_base: buffer.baseAddress, iov_len: 1)
      var remote = iovec(iov_base: UnsafeMutableRawPointer(bitPattern: UInt(address)), iov_len: 1)
      return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) < 0
    }
  }
  return isForbidden(stack.base &- 1) && isForbidden(stack.base &+ stack.size) && !isForbidden(stack.base)
}

func sayStacks() {
  say("stack main size=\(stackSize()) guarded=\(isGuarded())")
  onThread { say("stack pthread size=\(stackSize()) guarded=\(isGuarded())") }
  let done = DispatchSemaphore(value: 0)
  DispatchQueue.global().async {
    say("stack dispatch size=\(stackSize()) guarded=\(isGuarded())")
    done.signal()
  }
  done.wait()
  Task.detached {
    say("stack task size=\(stackSize()) guarded=\(isGuarded())")
    done.signal()
  }
  done.wait()
}

/// Starts and ends many threads, one after another.
func churnThreads(_ count: Int) { for _ in 0..<count { onThread {} } }

private let waiting = Waiting()
private final class Waiting: Sendable {
  let go = DispatchSemaphore(value: 0)
  let ready = DispatchSemaphore(value: 0)
}

/// Written before `ready` is signaled.
nonisolated(unsafe) private var waitingThread: Int32 = 0

/// A thread that is there before the client.
func startWaitingThread(blocking: Bool) {
  startThread {
    if blocking {
      var all = sigset_t()
      sigfillset(&all)
      pthread_sigmask(SIG_SETMASK, &all, nil)
    }
    waitingThread = linux_gettid()
    waiting.ready.signal()
    waiting.go.wait()
    say("stack waiting size=\(stackSize())")
    waiting.ready.signal()
    while true { pause() }
  }
  waiting.ready.wait()
  // Where no thread can be stopped, the kernel tells the registers of one that sleeps, and of no other one.
  let status = FilePath("/proc/self/task/\(waitingThread)/stat")
  let deadline = MonotonicInstant.now().advanced(milliseconds: 60_000)
  while deadline.millisecondsFromNow() > 0 {
    let bytes = (try? FileSystem.read(status)) ?? []
    if let name = bytes.lastIndex(of: UInt8(ascii: ")")), bytes.dropFirst(name + 2).first == UInt8(ascii: "S") {
      return
    }
    usleep(500)
  }
}

func askWaitingThread() {
  waiting.go.signal()
  waiting.ready.wait()
}

/// A thread whose application has given it a large stack before the client looks at it.
func keepOwnStack() {
  let start = crash_get_thread_start()
  crash_set_thread_start(nil)
  onThread {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 256 * 1024, alignment: 4096)
    var own = crash_stack(base: UInt64(UInt(bitPattern: memory)), flags: 0, size: 256 * 1024)
    _ = crash_sigaltstack(&own, nil)
    CrashClient.installAlternateStackForCurrentThread()
    say("own stack kept=\(stackSize() == 256 * 1024)")
    own.flags = Int32(SS_DISABLE)
    _ = crash_sigaltstack(&own, nil)
    memory.deallocate()
  }
  crash_set_thread_start(start)
}
