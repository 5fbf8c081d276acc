// Provides the table of deaths: every flavour on every kind of thread, under every build of the handler.
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

/// One way to die, on one thread, under one handler.
struct ZooCase: CustomTestStringConvertible, Sendable {
  let flavor: String
  let signal: Int32
  let thread: String
  let handler: FilePath

  var testDescription: String { "\(flavor) on \(thread), \(handler)" }

  static let flavors: [(name: String, signal: Int32)] = [
    ("null-write", 11), ("non-canonical", 11), ("jump-null", 11), ("ud2", 4), ("int3", 5), ("divide-by-zero", 8),
    ("bus-truncated-map", 7), ("seccomp-sys", 31), ("misaligned-sse", 11), ("stack-overflow", 11),
    ("heap-corruption", 6), ("abort", 6), ("registers", 4), ("fatal-error", 4), ("precondition", 4),
    ("index-out-of-range", 4), ("nil-unwrap", 4), ("overflow", 4), ("swift-divide-by-zero", 4), ("failed-cast", 6),
    ("exclusivity", 6), ("raise-abrt", 6), ("raise-bus", 7), ("raise-fpe", 8), ("raise-ill", 4), ("raise-quit", 3),
    ("raise-segv", 11), ("raise-sys", 31), ("raise-trap", 5), ("raise-xcpu", 24), ("raise-xfsz", 25),
  ]

  static let all: [ZooCase] = TestProducts.handlers.flatMap { handler in
    flavors.flatMap { flavor in
      ["main", "pthread", "dispatch", "task"].map { thread in
        ZooCase(flavor: flavor.name, signal: flavor.signal, thread: thread, handler: handler)
      }
    }
  }
}

@Suite struct `Every way to die` {
  @Test(.timeLimit(.minutes(10)), arguments: ZooCase.all)
  func `leaves one dump that says what happened`(_ zooCase: ZooCase) throws {
    let run = try ZooRun(flavor: zooCase.flavor, thread: zooCase.thread, handler: zooCase.handler)
    defer { run.end() }

    let termination: Bool =
      if case .signaled(zooCase.signal, _) = run.termination { true } else { false }
    #expect(termination, "\(run.termination); \(run.process.errorOutput)")
    let facts = try run.facts()
    #expect(facts.signal == zooCase.signal)

    // The program dies only when its report is safe.
    let dumps = run.dumps()
    try #require(dumps.count == 1, "\(dumps) \(run.process.errorOutput)")
    let dump = try ShownDump(dumps[0])
    let exception = try #require(dump.exception)
    #expect(dump.process.pid == facts.process)
    #expect(exception.threadId == facts.thread)
    #expect(exception.code.value == UInt64(zooCase.signal))
    if let code = facts.code { #expect(exception.flags.value == UInt64(UInt32(bitPattern: code))) }
    if let address = facts.address {
      #expect("0x" + String(exception.address.value, radix: 16) == address)
    }

    let threads = Dictionary(dump.threads.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    #expect(threads[facts.thread] != nil)
    for (index, idle) in facts.idleThreads.enumerated() {
      #expect(threads[idle]?.name == "zoo-idle-\(index + 1)")
    }
    #expect(dump.modules.contains { $0.name.hasSuffix("/CrashZoo") && $0.debugId != nil })
    try run.waitForHandler()
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `but no way at all leaves none`(_ handler: FilePath) throws {
    let run = try ZooRun(flavor: "none", handler: handler)
    defer { run.end() }
    #expect(run.termination == .exited(status: 0))
    try run.waitForHandler()
    #expect(run.dumps().isEmpty)
  }

  @Test(.timeLimit(.minutes(10)))
  func `is known to this table, and the table to the zoo`() throws {
    let list = try RunningProcess.run(TestProducts.zoo, ["--list"]).output
    let known = list.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
    let pairs = known.compactMap { $0.count == 2 ? "\($0[0]) \($0[1])" : nil }
    #expect(pairs.sorted() == (ZooCase.flavors.map { "\($0.name) \($0.signal)" } + ["none 0"]).sorted())
  }
}
