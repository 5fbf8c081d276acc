import CLinuxShims
import CrashVictimRunner
import Testing

@Suite(.timeLimit(.minutes(10))) struct `One handler for several programs` {
  @Test(arguments: ["exec", "exec-asking"], ["sentry", "chromium"])
  func `serves the program that this one became`(_ how: String, _ dialect: String) throws {
    let victim = try Victim.run((dialect == "chromium" ? ["chromium"] : []) + ["start", "\(how)=health,die=segv"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.output.contains("joined"))
    let health = victim.output.last { $0.hasPrefix("health") }
    #expect(health?.contains("alive=true answered=\(how == "exec-asking")") == true)
    #expect(Victim.value("pid", "health", in: victim.output) == Victim.value("pid", "start", in: victim.peer))
    try #require(victim.dumps.count == 1)
    #expect(victim.dumps[0].contains("dialect=\(dialect)"))
  }

  @Test func `serves a child with a program of its own, and the parent afterwards`() throws {
    let victim = try Victim.run(["start", "spawn=die=segv", "spawn=join-nothing", "die=segv"])
    #expect(victim.output.count { $0.hasPrefix("child") && $0.contains("signal=\(SIGSEGV)") } == 1)
    try #require(victim.dumps.count == 2)
    let child = Victim.value("pid", "child", in: victim.output)
    #expect(Victim.value("pid", "dump", in: [victim.dumps[0]]) == child)
    #expect(Victim.value("pid", "dump", in: [victim.dumps[1]]) != child)
  }

  @Test func `is no such handler where the connection is private`() throws {
    let victim = try Victim.run(["private", "start", "exec=say=elsewhere", "die=segv"])
    #expect(victim.output.contains("nothing to share") && !victim.output.contains("elsewhere"))
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.count == 1)
  }

  @Test func `that has gone is an error`() throws {
    let victim = try Victim.run(["start", "kill-handler", "exec=say=alive"])
    #expect(victim.output.contains { $0.hasPrefix("failed code=4") })
    #expect(victim.output.last == "alive")
    let nothing = try Victim.run(["join=1000000:1:sentry", "say=alive"])
    #expect(nothing.output.first?.hasPrefix("failed code=") == true)
    #expect(nothing.output.last == "alive")
  }
}
