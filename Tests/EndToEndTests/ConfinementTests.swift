// Provides tests of what a handler gives up once it runs.
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import StructuredValue
import Testing
import ZooRuns

private let confine = TestProducts.folder.appending("Confine").description

/// The lines of a `/proc/PID/status` that tell of confinement.
private struct Confinement: Equatable {
  var filters = ""
  var noNewPrivileges = ""

  init(_ status: [UInt8]) {
    for line in String(decoding: status, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: "\t")
      if words.first == "Seccomp:" { filters = String(words.last ?? "") }
      if words.first == "NoNewPrivs:" { noNewPrivileges = String(words.last ?? "") }
    }
  }

  init(_ path: FilePath) throws { self.init(try FileSystem.read(path)) }

  var isConfined: Bool { filters == "2" && noNewPrivileges == "1" }
}

@Suite(.timeLimit(.minutes(10))) struct `A handler that serves` {
  /// What this test's own process has: a container may have a filter around all of this.
  private let own: Confinement

  init() throws { own = try Confinement("/proc/self/status") }

  private func confinement(_ handler: FilePath, _ environment: [String: String?] = [:]) throws -> Confinement {
    let directory = try TemporaryDirectory(prefix: "confinement")
    defer { directory.remove() }
    let run = try HandlerRun(
      handler, database: directory.path, url: nil, arguments: ["--log-level=0"], environment: environment)
    defer { run.end() }
    #expect(try run.isServing())
    let result = try Confinement(FilePath("/proc/\(run.process.processID)/status"))
    #expect(try run.finish() == .exited(status: 0))
    return result
  }

  @Test(arguments: TestProducts.handlers)
  func `has a filter of system calls, and cannot get more rights`(_ handler: FilePath) throws {
    #expect(try confinement(handler).isConfined)
    #expect(try confinement(handler, ["SENTRY_NATIVE_SANDBOX": "log"]).isConfined)
  }

  @Test(arguments: TestProducts.handlers)
  func `has none when its environment says so`(_ handler: FilePath) throws {
    #expect(try confinement(handler, ["SENTRY_NATIVE_SANDBOX": "0"]) == own)
  }

  /// A handler whose walker is a script of the test; it gets a report with an event to walk.
  private func walk(_ handler: FilePath, _ script: String) throws -> String {
    let directory = try TemporaryDirectory(prefix: "walker")
    defer { directory.remove() }
    let copied = try RunningProcess.run(
      "/bin/sh",
      [
        "-ec",
        "cp \"$1\" \"$2/crashpad_handler\"; printf '%s\\n' '#!/bin/sh' \"$3\" > \"$2/crashpad_walker\"; chmod 755 \"$2\"/*",
        "sh", handler.description, directory.path.description, script,
      ])
    try #require(copied.succeeded, "\(copied.errorOutput)")
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let uploading = try UploadingHandler(directory.appending("crashpad_handler"))
    defer { uploading.remove() }
    let event: StructuredValue = ["event_id": "ffffffffffffffffffffffffffffffff"]
    try uploading.store(attachments: ["__sentry-event": event.messagePack])
    try uploading.runOnce(server.minidumpURL) { try uploading.database.completedReports().count == 1 }
    return String(decoding: try FileSystem.read(directory.appending("seen")), as: UTF8.self)
  }

  @Test(arguments: TestProducts.handlers)
  func `has confined children, which can look at no process and make no world of their own`(
    _ handler: FilePath
  ) throws {
    let seen = try walk(
      handler,
      """
      cd "${0%/*}"; exec > seen 2>&1
      cat /proc/self/status
      unshare --user true && echo unshared
      strace -o /dev/null true && echo traced
      mount -t tmpfs none . && echo mounted
      chroot . /nonexistent 2>&1 | grep -i 'not implemented'
      echo end
      """)
    #expect(Confinement(Array(seen.utf8)).isConfined)
    for word in ["unshared", "traced", "mounted"] { #expect(!seen.contains("\(word)\n"), "\(seen)") }
    #expect(seen.contains("end\n"), "\(seen)")
  }

  @Test(arguments: TestProducts.handlers)
  func `starts the application's reporter as a free program`(_ handler: FilePath) throws {
    let directory = try TemporaryDirectory(prefix: "free-reporter")
    defer { directory.remove() }
    let database = try CrashDatabase(path: directory.appending("database"))
    try database.settings.setUploadsEnabled(true)
    let reporter = directory.appending("reporter").description
    let made = try RunningProcess.run(
      "/bin/sh",
      [
        "-ec",
        "printf '#!/bin/sh\\ncat /proc/self/status >\"$1.part\" && mv \"$1.part\" \"$1.seen\"\\n' >\"$1\"; chmod 755 \"$1\"",
        "sh", reporter,
      ])
    try #require(made.succeeded)
    let envelope = directory.appending("envelope")
    let run = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"),
      [
        "handler=\(handler)", "database=\(database.path)", "argument=--crash-reporter=\(reporter)",
        "argument=--crash-envelope=\(envelope)", "start", "die=segv",
      ], environment: ["SWIFT_BACKTRACE": "enable=no"])
    defer { run.end() }
    #expect(try run.wait().signal == 11, "\(run.output) \(run.errorOutput)")
    let seen = FilePath("\(envelope).seen")
    try waitUntil("the reporter has been started: \(run.errorOutput)", timeout: .seconds(30)) {
      FileSystem.exists(seen)
    }
    #expect(try Confinement(seen) == own)
    // The process that started it has gone with the handler.
    try waitUntil("the handler and its helper end", timeout: .seconds(30)) { run.livingFamily().isEmpty }
  }

  @Test(
    .enabled(if: FileSystem.exists("/proc/self/status"), "needs /proc"), arguments: TestProducts.handlers,
    [["--kill", "seccomp"], ["--deny", "seccomp"], ["--deny", "prctl"], ["--kill", "prctl"]])
  func `under a sandbox that does not let it confine itself makes its reports all the same`(
    _ handler: FilePath, _ rule: [String]
  ) throws {
    try ConfinedRun(handler, handlerUnder: [confine] + rule).expectReport(threads: "ptrace", memory: "process_vm_readv")
  }
}

@Suite(.timeLimit(.minutes(10))) struct `What a program was started with` {
  private static let environment: [String: String?] = [
    "SWIFT_BACKTRACE": "enable=no", "TOKEN_OF_THE_TEST": "secret-in-the-environment",
  ]

  private func check(_ dump: FilePath) throws {
    let bytes = try FileSystem.read(dump)
    #expect(bytes.firstRange(of: Array("say=an-argument".utf8)) != nil)
    #expect(bytes.firstRange(of: Array("secret-in-the-environment".utf8)) == nil)
  }

  @Test(arguments: TestProducts.handlers)
  func `is in its report as far as the command line goes, and no further`(_ handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "started-with")
    defer { folder.remove() }
    let run = try HandlerRun(handler, database: folder.path, url: nil)
    defer { run.end() }
    let victim = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"),
      ["other-socket=\(run.clientDescriptor)", "other-client=shared", "say=an-argument", "die=segv"],
      environment: Self.environment, keeping: [run.clientDescriptor])
    defer { victim.end() }
    #expect(try victim.wait().signal == 11)
    #expect(try run.finish() == .exited(status: 0), "\(run.process.errorOutput)")
    try check(try #require(try pendingDumps(folder.path).first))
  }

  @Test(arguments: TestProducts.handlers)
  func `is not in its report where the program has copied it to`(_ handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "started-with")
    defer { folder.remove() }
    let run = try HandlerRun(handler, database: folder.path, url: nil)
    defer { run.end() }
    let victim = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"),
      [
        "join=\(run.clientDescriptor):\(run.process.processID):sentry", "say=an-argument",
        "die-remembering=TOKEN_OF_THE_TEST",
      ],
      environment: Self.environment, keeping: [run.clientDescriptor])
    defer { victim.end() }
    #expect(try victim.wait().signal == 11)
    #expect(try run.finish() == .exited(status: 0), "\(run.process.errorOutput)")
    let dump = try #require(try pendingDumps(folder.path).first)
    try check(dump)
    let bytes = try FileSystem.read(dump)
    #expect(bytes.firstRange(of: Array("beside the copy".utf8)) != nil)
  }

  @Test func `is not in the dump that the crashing thread writes`() throws {
    let folder = try TemporaryDirectory(prefix: "started-with")
    defer { folder.remove() }
    let database = try CrashDatabase(path: folder.appending("database")).path
    let victim = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"),
      ["database=\(database)", "say=an-argument", "start-alone", "die=segv"], environment: Self.environment)
    defer { victim.end() }
    #expect(try victim.wait().signal == 11)
    try check(try #require(try pendingDumps(database).first))
  }
}
