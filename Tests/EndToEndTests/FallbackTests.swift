// Provides what becomes of a crash where something that reporting needs cannot be had: each cause, one way out.
import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A program whose handler` {
  private func file(_ bytes: [UInt8], mode: UInt32, in folder: TemporaryDirectory) throws -> FilePath {
    let path = folder.appending("crashpad_handler")
    try ProgramFile.write(bytes, to: path, mode: mode)
    return path
  }

  /// The crash of a program that has no handler: it dies of its own signal, and the crashing thread leaves a dump.
  private func expectOwnDump(_ handler: FilePath) throws {
    let run = try ZooRun(flavor: "null-write", handler: handler)
    defer { run.end() }
    #expect(run.termination.signal == 11, "\(run.process.errorOutput)")
    let shown = try ShownDump(try #require(run.dumps().first))
    #expect(shown.exception?.code.value == 11)
    #expect(shown.threads.first?.registers?["rip"]?.value ?? 0 > 4096)
  }

  @Test func `is not executable dies of its own signal and leaves a dump of its own`() throws {
    let folder = try TemporaryDirectory(prefix: "handler")
    defer { folder.remove() }
    try expectOwnDump(try file(Array("#!/bin/sh\nexec sleep 100\n".utf8), mode: 0o644, in: folder))
  }

  @Test func `is built for another machine dies of its own signal and leaves a dump of its own`() throws {
    let folder = try TemporaryDirectory(prefix: "handler")
    defer { folder.remove() }
    var program = try FileSystem.read(try #require(TestProducts.handlers.first), limit: 1 << 30)
    // e_machine: EM_S390, which this is not.
    program[18] = 22
    program[19] = 0
    try expectOwnDump(try file(program, mode: 0o755, in: folder))
  }

  @Test(arguments: ["exit 23", "kill -SEGV $$", "exec /nonexistent/loader"])
  func `dies at its start dies of its own signal and leaves a dump of its own`(_ words: String) throws {
    let folder = try TemporaryDirectory(prefix: "handler")
    defer { folder.remove() }
    try expectOwnDump(try file(Array("#!/bin/sh\n\(words)\n".utf8), mode: 0o755, in: folder))
  }
}

@Suite(.timeLimit(.minutes(10))) struct `A program at a limit` {
  @Test(arguments: TestProducts.handlers)
  func `of descriptors, with none left at the crash, gets its whole report`(_ handler: FilePath) throws {
    let run = try ConfinedRun(
      handler, clientUnder: ["/bin/sh", "-c", "ulimit -n 64 && exec \"$@\"", "sh"],
      steps: ["waiting-thread", "start", "open-files=64", "die=segv"])
    #expect(run.victim.output.contains("no more files"))
    try run.expectReport(threads: "ptrace", memory: "process_vm_readv")
  }

  @Test(arguments: TestProducts.handlers)
  func `of memory gets its whole report, under a handler with the same limit`(_ handler: FilePath) throws {
    // Address space, in KiB: enough for the program and little more.
    let run = try ConfinedRun(
      handler, clientUnder: ["/bin/sh", "-c", "ulimit -v 300000 && exec \"$@\"", "sh"])
    let shown = try run.expectReport(threads: "ptrace", memory: "process_vm_readv")
    #expect(shown.threads.count >= 2)
  }

  @Test(.enabled(if: geteuid() == 0, "needs root for a user of its own"))
  func `of processes, where no handler can be started, leaves a dump of its own`() throws {
    let folder = try TemporaryDirectory(prefix: "limit")
    defer { folder.remove() }
    try #require(chmod(folder.path.description, 0o777) == 0)
    // The limit counts all processes of a user; nobody else is this one. One thread is all that is allowed.
    let result = try RunningProcess.run(
      TestProducts.folder.appending("Confine"),
      [
        "--user", "54321", "/bin/bash", "-c", "ulimit -u 1 && exec \"$@\"", "sh",
        TestProducts.folder.appending("SelfHandlerFixture").description, folder.appending("database").description, "",
      ], environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(result.termination.signal == 4, "\(result.output) \(result.errorOutput)")
    #expect(result.output.contains("without a handler"), "\(result.output)")
    let pending = folder.appending("database/pending")
    let dumps = ((try? FileSystem.entries(of: pending)) ?? []).filter { $0.suffix(4).elementsEqual(".dmp".utf8) }
    #expect(dumps.count == 1, "\(result.output) \(result.errorOutput)")
  }

  @Test(.enabled(if: geteuid() == 0, "needs root for mounts"), arguments: TestProducts.handlers)
  func `of a disk that is read-only says that nothing can be kept, and dies of its own signal`(
    _ handler: FilePath
  ) throws {
    let folder = try TemporaryDirectory(prefix: "read-only")
    defer { folder.remove() }
    let result = try RunningProcess.run(
      "/usr/bin/unshare",
      [
        "--mount", "--", "/bin/sh", "-ec", "mount -t tmpfs -o ro none \"$1\"; shift; exec \"$@\"", "sh",
        folder.path.description, TestProducts.folder.appending("SDKFixture").description, handler.description,
        folder.appending("database").description, "", "start", "issues", "abort",
      ], environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(result.termination.signal == 6, "\(result.output) \(result.errorOutput)")
    #expect(result.output.contains("database"), "\(result.output)")
  }
}
