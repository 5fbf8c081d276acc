// Provides tests of clients that want things left out of their reports.
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A sanitized report` {
  /// What the dump of a crash with secrets holds.
  private struct Result {
    let bytes: [UInt8]
    let annotations: Set<String>
    let ranges: Int
    let output: String

    func holds(_ text: String) -> Bool { bytes.firstRange(of: Array(text.utf8)) != nil }
  }

  /// - Returns: `nil` when there is no report.
  private func crash(_ handler: FilePath, _ rules: [String]) throws -> Result? {
    let run = try Conversation(
      handler, client: "shared", options: ["--shared-client-connection", "--annotation=process=kept", "--log-level=0"],
      steps: ["annotate"] + rules.map { "sanitize-\($0)" } + ["die-with-secrets"])
    defer { run.end() }
    #expect(run.died, "\(run.victim.output)")
    // However it ends, the client is released.
    #expect(run.victim.output.contains("released signal=18"), "\(run.victim.output)")
    guard let dump = try run.dumps().first else {
      #expect(run.handler.errorOutput.contains("no report: "), "\(run.handler.errorOutput)")
      return nil
    }
    let bytes = try FileSystem.read(dump)
    return try bytes.withUnsafeBytes { buffer in
      let reader = try MinidumpReader(MinidumpBytes(unowned: buffer))
      let info = try #require(reader.crashpadInfo)
      #expect(info.simpleAnnotations.first { $0.key == "process" }?.value == "kept")
      let stacks = Set((reader.threads ?? []).compactMap { $0.stack?.start })
      // Only the crash itself tells where it was; that it can be walked is checked by others.
      #expect(reader.exception?.code == 11)
      return Result(
        bytes: bytes,
        annotations: Set(info.modules.flatMap { $0.simpleAnnotations.map(\.key) + $0.annotations.map(\.name) }),
        ranges: (reader.memoryList ?? []).count { !stacks.contains($0.start) }, output: run.victim.output)
    }
  }

  private static let all: Set<String> = [
    "simple", "long", "text", "replaced", "cut", "negative", "largest", "flag", "constant", "own",
  ]

  @Test(arguments: TestProducts.handlers)
  func `without rules holds what the others leave out`(_ handler: FilePath) throws {
    let result = try #require(try crash(handler, []))
    #expect(result.holds("STACKSTA") && result.holds("HEAPHEAP"))
    #expect(result.annotations == Self.all)
    #expect(result.ranges > 1)
    #expect(result.holds("die-with-secrets"), "the command line")
  }

  @Test(arguments: TestProducts.handlers)
  func `has the annotations whose names are allowed`(_ handler: FilePath) throws {
    let some = try #require(
      try crash(handler, ["allow=con*", "allow=si?ple", "allow=c\\ut", "allow=text?", "allow=fla"]))
    #expect(some.annotations == ["constant", "simple", "cut", "text"])
    let none = try #require(try crash(handler, ["allow-none"]))
    #expect(none.annotations.isEmpty)
    #expect(!none.holds("Gehäuse"))
    // No list at all allows everything.
    let all = try #require(try crash(handler, ["stacks"]))
    #expect(all.annotations == Self.all)
  }

  @Test(arguments: TestProducts.handlers)
  func `has no data on its stacks, and can be walked`(_ handler: FilePath) throws {
    let result = try #require(try crash(handler, ["stacks"]))
    #expect(!result.holds("STACKSTA") && !result.holds("HEAPHEAP"))
    #expect(result.ranges == 0)
    #expect(result.bytes.firstRange(of: [0xed, 0xac, 0xef, 0x0d, 0xed, 0xac, 0xef, 0x0d]) != nil)
    #expect(!result.holds("die-with-secrets"), "the command line")
    let folder = try TemporaryDirectory(prefix: "sanitized")
    defer { folder.remove() }
    let dump = folder.appending("x.dmp")
    try FileSystem.write(result.bytes, to: dump)
    let walk = try RunningProcess.run(TestProducts.crashctl, ["stackwalk", dump.description])
    #expect(walk.succeeded, "\(walk.errorOutput)")
    // Return addresses are still there.
    for name in ["dieWithSecrets", "perform", "main"] { #expect(walk.output.contains(name), "\(name)") }
  }

  @Test(arguments: TestProducts.handlers)
  func `has no memory beside the stacks but what is allowed`(_ handler: FilePath) throws {
    let stacksOnly = try #require(try crash(handler, ["allow=*"]))
    #expect(stacksOnly.holds("STACKSTA") && !stacksOnly.holds("HEAPHEAP"))
    #expect(stacksOnly.ranges == 0)
    let page = try #require(try crash(handler, ["memory"]))
    #expect(page.holds("HEAPHEAP"))
    #expect(page.ranges > 0)
  }

  @Test(arguments: TestProducts.handlers)
  func `is made when the named module has a part in the crash`(_ handler: FilePath) throws {
    // The code that crashed; code that called it; a library that is loaded; no module at all.
    #expect(try crash(handler, ["target=program"]) != nil)
    #expect(try crash(handler, ["target=libc"]) != nil)
    #expect(try crash(handler, ["target=unused"]) == nil)
    #expect(try crash(handler, ["target=nowhere"]) == nil)
  }

  @Test(arguments: TestProducts.handlers, ["structure", "names", "name", "many", "wrap"])
  func `whose rules make no sense is no report`(_ handler: FilePath, _ damage: String) throws {
    #expect(try crash(handler, ["allow=x", "memory", "damage=\(damage)"]) == nil)
  }

  @Test(arguments: TestProducts.handlers)
  func `is made by a handler that is started at the crash`(_ handler: FilePath) throws {
    let directory = try TemporaryDirectory(prefix: "launched")
    defer { directory.remove() }
    let command = [handler.description, "--database=\(directory.path)"].map { "other-command=\($0)" }
    let run = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"),
      command + ["annotate", "sanitize-allow=flag", "sanitize-stacks", "other-client=launching", "die-with-secrets"],
      environment: ["SWIFT_BACKTRACE": "enable=no"])
    defer { run.end() }
    #expect(try run.wait().signal == 11)
    let dumps = try pendingDumps(directory.path)
    try #require(dumps.count == 1, "\(run.errorOutput)")
    let bytes = try FileSystem.read(dumps[0])
    #expect(bytes.firstRange(of: Array("STACKSTA".utf8)) == nil)
    #expect(bytes.firstRange(of: Array("Gehäuse".utf8)) == nil)
  }
}
