// Provides tests of what our client has left out of its reports, under every handler.
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A sanitized report of our client` {
  private struct Content {
    let bytes: [UInt8]
    let annotations: Set<String>
    let stacks: Int
    let signal: UInt32?

    init(_ dump: FilePath) throws {
      let bytes = try FileSystem.read(dump)
      self.bytes = bytes
      (annotations, stacks, signal) = try bytes.withUnsafeBytes { buffer in
        let reader = try MinidumpReader(MinidumpBytes(unowned: buffer))
        let modules = reader.crashpadInfo?.modules ?? []
        return (
          Set(modules.flatMap { $0.simpleAnnotations.map(\.key) + $0.annotations.map(\.name) }),
          (reader.threads ?? []).count { $0.stack?.size ?? 0 > 0 }, reader.exception?.code
        )
      }
    }

    func holds(_ text: String) -> Bool { bytes.firstRange(of: Array(text.utf8)) != nil }
  }

  private static let all: Set<String> = [
    "simple", "long", "text", "replaced", "cut", "negative", "largest", "flag", "constant", "own",
  ]
  /// The connections that carry the rules: in the request on a shared one and on a private one, on the command line.
  private static let starts = [(["start"]), (["private", "start"]), (["start-at-crash"])]

  /// What the dump holds; `nil` without one.
  private func crash(_ handler: ServingHandler, _ rules: [String], start: [String] = ["start"]) throws -> Content? {
    let run = try VictimRun(
      ["die-with-secrets"], handler: handler,
      before: ["annotate"] + rules.map { "sanitize-\($0)" } + start.dropLast(), start: start[start.count - 1])
    defer { run.end() }
    #expect(run.termination.signal == 11, "\(run.process.output)")
    #expect(!run.process.output.contains("failed"), "\(run.process.output)")
    try run.waitForHandler()
    #expect(run.dumps().count <= 1)
    let content = try run.dumps().first.map { try Content($0) }
    if let content { #expect(content.signal == 11 && content.stacks >= 1) }
    return content
  }

  @Test(arguments: ServingHandler.all, starts)
  func `has the annotations whose names are allowed`(_ handler: ServingHandler, _ start: [String]) throws {
    let some = try #require(try crash(handler, ["allow=con*", "allow=si?ple", "allow=text?"], start: start))
    #expect(some.annotations == ["constant", "simple", "text"])
    let none = try #require(try crash(handler, ["allow-none"], start: start))
    #expect(none.annotations.isEmpty)
    #expect(try #require(try crash(handler, ["stacks"], start: start)).annotations == Self.all)
  }

  @Test(arguments: ServingHandler.all, starts)
  func `has no data on its stacks where that is wanted`(_ handler: ServingHandler, _ start: [String]) throws {
    let clean = try #require(try crash(handler, ["stacks"], start: start))
    #expect(!clean.holds("STACKSTA") && !clean.holds("HEAPHEAP"))
    let filler: [UInt8] = [0xed, 0xac, 0xef, 0x0d, 0xed, 0xac, 0xef, 0x0d]
    #expect(clean.bytes.firstRange(of: filler) != nil)
    let whole = try #require(try crash(handler, ["allow=*"], start: start))
    #expect(whole.holds("STACKSTA") && !whole.holds("HEAPHEAP"))
    #expect(try #require(try crash(handler, [], start: start)).holds("STACKSTA"))
  }

  @Test(arguments: ServingHandler.all)
  func `may have memory that is allowed`(_ handler: ServingHandler) throws {
    let content = try #require(try crash(handler, ["memory"]))
    // Handlers of others take nothing along that a stack points to.
    if handler.origin == .ours { #expect(content.holds("HEAPHEAP")) }
  }

  @Test(arguments: ServingHandler.all)
  func `is made when the named module has a part in the crash`(_ handler: ServingHandler) throws {
    #expect(try crash(handler, ["target=program"]) != nil)
    #expect(try crash(handler, ["target=nowhere"]) == nil)
  }

  @Test(arguments: ServingHandler.all)
  func `begins and ends when the program says so`(_ handler: ServingHandler) throws {
    let run = try VictimRun(
      ["annotate", "sanitize-allow=flag", "sanitize-now", "dump", "sanitize-nothing", "dump"], handler: handler)
    defer { run.end() }
    #expect(run.process.output.hasSuffix("ok\nok\nok\nok\n"), "\(run.process.output)")
    try run.waitForHandler()
    let found = try run.dumps().map { try Content($0).annotations }
    try #require(found.count == 2)
    #expect(Set(found) == [["flag"], Self.all])
  }

  @Test func `with rules that no handler could follow is an error of the start, which leaves nothing behind`() throws {
    let name = String(repeating: "x", count: 256)
    for start in ["start", "start-at-crash"] {
      let run = try VictimRun(
        ["health"], handler: ServingHandler.ours[0], before: ["sanitize-allow=\(name)"], start: start)
      defer { run.end() }
      #expect(run.process.output.contains("failed code=13"), "\(run.process.output)")
      #expect(run.process.output.contains("health none"))
    }
    let longest = try crash(
      ServingHandler.ours[0], ["allow=\(String(repeating: "x", count: 255))", "allow=flag"])
    #expect(longest?.annotations == ["flag"])
  }

  // MARK: - Without the handler that was started

  /// A victim whose handler is killed, and removed where `isGone`.
  private func crashAlone(_ rules: [String], isGone: Bool) throws -> Content? {
    let folder = try TemporaryDirectory(prefix: "sanitized-alone")
    defer { folder.remove() }
    let copy = folder.appending("crashpad_handler")
    try ProgramFile.copy(ServingHandler.ours[0].path(), to: copy)
    let database = folder.appending("database")
    let steps =
      ["handler=\(copy)", "database=\(database)", "annotate"] + rules.map { "sanitize-\($0)" }
      + ["start", "kill-handler"] + (isGone ? ["remove-file=\(copy)"] : []) + ["die-with-secrets"]
    let run = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"), steps, environment: ["SWIFT_BACKTRACE": "enable=no"])
    defer { run.end() }
    #expect(try run.wait().signal == 11, "\(run.output)")
    try waitUntil("all handlers have ended", timeout: .seconds(90)) { run.livingFamily().isEmpty }
    let pending = database.appending("pending")
    let dumps = try FileSystem.entries(of: pending).filter { String(decoding: $0, as: UTF8.self).hasSuffix(".dmp") }
    #expect(dumps.count <= 1)
    return try dumps.first.map { try Content(pending.appending(bytes: $0)) }
  }

  @Test func `is what a handler makes that is started at the crash because the first one has gone`() throws {
    let content = try #require(try crashAlone(["allow=flag", "stacks"], isGone: false))
    #expect(content.annotations == ["flag"])
    #expect(!content.holds("STACKSTA") && content.stacks >= 1)
  }

  @Test func `is what the crashing thread writes: a stack of addresses, or nothing at all`() throws {
    let whole = try #require(try crashAlone([], isGone: true))
    #expect(whole.holds("STACKSTA") && whole.holds("[stack]"))
    let clean = try #require(try crashAlone(["stacks"], isGone: true))
    #expect(clean.signal == 11 && clean.stacks == 1)
    #expect(!clean.holds("STACKSTA") && !clean.holds("HEAPHEAP") && !clean.holds("[stack]"))
    let stack = try #require(try crashAlone(["allow-none"], isGone: true))
    #expect(stack.holds("STACKSTA") && !stack.holds("[stack]"))
    // Who has a part in the crash cannot be told there.
    #expect(try crashAlone(["target=program"], isGone: true) == nil)
  }
}
