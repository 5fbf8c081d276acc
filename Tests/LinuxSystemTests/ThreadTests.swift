import CLinuxShims
import LinuxSystem
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A thread` {
  final class Notes: @unchecked Sendable {
    let condition = Condition()
    var name: [UInt8] = []
    var blocksFault = true
    var blocksTermination = false
    var isDone = false
  }

  @Test func `has its name, and takes no signals but faults`() throws {
    let notes = Notes()
    _ = try WorkerThread(name: "a name that is too long") {
      var name = [CChar](repeating: 0, count: 16)
      pthread_getname_np(pthread_self(), &name, 16)
      var mask = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &mask)
      notes.condition.withLock {
        notes.name = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        notes.blocksFault = sigismember(&mask, SIGSEGV) == 1
        notes.blocksTermination = sigismember(&mask, SIGTERM) == 1
        notes.isDone = true
        notes.condition.broadcast()
      }
    }
    notes.condition.withLock {
      while !notes.isDone { notes.condition.wait(until: nil) }
      #expect(notes.name == Array("a name that is ".utf8))
      #expect(!notes.blocksFault)
      #expect(notes.blocksTermination)
    }
  }

  @Test func `waits no longer than it is told`() {
    let condition = Condition()
    let start = MonotonicInstant.now()
    let woken = condition.withLock { condition.wait(until: start.advanced(milliseconds: 30)) }
    #expect(!woken)
    #expect(MonotonicInstant.now() >= start.advanced(milliseconds: 30))
  }
}

@Suite(.timeLimit(.minutes(10))) struct `An object for each process` {
  final class Counter: Sendable {
    let process = ProcessIdentity.processID()
    let condition = Condition()
  }

  @Test func `is the same for all threads, and another one in a child`() throws {
    let local = ProcessLocal { Counter() }
    let first = local.current
    #expect(local.current === first)
    // A child would block here for ever if it used its parent's lock.
    let child = try first.condition.withLock { () throws(Errno) in
      try ChildProcess.fork {
        let mine = local.current
        return mine !== first && mine.condition.withLock { mine.process == getpid() } && local.current === mine ? 0 : 1
      }
    }
    #expect(try child.wait() == .exited(status: 0))
    #expect(local.current === first)
  }

  @Test func `is made once when threads race for it`() throws {
    final class Seen: @unchecked Sendable {
      let condition = Condition()
      var objects: [ObjectIdentifier] = []
    }
    let seen = Seen()
    let local = ProcessLocal { Counter() }
    for _ in 0..<8 {
      _ = try WorkerThread(name: "race") {
        let mine = ObjectIdentifier(local.current)
        seen.condition.withLock {
          seen.objects.append(mine)
          seen.condition.broadcast()
        }
      }
    }
    seen.condition.withLock {
      while seen.objects.count < 8 { seen.condition.wait(until: nil) }
      #expect(Set(seen.objects).count == 1)
    }
  }
}
