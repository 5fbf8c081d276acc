// Provides tests of clients that do not use our crash client.
import CLinuxShims
import CrashDatabase
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `A client that is not ours` {
  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `alone with its handler is told that its dump is done`(_ handler: FilePath) throws {
    let run = try Conversation(handler, client: "alone")
    defer { run.end() }
    #expect(run.died, "\(String(describing: run.termination))")
    #expect(run.victim.output.contains("message kind=3 pid=0"), "\(run.victim.output)")
    let dumps = try run.dumps()
    try #require(dumps.count == 1)
    let exception = try #require(try ShownDump(dumps[0]).exception)
    #expect(exception.code.value == 11)
    #expect(exception.address.value == 16)
    #expect(run.victim.output.contains("dying tid=\(exception.threadId)\n"))
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `alone with its handler is told that its dump failed`(_ handler: FilePath) throws {
    // Every file of the handler is too large, the dump too.
    let run = try Conversation(
      handler, client: "alone", wrapper: ["/bin/sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"])
    defer { run.end() }
    #expect(run.died, "\(String(describing: run.termination))")
    #expect(run.victim.output.contains("message kind=4 pid=0"), "\(run.victim.output)")
    #expect(try run.dumps().isEmpty)
  }

  /// Yama's file in a private mount namespace: this kernel need not have it.
  private static let restricted = [
    "/usr/bin/unshare", "--mount", "--", "/bin/sh", "-ec",
    "mount -t tmpfs none /proc/sys/kernel; mkdir /proc/sys/kernel/yama; echo 1 >/proc/sys/kernel/yama/ptrace_scope;"
      + " exec \"$@\"", "sh",
  ]

  @Test(
    .timeLimit(.minutes(10)), .enabled(if: geteuid() == 0, "needs root for a mount namespace"),
    arguments: TestProducts.handlers, ["alone", "refusing"])
  func `is asked whether it may be traced where Yama wants that`(_ handler: FilePath, _ client: String) throws {
    let run = try Conversation(handler, client: client, wrapper: Self.restricted)
    defer { run.end() }
    #expect(run.died, "\(String(describing: run.termination))")
    // Wrapper and handler are one process, after two exec calls.
    let lines = run.victim.output.split(separator: "\n").filter { $0.hasPrefix("message") }
    #expect(lines == ["message kind=2 pid=\(run.handler.processID)", "message kind=3 pid=0"], "\(run.victim.output)")
    // Root may trace whatever the client says.
    #expect(try run.dumps().count == 1)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `on a shared socket is not asked, and released by a signal`(_ handler: FilePath) throws {
    let run = try Conversation(handler, client: "shared", options: ["--shared-client-connection"])
    defer { run.end() }
    #expect(run.died, "\(String(describing: run.termination))")
    #expect(run.victim.output.contains("released signal=\(SIGCONT)"), "\(run.victim.output)")
    #expect(try run.dumps().count == 1)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `starts the handler when it crashes, and learns by its end how it went`(_ handler: FilePath) throws {
    let directory = try TemporaryDirectory(prefix: "launched")
    defer { directory.remove() }
    func crash(_ options: [String]) throws -> RunningProcess {
      let command = ([handler.description] + options).map { "other-command=\($0)" }
      return try RunningProcess(
        TestProducts.folder.appending("CrashVictim"), command + ["other-client=launching", "die=segv"],
        environment: ["SWIFT_BACKTRACE": "enable=no"])
    }
    let run = try crash(["--database=\(directory.path)", "--annotation=key=value"])
    defer { run.end() }
    let died: Bool = if case .signaled(11, _) = try run.wait() { true } else { false }
    #expect(died)
    #expect(run.output.contains("handler exited(status: 0)"), "\(run.output) \(run.errorOutput)")
    let dumps = try pendingDumps(directory.path)
    try #require(dumps.count == 1)
    let shown = try ShownDump(dumps[0])
    #expect(shown.process.pid == run.processID)
    #expect(shown.exception?.code.value == 11)
    #expect(shown.exception?.address.value == 16)

    let failing = try crash(["--database=/dev/null/database"])
    defer { failing.end() }
    try failing.wait()
    #expect(failing.output.contains("handler exited(status: 1)"), "\(failing.output)")
    #expect(failing.errorOutput.contains("database"))
  }

  // MARK: - Shared memory

  /// A region as Chromium makes it: header, block header, content.
  private static func region(
    magic: UInt32 = 0x5254_5355, type: UInt32 = 0x4b6b_0003, offset: UInt32 = 16, sequence: UInt32 = 2,
    size: UInt32 = 7
  ) -> [UInt8] {
    let words = [magic, 1, type, offset, sequence, size]
    let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
    return bytes + Array("content".utf8) + [UInt8](repeating: 0, count: 33)
  }

  /// MFD_CLOEXEC of <linux/memfd.h>: programs that other tests start meanwhile do not inherit it.
  private static let closeOnExec: UInt32 = 1

  private static func userStream(_ handler: FilePath, _ content: [UInt8]) throws -> [UInt8]? {
    let file = OwnedFileDescriptor(owning: linux_memfd_create("region", closeOnExec))
    try file.writeAll(content)
    let run = try Conversation(
      handler, client: "alone", options: ["--user-stream-region=\(file.rawValue),64"], keeping: [file.rawValue])
    defer { run.end() }
    let dumps = try run.dumps()
    try #require(dumps.count == 1)
    let bytes = try FileSystem.read(dumps[0])
    return try bytes.withUnsafeBytes { buffer in
      let reader = try MinidumpReader(MinidumpBytes(unowned: buffer))
      return reader.streamBytes(MinidumpStreamType(rawValue: 0x4b6b_0003)).map { [UInt8]($0) }
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `shares memory that its dump takes along`(_ handler: FilePath) throws {
    #expect(try Self.userStream(handler, Self.region()) == Array("content".utf8))
  }

  @Test(
    .timeLimit(.minutes(10)),
    arguments: [
      region(magic: 0), region(offset: 0), region(offset: 18), region(offset: .max - 3), region(offset: 60),
      region(sequence: 3), region(size: 41), region(size: .max), region(size: 0), [], Array(repeating: 0xff, count: 64),
    ])
  func `shares memory that makes no sense, and gets its dump`(_ content: [UInt8]) throws {
    let handler = try #require(TestProducts.handlers.first)
    #expect(try Self.userStream(handler, content) == nil)
  }
}
