import CLinuxShims
import CrashVictimRunner
import LinuxSystem
import Testing

/// What the kernel needs on this machine, 64 KiB, whole pages.
private let expected = (max(Int(getauxval(UInt(AT_MINSIGSTKSZ))), 2048) + 65_536 + 4095) / 4096 * 4096

@Suite(.timeLimit(.minutes(10))) struct `Alternate stacks` {
  @Test(arguments: ["main", "pthread", "dispatch", "task"])
  func `are there on every kind of thread, large enough and between guard pages`(kind: String) throws {
    let victim = try Victim.run(["start", "stacks", "settle"])
    #expect(victim.output.contains("stack \(kind) size=\(expected) guarded=true"), "\(victim.output)")
    #expect(Victim.value("uncovered", "settled", in: victim.output) == "0")
  }

  @Test func `replace the small one of the Swift runtime`() throws {
    let victim = try Victim.run(["stacks", "start", "stacks"], backtrace: true)
    let sizes = victim.output.filter { $0.hasPrefix("stack main") }
    #expect(sizes.first?.contains("size=\(expected)") == false)
    #expect(sizes.last?.contains("size=\(expected)") == true)
  }

  @Test func `are offered to threads that exist already`() throws {
    let victim = try Victim.run(["waiting-thread", "start", "waiting-stack", "settle"])
    #expect(victim.output.contains("stack waiting size=\(expected)"))
    #expect(Victim.value("uncovered", "settled", in: victim.output) == "0")
  }

  @Test func `that a thread cannot be offered show in health`() throws {
    let victim = try Victim.run(["waiting-thread=blocking", "start", "waiting-stack", "health"])
    #expect(victim.output.contains("stack waiting size=0"))
    #expect(Victim.value("uncovered", "health", in: victim.output) == "1")
    #expect(victim.milliseconds < 50_000)
  }

  /// A client ended soon after its start, while a thread had not got the signal yet, and the program died of it.
  @Test func `that arrive after the client's end do no harm`() throws {
    let victim = try Victim.run(["start", "late-offer", "stop", "take-offer", "say=alive", "exit=0"])
    #expect(victim.termination == .exited(status: 0), "\(String(describing: victim.termination))")
    #expect(victim.output.last == "alive")
  }

  @Test func `are gone with their threads`() throws {
    let victim = try Victim.run(["start", "threads=50", "maps", "threads=2000", "maps"])
    let maps = victim.output.compactMap { $0.hasPrefix("maps ") ? Int($0.dropFirst(5)) : nil }
    #expect(maps.count == 2 && abs((maps.first ?? 0) - (maps.last ?? 100)) <= 6, "\(maps)")
  }

  @Test func `of an adequate size that the application installed stay`() throws {
    let victim = try Victim.run(["start", "own-stack"])
    #expect(victim.output.contains("own stack kept=true"))
  }

  @Test func `cost nothing before the client is installed`() throws {
    let victim = try Victim.run(["stacks"])
    #expect(victim.output.contains("stack pthread size=0 guarded=false"))
  }
}
