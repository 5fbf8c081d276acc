import CLinuxShims
import CrashVictimRunner
import LinuxSystem
import Testing

/// All crash signals, as `raise(3)` sends them.
private let crashSignals: [Int32] = [
  SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGSYS, SIGTRAP, SIGXCPU, SIGXFSZ,
]

@Suite(.timeLimit(.minutes(10))) struct `A crash` {
  @Test(arguments: crashSignals, ["raise", "pthread"])
  func `by any crash signal is dumped and ends the process by the same signal`(signal: Int32, where: String) throws {
    let victim = try Victim.run(["start", "\(`where`)=\(signal)"])
    #expect(victim.died(of: signal), "\(String(describing: victim.termination)) \(victim.output) \(victim.errors)")
    #expect(victim.dumps.count == 1)
    let dump = try #require(victim.dumps.first)
    #expect(dump.contains("signal=\(signal) code=-6"))
    #expect(dump.contains("extension=true simulated=false count=1"))
  }

  @Test(arguments: [
    ("segv", SIGSEGV, "code=1 address=16"), ("general-protection", SIGSEGV, "code=128 address=0"),
    ("fatal", SIGILL, "code=2"), ("abort", SIGABRT, "code=-6"), ("bus", SIGBUS, "code=2"),
    ("overflow", SIGSEGV, "signal=11"),
  ])
  func `is dumped with its own facts on the main thread`(how: String, signal: Int32, facts: String) throws {
    let victim = try Victim.run(["start", "die=\(how)"])
    #expect(victim.died(of: signal), "\(String(describing: victim.termination)) \(victim.output)")
    let dump = try #require(victim.dumps.first)
    #expect(dump.contains("signal=\(signal)") && dump.contains(facts) && dump.contains("stack=true"))
    #expect(Victim.value("tid", "dump", in: victim.peer) == Victim.value("tid", "dying", in: victim.output))
  }

  @Test(arguments: ["pthread", "dispatch"], ["segv", "overflow"])
  func `on a second thread is dumped too, a stack overflow included`(thread: String, how: String) throws {
    let victim = try Victim.run(["start", "\(thread)=\(how)"])
    #expect(victim.died(of: SIGSEGV), "\(String(describing: victim.termination)) \(victim.output)")
    #expect(victim.dumps.count == 1)
    #expect(Victim.value("tid", "dump", in: victim.peer) == Victim.value("tid", "dying", in: victim.output))
  }

  @Test func `tells where the Swift runtime keeps its last words`() throws {
    let victim = try Victim.run(["start", "die=fatal"])
    #expect(victim.dumps.first?.contains("the victim's last words") == true)
  }

  @Test func `is told in upstream's dialect when that is chosen`() throws {
    let victim = try Victim.run(["chromium", "start", "die=segv"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.peer.contains { $0.hasPrefix("check dialect=chromium length=40") })
    #expect(victim.dumps.first?.hasPrefix("dump dialect=chromium") == true)
  }

  @Test func `of a process that is not dumpable is dumped, and it stays so`() throws {
    let victim = try Victim.run(["undumpable", "start", "die=segv"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.first?.contains("signal=11") == true)
  }

  @Test func `writes the marker file`() throws {
    let folder = try TemporaryFolder()
    let marker = folder.path.appending("last_crash")
    let before = Timestamp.now().iso8601.prefix(19)
    let victim = try Victim.run(["marker=\(marker)", "start", "die=segv"])
    #expect(victim.died(of: SIGSEGV))
    let text = String(decoding: try FileSystem.read(marker), as: UTF8.self)
    #expect(text.count == 20 && text.hasSuffix("Z"))
    #expect(text.prefix(19) >= before && text.prefix(19) <= Timestamp.now().iso8601.prefix(19))
  }

  @Test func `of many threads at once is one dump`() throws {
    let victim = try Victim.run(["start", "at-once=16"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.count == 1)
  }

  @Test func `of a forked child is dumped under the child's number, and the parent can still crash`() throws {
    let victim = try Victim.run(["start", "fork", "die=abort"])
    #expect(victim.died(of: SIGABRT))
    #expect(victim.dumps.count == 2)
    let child = try #require(Victim.value("pid", "child", in: victim.output))
    #expect(victim.dumps.first?.contains("pid=\(child) tid=\(child) signal=11") == true)
    #expect(victim.output.contains("child pid=\(child) signal=11"))
    #expect(victim.dumps.last?.contains("signal=6") == true)
  }

  @Test func `finds the alternate stack of a forked child's only thread in health`() throws {
    let victim = try Victim.run(["start", "fork-health"])
    #expect(Victim.value("uncovered", "health", in: victim.output) == "0")
    #expect(Victim.value("alive", "health", in: victim.output) == "true")
  }

  @Test func `of a child that shares this memory leaves the parent able to report`() throws {
    let victim = try Victim.run(["start", "vfork", "die=abort"])
    #expect(victim.died(of: SIGABRT))
    #expect(victim.dumps.count == 2)
    #expect(victim.dumps.first?.contains("signal=11") == true)
    #expect(victim.dumps.last?.contains("signal=6") == true)
  }

  @Test func `inside the crash path itself ends the process at once`() throws {
    let victim = try Victim.run(["dump-timeout=60000", "hook-crashes", "start", "die=abort"])
    #expect(victim.died(of: SIGSEGV), "\(String(describing: victim.termination))")
    #expect(victim.dumps.isEmpty)
    #expect(victim.milliseconds < 50_000)
  }

  @Test func `calls the hooks around the dump`() throws {
    let victim = try Victim.run(["hooks-talk", "start", "die=segv"])
    #expect(victim.output.suffix(2) == ["hook before", "hook after"])
  }

  @Test func `after the client was stopped is nobody's business`() throws {
    let victim = try Victim.run(["start", "stop", "die=segv"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.isEmpty)
  }
}
