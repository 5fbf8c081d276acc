import CLinuxShims
import CrashVictimRunner
import LinuxSystem
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The application's decision` {
  @Test func `before a dump lets the thread go on without one, and other signals be reported`() throws {
    let victim = try Victim.run(["first-chance", "start", "raise=6", "raise=6", "say=alive", "die=segv"])
    #expect(victim.output.count { $0 == "first chance" } == 3)
    #expect(victim.output.contains("alive"))
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.count == 1)
    #expect(victim.dumps.first?.contains("signal=11") == true)
  }

  /// On the thread that jumped, and on another.
  @Test(arguments: ["die=segv", "pthread=segv"])
  func `that leaves the signal handler by siglongjmp, any number of times, costs no later report`(
    _ death: String
  ) throws {
    let victim = try Victim.run(["first-chance=jumps", "start", "provoke", "provoke", "provoke", death])
    #expect(victim.output.count { $0 == "provoked 1" } == 3)
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.count == 1)
  }

  @Test func `after a dump keeps a process alive that was only sent a signal`() throws {
    let victim = try Victim.run(["last-chance", "start", "raise=6", "say=alive"])
    #expect(victim.output.suffix(2) == ["last chance", "alive"])
    #expect(victim.termination == .exited(status: 0))
    #expect(victim.dumps.count == 1)
  }

  @Test func `after a dump cannot keep a fault from coming again`() throws {
    let victim = try Victim.run(["last-chance", "start", "die=segv"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.output.count { $0 == "last chance" } == 1)
    #expect(victim.dumps.count == 1)
  }

  @Test(arguments: [SIGABRT, SIGFPE, SIGTRAP])
  func `that a signal is none of ours leaves it alone`(signal: Int32) throws {
    let victim = try Victim.run(["exclude=\(signal)", "start", "raise=\(signal)"])
    #expect(victim.died(of: signal))
    #expect(victim.dumps.isEmpty)
    let other = try Victim.run(["exclude=\(signal)", "start", "die=segv"])
    #expect(other.dumps.count == 1)
  }
}
