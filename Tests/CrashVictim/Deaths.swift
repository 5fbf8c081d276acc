// Provides the ways in which the victim dies.
import CLinuxShims
import LinuxSystem

/// Dies. `segv`, `fatal`, `overflow`, `abort`, `bus`, or a signal's number, which the thread sends to itself.
@inline(never) func die(_ how: String) {
  say("dying tid=\(linux_gettid())")
  switch how {
  case "segv": UnsafeMutablePointer<Int32>(bitPattern: 16)?.pointee = 1
  case "general-protection": UnsafeMutablePointer<Int32>(bitPattern: 0x4141_4141_4141_4141)?.pointee = 1
  case "fatal": fatalError("the victim's last words")
  case "overflow": say("\(overflow(1))")
  case "abort": abort()
  case "bus": busError()
  default: raiseSignal(how)
  }
}

func raiseSignal(_ number: String) { _ = linux_tgkill(getpid(), linux_gettid(), Int32(number) ?? 0) }

/// Uses up the stack of the thread.
@inline(never) private func overflow(_ depth: Int) -> Int {
  withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { buffer in
    buffer[0] = UInt8(truncatingIfNeeded: depth)
    return overflow(depth + 1) + Int(buffer[0])
  }
}

/// Reads a page of a file that has none.
private func busError() {
  let file = linux_memfd_create("victim", 0)
  guard let page = mmap(nil, 4096, PROT_READ, Int32(MAP_SHARED), file, 0) else { return }
  say("\(page.load(as: UInt8.self))")
}

/// Several threads crash in the same moment.
func crashAtOnce(_ count: Int) {
  var barrier = pthread_barrier_t()
  pthread_barrier_init(&barrier, nil, UInt32(count))
  withUnsafeMutablePointer(to: &barrier) { pointer in
    let address = UInt(bitPattern: pointer)
    for _ in 0..<count {
      startThread {
        if let barrier = UnsafeMutablePointer<pthread_barrier_t>(bitPattern: address) { pthread_barrier_wait(barrier) }
        UnsafeMutablePointer<Int32>(bitPattern: 16)?.pointee = 1
      }
    }
    while true { pause() }
  }
}

/// A forked child crashes, and the parent goes on.
func forkAndCrash() {
  let child = fork()
  if child == 0 { die("segv") }
  var status: Int32 = 0
  waitpid(child, &status, 0)
  say("child pid=\(child) signal=\(linux_wait_signal(status))")
}

/// Several children crash in the same moment, and the parent goes on.
func forkAndCrashAtOnce(_ count: Int) {
  var ends: [Int32] = [-1, -1]
  pipe(&ends)
  var children: [pid_t] = []
  for _ in 0..<count {
    let child = fork()
    if child == 0 {
      // All of them are let go by the end of the pipe.
      close(ends[1])
      var byte: UInt8 = 0
      read(ends[0], &byte, 1)
      die("segv")
    }
    children.append(child)
  }
  close(ends[1])
  for child in children {
    var status: Int32 = 0
    waitpid(child, &status, 0)
    say("child pid=\(child) signal=\(linux_wait_signal(status))")
  }
  close(ends[0])
}

/// Another thread keeps interrupting this one while it crashes.
func stormOfSignals() {
  var action = sigaction()
  action.__sigaction_handler.sa_handler = { _ in }
  sigaction(SIGUSR1, &action, nil)
  let process = getpid()
  let thread = linux_gettid()
  startThread {
    while true {
      _ = linux_tgkill(process, thread, SIGUSR1)
      usleep(2000)
    }
  }
}

/// A child in this process's memory, as vfork(2) makes it, crashes.
func crashInSharedMemory() {
  let size = 256 * 1024
  guard let stack = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) else { return }
  let child = linux_clone_sharing_memory(stack + size, childInSharedMemory, nil)
  var status: Int32 = 0
  waitpid(child, &status, 0)
  say("child pid=\(child) signal=\(linux_wait_signal(status))")
}

private func childInSharedMemory(_ argument: UnsafeMutableRawPointer?) -> Int32 {
  UnsafeMutablePointer<Int32>(bitPattern: 16)?.pointee = 1
  return 0
}
