// Provides tests of many requests of our client to every handler.
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `Many requests to every handler` {
  private func facts(_ dumps: [FilePath]) throws -> [(process: UInt32?, thread: UInt32?, signal: UInt32?)] {
    try dumps.map { dump in
      try FileSystem.read(dump).withUnsafeBytes { buffer in
        let reader = try MinidumpReader(MinidumpBytes(unowned: buffer))
        return (reader.miscInfo?.processID, reader.exception?.threadID, reader.exception?.code)
      }
    }
  }

  @Test(arguments: ServingHandler.all)
  func `for dumps without a crash, of several threads at once, are all served`(_ handler: ServingHandler) throws {
    let run = try VictimRun(["dump-everywhere=4", "dump", "die=segv"], handler: handler)
    defer { run.end() }
    #expect(run.termination.signal == 11)
    #expect(run.process.output.split(separator: "\n").count { $0 == "ok" } == 41, "\(run.process.output)")
    let facts = try facts(run.dumps())
    #expect(facts.count == 42)
    #expect(facts.allSatisfy { $0.process == UInt32(bitPattern: run.process.processID) })
    // Crashpad's number for a dump that was asked for.
    #expect(facts.count { $0.signal == 0xffff_ffff } == 41)
    #expect(Set(facts.filter { $0.signal == 0xffff_ffff }.map(\.thread)).count == 5)
  }

  @Test(arguments: ServingHandler.all)
  func `of forked children that crash at once are all served`(_ handler: ServingHandler) throws {
    let run = try VictimRun(["fork-at-once=6", "die=segv"], handler: handler)
    defer { run.end() }
    #expect(run.termination.signal == 11)
    let children = run.process.output.split(separator: "\n").filter { $0.hasPrefix("child ") }
    #expect(children.count == 6)
    #expect(children.allSatisfy { $0.hasSuffix("signal=11") })
    let processes = Set(
      children.map { UInt32($0.dropFirst("child pid=".count).prefix { $0 != " " }) }
        + [UInt32(bitPattern: run.process.processID)])
    let facts = try facts(run.dumps())
    #expect(facts.count == 7)
    #expect(Set(facts.map(\.process)) == processes)
  }

  @Test(arguments: ServingHandler.all)
  func `of the programs that a process becomes and starts are all served`(_ handler: ServingHandler) throws {
    let run = try VictimRun(["spawn=annotate,die=segv", "exec-asking=die=abort"], handler: handler)
    defer { run.end() }
    #expect(run.termination.signal == 6)
    let facts = try facts(run.dumps())
    try #require(facts.count == 2)
    #expect(Set(facts.map(\.signal)) == [11, 6])
    #expect(
      facts.first { $0.signal == 6 }?.process == UInt32(bitPattern: run.process.processID), "exec keeps the number")
    let child = run.said("child")?.dropFirst("pid=".count).prefix { $0 != " " }
    #expect(facts.first { $0.signal == 11 }?.process == child.flatMap { UInt32($0) })
  }
}
