// Provides tests of crashes where something that the report needs is missing.
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `A program that crashes` {
  @Test(.timeLimit(.minutes(10)))
  func `without a handler dies of its own signal, soon, and leaves a dump of its own`() throws {
    let run = try ZooRun(flavor: "ud2", handler: "/nonexistent/crashpad_handler", timeout: .seconds(45))
    defer { run.end() }
    let died: Bool = if case .signaled(4, _) = run.termination { true } else { false }
    #expect(died, "\(run.termination)")
    let shown = try ShownDump(try #require(run.dumps().first))
    #expect(shown.exception?.code.value == 4)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `under Swift's own backtracer gets its report and the backtrace`(_ handler: FilePath) throws {
    let run = try ZooRun(
      flavor: "index-out-of-range", thread: "pthread", handler: handler,
      environment: ["SWIFT_BACKTRACE": "enable=yes,color=no,interactive=no"])
    defer { run.end() }
    let died: Bool = if case .signaled(4, _) = run.termination { true } else { false }
    #expect(died, "\(run.termination)")
    #expect(run.dumps().count == 1)
    #expect(run.process.errorOutput.contains("Fatal error: Index out of range"))
    #expect(run.process.errorOutput.contains("SwiftTraps.readPastTheEnd"))
  }

  @Test(.timeLimit(.minutes(10)), arguments: ["null-write", "abort", "fatal-error", "raise-quit", "stack-overflow"])
  func `leaves the core dump that it would have left without us`(_ flavor: String) throws {
    let folder = try TemporaryDirectory(prefix: "core")
    defer { folder.remove() }
    /// How the program ended where core dumps are allowed, and whether the kernel wrote one into the folder.
    func end(_ arguments: [String]) throws -> (ProcessTermination, core: Bool) {
      let working = folder.appending("run-\(UniqueID.random())")
      try FileSystem.createDirectory(working)
      let result = try RunningProcess.run(
        "/bin/sh",
        ["-c", "ulimit -c unlimited && exec \"$@\"", "sh", TestProducts.zoo.description, "--flavor", flavor]
          + arguments,
        environment: ["SWIFT_BACKTRACE": "enable=no"], workingDirectory: working)
      let names = try FileSystem.entries(of: working).map { String(decoding: $0, as: UTF8.self) }
      return (result.termination, names.contains { $0.hasPrefix("core") })
    }
    let handler = try #require(TestProducts.handlers.first)
    let database = folder.appending("database")
    let with = try end(["--database", database.description, "--handler", handler.description])
    let without = try end(["--no-sdk"])
    #expect(with == without)
    #expect(try FileSystem.entries(of: database.appending("pending")).count == 2)
  }
}
