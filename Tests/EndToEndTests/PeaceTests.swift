// Provides tests of programs in which others have to do with the same signals: docs/peace.md.
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A program in which others use the same signals` {
  /// What became of a victim.
  private struct Result {
    let termination: ProcessTermination
    let output: String
    let errorOutput: String
    /// The signals that its reports are of.
    let reports: [UInt32]
  }

  private func run(
    _ program: FilePath, _ arguments: [String], database: FilePath, environment: [String: String?] = [:]
  ) throws -> Result {
    let run = try RunningProcess(
      program, arguments, environment: ["SWIFT_BACKTRACE": "enable=no"].merging(environment) { $1 })
    defer { run.end() }
    let termination = try run.wait(timeout: .seconds(60))
    try waitUntil("the handler ends", timeout: .seconds(60)) { run.livingFamily().isEmpty }
    let folder = database.appending("pending")
    let dumps = ((try? FileSystem.entries(of: folder)) ?? []).filter { $0.suffix(4).elementsEqual(".dmp".utf8) }
    let signals = try dumps.map { name in
      let bytes = try FileSystem.read(folder.appending(bytes: name))
      return try bytes.withUnsafeBytes { buffer in
        try #require(try MinidumpReader(MinidumpBytes(unowned: buffer)).exception?.code)
      }
    }
    return Result(
      termination: termination, output: run.output, errorOutput: run.errorOutput, reports: signals)
  }

  /// CrashVictim, which does these steps.
  private func victim(_ handler: FilePath, _ steps: [String]) throws -> Result {
    let folder = try TemporaryDirectory(prefix: "peace")
    defer { folder.remove() }
    let database = folder.appending("database")
    return try run(
      TestProducts.folder.appending("CrashVictim"), ["handler=\(handler)", "database=\(database)"] + steps,
      database: database)
  }

  // MARK: - Runtimes that provoke faults

  @Test(arguments: TestProducts.handlers)
  func `has a runtime that came later, mends its own faults, and leaves the others to us`(_ handler: FilePath) throws {
    let result = try victim(
      handler, ["start", "mending-handler", "mend", "mend", "mend", "say=alive", "die=segv"])
    #expect(result.termination.signal == 11, "\(result.errorOutput)")
    #expect(result.output.contains("mended 1\nmended 1\nmended 1\nalive\n"), "\(result.output)")
    #expect(result.reports == [11])
  }

  @Test(arguments: TestProducts.handlers)
  func `has a runtime that came before, which goes on mending, and its first fault is reported`(
    _ handler: FilePath
  ) throws {
    let result = try victim(
      handler, ["mending-handler", "start", "survival=600000", "mend", "mend", "say=alive", "exit=0"])
    #expect(result.termination == .exited(status: 0), "\(result.errorOutput)")
    #expect(result.output.contains("mended 1\nmended 1\nalive\n"), "\(result.output)")
    // Nobody can know before that it will be mended; and a program that survives is not dumped again and again.
    #expect(result.reports == [11])
  }

  @Test(arguments: TestProducts.handlers)
  func `has a runtime that came before and is asked first: what it mends is no crash`(_ handler: FilePath) throws {
    let result = try victim(
      handler, ["mending-handler", "chain-at-start", "start", "mend", "mend", "mend", "say=alive", "die=segv"])
    #expect(result.output.contains("mended 1\nmended 1\nmended 1\nalive\n"), "\(result.output)")
    #expect(result.termination.signal == 11, "\(result.errorOutput)")
    #expect(result.reports == [11])
  }

  @Test(arguments: TestProducts.handlers)
  func `has a handler before that makes memory accessible, and is asked first`(_ handler: FilePath) throws {
    let steps = ["unlocking-handler", "chain-at-start", "start", "unlock", "say=on", "unlock", "say=alive"]
    let survived = try victim(handler, steps + ["exit=0"])
    #expect(survived.termination == .exited(status: 0), "\(survived.errorOutput)")
    #expect(survived.output.contains("unlocked 1\non\nunlocked 1\nalive\n"), "\(survived.output)")
    #expect(survived.reports.isEmpty)
    // Of a fault that is not its own it takes itself out, and the process would die at once.
    let died = try victim(handler, steps + ["die=segv"])
    #expect(died.termination.signal == 11, "\(died.errorOutput)")
    #expect(died.reports == [11])
  }

  @Test(arguments: TestProducts.handlers)
  func `asks a handler that came before first, and not of signals that somebody sent`(_ handler: FilePath) throws {
    let result = try victim(
      handler, ["unlocking-handler", "chain-at-start", "start", "unlock", "raise=11", "say=alive", "die=segv"])
    #expect(result.termination.signal == 11, "\(result.errorOutput)")
    #expect(result.reports == [11])
  }

  // MARK: - Signals that go elsewhere

  @Test(arguments: TestProducts.handlers, [3, 24, 25] as [Int32])
  func `takes signals by signalfd, and they are no crashes`(_ handler: FilePath, _ signal: Int32) throws {
    let result = try victim(handler, ["start", "signalfd=\(signal)", "say=alive", "die=segv"])
    #expect(result.output.contains("signalfd \(signal)\nalive\n"), "\(result.output)")
    #expect(result.termination.signal == 11)
    #expect(result.reports == [11])
  }

  @Test(arguments: TestProducts.handlers)
  func `ignores signals that are no faults, and lives on`(_ handler: FilePath) throws {
    let result = try victim(handler, ["ignore=3", "ignore=25", "start", "raise=3", "raise=25", "say=alive", "exit=0"])
    #expect(result.termination == .exited(status: 0), "\(result.errorOutput)")
    #expect(result.output.contains("alive"))
    #expect(result.reports.isEmpty)
  }

  @Test(arguments: TestProducts.handlers)
  func `blocks the signal of its own fault, and dies of it at once without a report`(_ handler: FilePath) throws {
    // The kernel runs no handler then, whoever's it is.
    let result = try victim(handler, ["start", "block=11", "die=segv"])
    #expect(result.termination.signal == 11)
    #expect(result.reports.isEmpty)
  }

  @Test(arguments: TestProducts.handlers)
  func `blocks SIGABRT, and abort is reported all the same`(_ handler: FilePath) throws {
    let result = try victim(handler, ["start", "block=6", "die=abort"])
    #expect(result.termination.signal == 6)
    #expect(result.reports == [6])
  }

  // MARK: - Sanitizers

  private static let sanitized = """
    #include <sentry.h>
    #include <stdlib.h>
    #include <string.h>
    int main(int count, char **arguments) {
      sentry_options_t *options = sentry_options_new();
      sentry_options_set_handler_path(options, arguments[1]);
      sentry_options_set_database_path(options, arguments[2]);
      if (count < 4 || sentry_init(options) != 0) return 9;
      if (!strcmp(arguments[3], "fault")) *(volatile int *)8 = 1;
      if (!strcmp(arguments[3], "abort")) abort();
      char *volatile block = malloc(8);
      free(block);
      return block[0];
    }
    """
  private static let sanitizedSwift = """
    let options = sentry_options_new()
    let arguments = CommandLine.arguments
    sentry_options_set_handler_path(options, arguments[1])
    sentry_options_set_database_path(options, arguments[2])
    if sentry_init(options) != 0 { fatalError() }
    if arguments[3] == "fault" { UnsafeMutablePointer<Int32>(bitPattern: 8)?.pointee = 1 }
    let block = UnsafeMutablePointer<UInt8>.allocate(capacity: 8)
    block.deallocate()
    print(block[0])
    """

  /// Compiles a program with a sanitizer and runs it.
  private func sanitized(
    _ handler: FilePath, _ sanitizer: String, _ death: String, swift: Bool = false, options: String = ""
  ) throws -> Result {
    let folder = try TemporaryDirectory(prefix: "sanitizer")
    defer { folder.remove() }
    let source = folder.appending(swift ? "main.swift" : "main.c")
    try FileSystem.write(Array((swift ? Self.sanitizedSwift : Self.sanitized).utf8), to: source)
    let program = folder.appending("program")
    let header = FilePath(#filePath).directory.directory.directory.appending("Modules/CSentry/include/sentry.h")
    let common = [
      source.description, "-g", "-o", program.description, "-L", TestProducts.folder.description, "-lsentry",
      "-Xlinker", "-rpath", "-Xlinker", TestProducts.folder.description,
    ]
    let compiler =
      swift
      // The toolchain's own ThreadSanitizer wants Dispatch and blocks.
      ? ["swiftc", "-sanitize=\(sanitizer)", "-import-objc-header", header.description]
      : [sanitizer == "thread" ? "gcc" : "clang", "-fsanitize=\(sanitizer)", "-I", header.directory.description]
    let built = try RunningProcess.run("/usr/bin/env", compiler + common, timeout: .seconds(100))
    try #require(built.succeeded, "\(built.output) \(built.errorOutput)")
    let database = folder.appending("database")
    return try run(
      program, [handler.description, database.description, death], database: database,
      environment: [
        "ASAN_OPTIONS": "detect_leaks=0:symbolize=0:\(options)", "TSAN_OPTIONS": "symbolize=0:\(options)",
      ])
  }

  @Test(arguments: TestProducts.handlers, [false, true])
  func `is built with AddressSanitizer, and a fault is reported here and there`(_ handler: FilePath, _ swift: Bool)
    throws
  {
    let result = try sanitized(handler, "address", "fault", swift: swift)
    #expect(result.reports == [11], "\(result.errorOutput)")
    #expect(result.errorOutput.contains("AddressSanitizer: SEGV"), "\(result.errorOutput)")
    #expect(result.termination == .exited(status: 1))
  }

  @Test(arguments: TestProducts.handlers, [false, true])
  func `is built with AddressSanitizer, whose own findings are reported when they abort`(
    _ handler: FilePath, _ swift: Bool
  ) throws {
    let aborting = try sanitized(handler, "address", "heap", swift: swift, options: "abort_on_error=1")
    #expect(aborting.errorOutput.contains("heap-use-after-free"), "\(aborting.errorOutput)")
    #expect(aborting.termination.signal == 6)
    #expect(aborting.reports == [6])
  }

  @Test(arguments: TestProducts.handlers)
  func `is built with AddressSanitizer, whose own findings are none of ours when they exit`(_ handler: FilePath) throws
  {
    let exiting = try sanitized(handler, "address", "heap")
    #expect(exiting.errorOutput.contains("heap-use-after-free"), "\(exiting.errorOutput)")
    #expect(exiting.termination == .exited(status: 1))
    #expect(exiting.reports.isEmpty)
  }

  @Test(arguments: TestProducts.handlers)
  func `is built with ThreadSanitizer, and faults and aborts are reported`(_ handler: FilePath) throws {
    let fault = try sanitized(handler, "thread", "fault")
    #expect(fault.reports == [11], "\(fault.errorOutput)")
    let abort = try sanitized(handler, "thread", "abort")
    #expect(abort.reports == [6], "\(abort.errorOutput)")
    #expect(abort.termination.signal == 6)
  }
}
