// Provides tests of a handler that another handler watches.
import CLinuxShims
import CrashProtocol
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `A handler with --monitor-self` {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory(prefix: "monitor") }

  private func start(_ handler: FilePath, _ more: [String] = []) throws -> HandlerRun {
    let run = try HandlerRun(
      handler, database: directory.path, url: nil,
      arguments: [
        "--monitor-self", "--monitor-self-annotation=ptype=crashpad-handler", "--annotation=prod=tests",
        "--annotation=ptype=overridden",
      ] + more,
      // Swift's backtracer survives a signal that somebody has sent.
      environment: ["SWIFT_BACKTRACE": "enable=no"])
    // It starts the other one before it serves its clients.
    #expect(try run.isServing())
    return run
  }

  private func dumps() throws -> [FilePath] {
    let folder = directory.appending("pending")
    return try FileSystem.entries(of: folder).map { folder.appending(bytes: $0) }.filter {
      $0.description.hasSuffix(".dmp")
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `leaves a dump of itself when it crashes, and both are gone`(_ handler: FilePath) throws {
    defer { directory.remove() }
    let run = try start(handler)
    defer { run.end() }
    #expect(run.process.livingFamily().count == 2)
    run.process.send(signal: SIGSEGV)
    let died: Bool = if case .signaled(11, _) = try run.process.wait() { true } else { false }
    #expect(died)
    try waitUntil("the watching handler ends") { run.process.livingFamily().isEmpty }
    let dumps = try dumps()
    try #require(dumps.count == 1, "\(run.process.errorOutput)")
    let shown = try ShownDump(dumps[0])
    #expect(shown.process.pid == run.process.processID)
    #expect(shown.exception?.code.value == 11)
    let bytes = try FileSystem.read(dumps[0])
    let info = try #require(
      try bytes.withUnsafeBytes { try MinidumpReader(MinidumpBytes(unowned: $0)).crashpadInfo })
    func text(_ annotations: [MinidumpSimpleAnnotation]) -> [String] { annotations.map { "\($0.key)=\($0.value)" } }
    #expect(
      text(info.simpleAnnotations).filter { !$0.hasPrefix("swift.") && !$0.hasPrefix("capture_") } == ["prod=tests"])
    // In the memory of the watched handler itself, where any handler finds them.
    #expect(info.modules.map { text($0.simpleAnnotations) } == [["ptype=crashpad-handler"]])
    #expect(info.modules.first?.moduleIndex == 0)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `ends with its last client, and so does the other`(_ handler: FilePath) throws {
    defer { directory.remove() }
    let run = try start(handler, ["--no-rate-limit", "--no-upload-gzip", "--monitor-self-argument=--no-rate-limit"])
    defer { run.end() }
    let other = try #require(run.process.livingFamily().first { $0 != run.process.processID })
    let command = try FileSystem.read(FilePath("/proc/\(other)/cmdline"), limit: 1 << 16).split(separator: 0).map {
      String(decoding: $0, as: UTF8.self)
    }
    #expect(
      command.dropFirst().prefix(5) == [
        "--no-rate-limit", "--no-periodic-tasks", "--no-rate-limit", "--no-upload-gzip",
        "--monitor-self-annotation=ptype=crashpad-handler",
      ])
    #expect(command.contains("--database=\(directory.path)"))
    #expect(!command.contains("--monitor-self"))
    #expect(try run.finish() == .exited(status: 0))
    try waitUntil("the watching handler ends") { run.process.livingFamily().isEmpty }
    #expect(try dumps().isEmpty)
  }

  @Test(.timeLimit(.minutes(10)))
  func `is not watched by one that would be watched too`() throws {
    defer { directory.remove() }
    let run = try start(
      try #require(TestProducts.handlers.first), ["--monitor-self-argument=--monitor-self", "--log-level=1"])
    defer { run.end() }
    #expect(run.process.livingFamily() == [run.process.processID])
    #expect(run.process.errorOutput.contains("this handler is not watched"))
    #expect(try run.finish() == .exited(status: 0))
  }
}
