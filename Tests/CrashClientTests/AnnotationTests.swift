import CrashVictimRunner
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Annotations` {
  @Test func `are changed without memory from the heap`() throws {
    let victim = try Victim.run(["count-allocations"])
    #expect(victim.output == ["allocated 0"])
  }

  @Test func `of the dictionary are as many as it has entries, but one`() throws {
    let victim = try Victim.run(["fill-dictionary"])
    #expect(victim.output == ["dictionary 63 true"])
  }

  @Test func `need no handler, and neither do settings`() throws {
    let victim = try Victim.run(["annotate", "crashpad-info=no-extra", "crashpad-info=forwarding"])
    #expect(victim.output.suffix(2) == ["removed true", "info disabled unset"])
  }
}
