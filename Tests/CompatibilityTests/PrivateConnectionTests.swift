// Provides tests of our client alone on its connection, under every handler.
import CrashProtocol
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

/// A handler in one of its dialects.
struct SpokenDialect: CustomTestStringConvertible, Sendable {
  let handler: ServingHandler
  let dialect: Dialect

  var testDescription: String { "\(handler.testDescription) in \(dialect)" }

  static let all = ServingHandler.all.flatMap { handler in
    handler.dialects.map { SpokenDialect(handler: handler, dialect: $0) }
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Our client on a private connection` {
  private func read<Result>(_ dump: FilePath, _ body: (MinidumpReader) throws -> Result) throws -> Result {
    try FileSystem.read(dump).withUnsafeBytes { try body(MinidumpReader(MinidumpBytes(unowned: $0))) }
  }

  /// One dump without a crash and one of a crash, both of `process`, with its annotations.
  private func check(_ dumps: [FilePath], of process: Int32, _ story: String) throws {
    try #require(dumps.count == 2, "\(story)")
    var codes: [UInt32] = []
    for dump in dumps {
      try read(dump) { reader in
        #expect(reader.miscInfo?.processID == UInt32(bitPattern: process))
        let objects = reader.crashpadInfo?.modules.flatMap(\.annotations) ?? []
        #expect(objects.contains { $0.name == "constant" })
        codes.append(try #require(reader.exception).code)
      }
    }
    #expect(codes.contains(11) && codes.count { $0 != 11 } == 1, "\(codes)")
  }

  @Test(arguments: SpokenDialect.all)
  func `is served by a handler that another process started for it`(_ spoken: SpokenDialect) throws {
    let run = try VictimRun(
      [], handler: spoken.handler, dialect: spoken.dialect, start: "serve=annotate,join,health,dump,die=segv")
    defer { run.end() }
    let story = "\(run.process.output) \(run.process.errorOutput)"
    #expect(run.termination == .exited(status: 0), "\(story)")
    #expect(run.process.output.contains("joined\n"), "\(story)")
    // It knows its handler although it did not start it.
    #expect(run.said("health")?.contains("alive=true answered=true") == true, "\(story)")
    let child = try #require(run.said("child").flatMap { $0.split(separator: " ").first }, "\(story)")
    #expect(run.said("child")?.hasSuffix("signal=11") == true, "\(story)")
    try run.waitForHandler()
    try check(run.dumps(), of: try #require(Int32(child.dropFirst("pid=".count))), story)
  }

  @Test(arguments: SpokenDialect.all)
  func `is served by a handler of its own`(_ spoken: SpokenDialect) throws {
    let run = try VictimRun(
      ["annotate", "dump", "die=segv"], handler: spoken.handler, dialect: spoken.dialect, before: ["private"])
    defer { run.end() }
    let story = "\(run.process.output) \(run.process.errorOutput)"
    #expect(run.termination.signal == 11, "\(story)")
    #expect(run.process.output.contains("\nok\n"), "\(story)")
    try run.waitForHandler()
    try check(run.dumps(), of: run.process.processID, story)
  }

  @Test(arguments: SpokenDialect.all)
  func `dumps from many threads, one after the other`(_ spoken: SpokenDialect) throws {
    let run = try VictimRun(
      ["dump-everywhere=3", "die=segv"], handler: spoken.handler, dialect: spoken.dialect,
      before: ["private", "dump-timeout=60000"])
    defer { run.end() }
    #expect(run.termination.signal == 11)
    #expect(run.process.output.split(separator: "\n").count { $0 == "ok" } == 30, "\(run.process.output)")
    try run.waitForHandler()
    #expect(run.dumps().count == 31)
  }

  /// The child has the parent's end of the socket, and none of its conversations.
  @Test(arguments: SpokenDialect.all)
  func `shares it with a forked child, whose crash is dumped too`(_ spoken: SpokenDialect) throws {
    let run = try VictimRun(
      ["dump", "fork", "die=segv"], handler: spoken.handler, dialect: spoken.dialect, before: ["private"])
    defer { run.end() }
    #expect(run.termination.signal == 11)
    #expect(run.said("child")?.hasSuffix("signal=11") == true, "\(run.process.output)")
    try run.waitForHandler()
    let processes = try run.dumps().map { try read($0) { $0.miscInfo?.processID } }
    #expect(processes.count == 3 && Set(processes).count == 2, "\(processes)")
  }

  /// Without the right to trace: the client does it for the handler, also where that one is not ours.
  @Test(arguments: SpokenDialect.all)
  func `forks a broker for a handler that may not trace it`(_ spoken: SpokenDialect) throws {
    let run = try PrivateRun(
      try spoken.handler.path(), joining: spoken.dialect, options: ["--no-rate-limit", "--no-upload-gzip"],
      handlerUnder: [TestProducts.folder.appending("Confine").description, "--user", "65534"])
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    let dumps = run.dumps()
    try #require(dumps.count == 1, "\(run.story)")
    let shown = try ShownDump(dumps[0])
    #expect(shown.exception?.code.value == 11)
    #expect(shown.exception?.address.value == 16)
    #expect(shown.process.pid == run.victim.processID)
    #expect(shown.threads.count >= 2)
    #expect(shown.threads.allSatisfy { $0.registers?["rip"]?.value ?? 0 > 4096 })
    #expect(shown.modules.contains { $0.name.contains("libc.so") })
  }
}
