import CLinuxShims
import CrashVictimRunner
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A private connection` {
  @Test(arguments: ["sentry", "chromium"])
  func `has the client do what the handler asks, until the dump is over`(_ dialect: String) throws {
    let victim = try Victim.run(
      (dialect == "chromium" ? ["chromium"] : []) + ["private", "start", "dump", "die=segv"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.output.contains("ok"))
    #expect(victim.peer.contains { $0.hasPrefix("arguments") && !$0.contains("shared") })
    #expect(victim.dumps.count == 2 && victim.dumps.allSatisfy { $0.contains("dialect=\(dialect)") })
    #expect(victim.peer.count { $0 == "traced count=4 allowed=true" } == 2)
  }

  @Test func `tells that there is no dump`() throws {
    let victim = try Victim.run(["private", "start", "dump", "say=alive"], mode: "fail")
    #expect(victim.output.contains { $0.hasPrefix("failed code=11") })
    #expect(victim.output.last == "alive")
  }

  @Test func `whose handler dies meanwhile holds nobody up`() throws {
    let victim = try Victim.run(["private", "dump-timeout=60000", "start", "die=segv"], mode: "fall")
    #expect(victim.died(of: SIGSEGV))
  }

  /// The end of the dump that took too long is not that of the next one.
  @Test func `does not take a late answer for the next one`() throws {
    let victim = try Victim.run(
      ["private", "dump-timeout=10000", "start", "dump", "die=segv"], mode: "late", untilPeer: "end")
    #expect(victim.output.contains { $0.hasPrefix("failed code=8") })
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.peer.contains("waiting alive=true"))
  }
}
