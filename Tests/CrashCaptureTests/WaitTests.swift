import CLinuxShims
import CrashVictimRunner
import LinuxSystem
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The wait for a dump` {
  @Test func `ends at once when the handler dies`() throws {
    let victim = try Victim.run(["dump-timeout=60000", "start", "die=segv"], mode: "fall")
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.count == 1)
    #expect(victim.milliseconds < 50_000)
  }

  @Test func `ends at once when the handler was dead before`() throws {
    let victim = try Victim.run(["dump-timeout=60000", "start", "kill-handler", "die=segv"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.isEmpty)
    #expect(victim.milliseconds < 50_000)
  }

  @Test func `has a bound when the handler hangs, however often it is interrupted`() throws {
    let victim = try Victim.run(["dump-timeout=700", "storm", "start", "die=segv"], mode: "hang")
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.count == 1)
    #expect(victim.milliseconds >= 700 && victim.milliseconds < 50_000)
  }

  @Test func `has a bound when the handler takes no packets`() throws {
    let victim = try Victim.run(["dump-timeout=700", "start", "stop-handler", "fill", "die=segv", "say=x"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.output.contains("filled"))
    #expect(victim.milliseconds >= 700 && victim.milliseconds < 50_000)
  }

  @Test func `is not ended by somebody else's SIGCONT`() throws {
    let victim = try Victim.run(["start", "die=segv"], mode: "stranger", untilPeer: "stranger")
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.peer.contains("stranger done alive=true"))
  }

  @Test func `is not disturbed by crash signals that somebody sends to the waiting thread`() throws {
    let victim = try Victim.run(["start", "die=bus"], mode: "provoke", untilPeer: "end")
    #expect(victim.died(of: SIGBUS), "\(String(describing: victim.termination))")
    #expect(victim.dumps.count == 1)
    #expect(victim.milliseconds >= 150)
  }

  @Test(arguments: ["exit=3", "stop"])
  func `of one thread holds up the end of the process or of the client in another`(end: String) throws {
    let victim = try Victim.run(["start", "crash-elsewhere", end, "exit=4"], mode: "slow")
    #expect(victim.died(of: SIGSEGV), "\(String(describing: victim.termination))")
    #expect(victim.dumps.count == 1)
    #expect(victim.milliseconds >= 600)
  }

  @Test func `holds threads that crash meanwhile no longer than itself`() throws {
    let victim = try Victim.run(["dump-timeout=700", "start", "at-once=8"], mode: "hang")
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.milliseconds >= 700 && victim.milliseconds < 50_000)
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Handlers that were there before` {
  @Test(arguments: [
    ("segv", "signal=11 code=1 address=16"), ("abort", "signal=6 code=-6"), ("fatal", "signal=4 code=2"),
  ])
  func `run afterwards with the same facts`(how: String, facts: String) throws {
    let victim = try Victim.run(["previous-handler=exits", "start", "die=\(how)"])
    #expect(victim.termination == .exited(status: 42))
    #expect(victim.output.last?.hasPrefix("previous \(facts)") == true)
    #expect(victim.dumps.count == 1)
  }

  @Test func `may let the process die by its signal`() throws {
    let victim = try Victim.run(["previous-handler", "start", "die=segv"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.output.count { $0.hasPrefix("previous") } == 1)
  }

  @Test func `are back after a stop`() throws {
    let victim = try Victim.run(["previous-handler=exits", "start", "stop", "die=segv"])
    #expect(victim.termination == .exited(status: 42))
    #expect(victim.dumps.isEmpty)
  }

  // A static standard library comes without the backtracer.
  @Test(.enabled(if: EnvironmentVariable.value("SENTRY_TEST_VICTIM") == nil))
  func `of the Swift runtime still print their backtrace`() throws {
    let victim = try Victim.run(["start", "die=segv"], backtrace: true)
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.count == 1)
    #expect(victim.errors.contains { $0.contains("Program crashed") }, "\(victim.errors)")
  }

  @Test func `that let the process survive do not take its next crash's report away`() throws {
    let victim = try Victim.run([
      "previous-handler", "survivor", "survival=0", "start", "raise=\(SIGABRT)", "raise=\(SIGABRT)", "die=bus",
    ])
    #expect(victim.died(of: SIGBUS))
    // The second SIGABRT is the earlier handler's alone.
    #expect(victim.output.count { $0.hasPrefix("previous signal=6") } == 2)
    #expect(victim.dumps.map { $0.contains("signal=6") } == [true, false])
  }

  @Test func `that let the process survive for a moment make no second dump of the same crash`() throws {
    let victim = try Victim.run([
      "previous-handler", "survivor", "survival=60000", "start", "raise=\(SIGABRT)", "die=bus",
    ])
    #expect(victim.died(of: SIGBUS))
    #expect(victim.dumps.count == 1)
  }

  @Test func `that call ours and are called by it in a circle come to an end`() throws {
    let victim = try Victim.run(["start", "circle", "stop", "start", "die=segv"])
    #expect(victim.died(of: SIGSEGV), "\(String(describing: victim.termination))")
    #expect(victim.dumps.count == 1)
    #expect(victim.output.contains("circle"))
  }

  @Test(arguments: [SIGQUIT, SIGXFSZ, SIGXCPU])
  func `that ignore a signal which is no fault are left alone`(signal: Int32) throws {
    let victim = try Victim.run(["ignore=\(signal)", "start", "raise=\(signal)", "say=alive"])
    #expect(victim.termination == .exited(status: 0))
    #expect(victim.output.contains("alive"))
    #expect(victim.dumps.isEmpty)
  }

  @Test func `that came on top are named in health, and work`() throws {
    let victim = try Victim.run(["start", "previous-handler=exits", "health", "stop", "die=segv"])
    #expect(victim.termination == .exited(status: 42))
    #expect(Victim.value("overridden", "health", in: victim.output)?.isEmpty == false)
  }
}
