// Provides tests of the registers in a dump against values that the program put there.
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `The registers of a crash` {
  @Test(.timeLimit(.minutes(1)), arguments: TestProducts.handlers)
  func `are those that the program had`(_ handler: FilePath) throws {
    let run = try ZooRun(flavor: "registers", thread: "pthread", handler: handler)
    defer { run.end() }
    let facts = try run.facts()
    let dump = try ShownDump(try #require(run.dumps().first))
    let thread = try #require(dump.threads.first { $0.id == facts.thread })
    let registers = try #require(thread.registers)
    var general = 0
    for (name, fact) in try #require(facts.registers) {
      guard case .general(let expected) = fact else { continue }
      #expect(registers[name].map { "0x" + String($0.value, radix: 16) } == expected, "\(name)")
      general += 1
    }
    #expect(general == 15)
    #expect(registers["rip"].map { "0x" + String($0.value, radix: 16) } == facts.address)
  }
}
