// Provides tests of the registers in a dump against values that the program put there.
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `The registers of a crash` {
  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
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

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `are whole, the vector registers too`(_ handler: FilePath) throws {
    let run = try ZooRun(flavor: "registers", thread: "task", handler: handler)
    defer { run.end() }
    let facts = try run.facts()
    let reader = try MinidumpReader(try FileSystem.read(try #require(run.dumps().first)))
    let thread = try #require(reader.threads?.first { $0.id == UInt32(facts.thread) })
    guard case .amd64(let context)? = thread.context else {
      Issue.record("no context")
      return
    }
    func text(_ bytes: some Collection<UInt8>) -> [String] {
      let bytes = Array(bytes)
      return stride(from: 0, to: bytes.count, by: 8).map { start in
        let value = bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return "0x" + String(value, radix: 16)
      }
    }
    var vectors = 0
    for (name, fact) in try #require(facts.registers) {
      guard case .vector(let expected) = fact, let index = Int(name.dropFirst(3)) else { continue }
      var bytes = Array(context.fxsave[(160 + index * 16)..<(176 + index * 16)])
      if name.hasPrefix("ymm") {
        let state = try #require(context.extendedState)
        bytes += try #require(state.upperHalf(ofYMM: index, reader.miscInfo?.xState))
      }
      #expect(text(bytes) == expected, "\(name)")
      vectors += 1
    }
    #expect(vectors >= 16)
  }
}
