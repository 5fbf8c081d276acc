// Provides tests of crashes that the kernel does not let the handler look at.
import CLinuxShims
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

private let confine = TestProducts.folder.appending("Confine").description
private let nobody = [confine, "--user", "65534"]

/// No test of this suite can run without root: it needs other users and namespaces.
@Suite(.timeLimit(.minutes(10)), .enabled(if: geteuid() == 0, "needs root for users, namespaces and mounts"))
struct `A client out of the handler's reach` {
  // MARK: - Sandboxes

  @Test(arguments: TestProducts.handlers)
  func `because the handler's sandbox refuses ptrace forks a broker`(_ handler: FilePath) throws {
    let run = try ConfinedRun(handler, handlerUnder: [confine, "--deny", "ptrace"])
    let shown = try run.expectReport(threads: "broker", memory: "process_vm_readv")
    #expect(shown.threads.count >= 2)
    #expect(shown.threads.allSatisfy { $0.registers?["rip"]?.value ?? 0 > 4096 })
  }

  @Test(arguments: TestProducts.handlers)
  func `because the handler's sandbox refuses process_vm_readv is read by its file`(_ handler: FilePath) throws {
    let run = try ConfinedRun(handler, handlerUnder: [confine, "--deny", "process_vm_readv"])
    try run.expectReport(threads: "ptrace", memory: "/proc/PID/mem")
  }

  @Test(arguments: TestProducts.handlers)
  func `because both sandboxes refuse ptrace is read without being stopped`(_ handler: FilePath) throws {
    let run = try ConfinedRun(
      handler, handlerUnder: [confine, "--deny", "ptrace"], clientUnder: [confine, "--deny", "ptrace"])
    let shown = try run.expectReport(threads: "none", memory: "process_vm_readv", errors: "ptrace is refused")
    // A thread that waits tells where, even so.
    #expect(shown.threads.count >= 2)
    #expect(shown.threads.allSatisfy { $0.registers?["rip"]?.value ?? 0 > 4096 })
  }

  @Test(arguments: TestProducts.handlers)
  func `because both sandboxes refuse ptrace and process_vm_readv is read by its file`(_ handler: FilePath) throws {
    let filter = [confine, "--deny", "ptrace,process_vm_readv"]
    let run = try ConfinedRun(handler, handlerUnder: filter, clientUnder: filter)
    try run.expectReport(threads: "none", memory: "/proc/PID/mem")
  }

  @Test(arguments: TestProducts.handlers)
  func `because it may not open sockets any more has the one that it made before`(_ handler: FilePath) throws {
    let run = try ConfinedRun(
      handler, handlerUnder: nobody, steps: ["start", "deny=socketpair,ptrace,process_vm_readv,openat", "die=segv"])
    // Not even its own /proc: no map, no modules, but the fault with its stack.
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    let dumps = run.dumps()
    try #require(dumps.count == 1, "\(run.story)")
    #expect(try ConfinedRun.rungs(dumps[0]) == ("none", "the client itself"))
    let shown = try ShownDump(dumps[0])
    #expect(shown.exception?.code.value == 11)
    let crashed = try #require(shown.threads.first { $0.id == shown.exception?.threadId })
    #expect(crashed.registers?["rip"]?.value ?? 0 > 4096)
    #expect(crashed.stack?.size.value ?? 0 > 0)
  }

  // MARK: - Users

  @Test(arguments: TestProducts.handlers)
  func `because it belongs to another user forks a broker`(_ handler: FilePath) throws {
    let shown = try ConfinedRun(handler, handlerUnder: nobody).expectReport(threads: "broker", memory: "broker")
    #expect(shown.threads.count >= 2)
    #expect(shown.threads.allSatisfy { $0.registers?["rip"]?.value ?? 0 > 4096 })
  }

  @Test(arguments: TestProducts.handlers)
  func `because it belongs to another user and denies everything tells by itself`(_ handler: FilePath) throws {
    let later = try ConfinedRun(
      handler, handlerUnder: nobody,
      steps: ["waiting-thread", "start", "deny=ptrace,process_vm_readv,socketpair,clone", "die=segv"])
    let shown = try later.expectReport(threads: "none", memory: "the client itself")
    #expect(shown.threads.count >= 2)
    #expect(shown.threads.allSatisfy { $0.registers?["rip"]?.value ?? 0 > 4096 })
  }

  @Test(arguments: TestProducts.handlers)
  func `because it belongs to another user lives on after a dump without a crash`(_ handler: FilePath) throws {
    let run = try ConfinedRun(
      handler, handlerUnder: nobody, steps: ["waiting-thread", "start", "dump", "dump", "children", "die=segv"])
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    #expect(run.victim.output.contains("ok\nok\nchildren none=true"), "\(run.story)")
    let dumps = run.dumps()
    #expect(dumps.count == 3, "\(run.story)")
    for dump in dumps { #expect(try ConfinedRun.rungs(dump) == ("broker", "broker")) }
  }

  @Test(arguments: TestProducts.handlers)
  func `because it is not dumpable makes itself dumpable, without any capability`(_ handler: FilePath) throws {
    let run = try ConfinedRun(
      handler, clientUnder: nobody, steps: ["waiting-thread", "start", "undumpable", "die=segv"])
    try run.expectReport(threads: "ptrace", memory: "process_vm_readv")
  }

  // MARK: - Namespaces

  @Test(arguments: TestProducts.handlers)
  func `because the handler's pid namespace does not show it forks a broker`(_ handler: FilePath) throws {
    let run = try ConfinedRun(
      handler, handlerUnder: ["/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
    let shown = try run.expectReport(threads: "broker", memory: "broker")
    // The numbers are the client's own: the handler has none for it.
    #expect(shown.process.pid == run.victim.processID)
    #expect(shown.threads.count >= 2)
  }

  @Test(arguments: TestProducts.handlers)
  func `because the handler's pid namespace does not show it and ptrace is refused tells by itself`(
    _ handler: FilePath
  ) throws {
    let run = try ConfinedRun(
      handler, handlerUnder: ["/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
      clientUnder: [confine, "--deny", "ptrace"])
    let shown = try run.expectReport(threads: "none", memory: "the client itself")
    #expect(shown.process.pid == run.victim.processID)
  }

  @Test(arguments: TestProducts.handlers)
  func `in an inner pid namespace is traced under its outer number, and released`(_ handler: FilePath) throws {
    let run = try PrivateRun(
      handler, client: "shared", options: ["--shared-client-connection"],
      clientUnder: ["/usr/bin/unshare", "--pid", "--fork", "--kill-child"])
    defer { run.end() }
    #expect(run.victim.output.contains("dying tid=1\n"), "\(run.story)")
    #expect(run.victim.output.contains("released signal=\(SIGCONT)"), "\(run.story)")
    let dumps = run.dumps()
    try #require(dumps.count == 1, "\(run.story)")
    #expect(try ConfinedRun.rungs(dumps[0]) == ("ptrace", "process_vm_readv"))
    let shown = try ShownDump(dumps[0])
    #expect(shown.process.pid > 1)
    #expect(shown.exception?.threadId == shown.process.pid)
  }

  // MARK: - Clients that are not ours

  @Test(arguments: TestProducts.handlers)
  func `and alone on its connection forks a broker, as Crashpad's clients do`(_ handler: FilePath) throws {
    let run = try PrivateRun(handler, client: "brokering", handlerUnder: nobody)
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    #expect(run.victim.output.contains("conversation 0"), "\(run.story)")
    #expect(run.handlerTermination == .exited(status: 0))
    let dumps = run.dumps()
    try #require(dumps.count == 1, "\(run.story)")
    #expect(try ConfinedRun.rungs(dumps[0]) == ("broker", "broker"))
    let shown = try ShownDump(dumps[0])
    #expect(shown.threads.count >= 2)
    #expect(shown.threads.allSatisfy { $0.registers?["rip"]?.value ?? 0 > 4096 })
    #expect(shown.modules.contains { $0.name.contains("libc.so") })
  }

  @Test(arguments: TestProducts.handlers)
  func `and alone on its connection, whose broker may not trace, is told that there is no dump`(
    _ handler: FilePath
  ) throws {
    let run = try PrivateRun(
      handler, client: "brokering", handlerUnder: nobody, clientUnder: [confine, "--deny", "ptrace"])
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    #expect(run.victim.output.contains("conversation 3"), "\(run.story)")
    #expect(run.dumps().isEmpty)
    #expect(run.handler.errorOutput.contains("the broker may not trace the client"), "\(run.story)")
  }

  @Test(arguments: TestProducts.handlers)
  func `and on a socket with others is let go without a dump, loudly`(_ handler: FilePath) throws {
    // Neither a word nor a signal reaches another user's process: its own patience ends the wait.
    let run = try PrivateRun(
      handler, client: "shared", options: ["--shared-client-connection"],
      handlerUnder: [confine, "--deny", "ptrace,process_vm_readv"] + nobody, steps: ["other-patience=10"])
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    #expect(run.dumps().isEmpty)
    #expect(run.handler.errorOutput.contains("no report"), "\(run.story)")
  }

  // MARK: - /proc

  @Test(arguments: TestProducts.handlers)
  func `under a proc that hides other users forks a broker`(_ handler: FilePath) throws {
    let run = try ConfinedRun(
      handler,
      handlerUnder: [
        "/usr/bin/unshare", "--mount", "--", "/bin/sh", "-ec",
        "mount -t proc -o hidepid=invisible proc /proc; exec \(confine) --user 65534 \"$@\"", "sh",
      ])
    try run.expectReport(threads: "broker", memory: "broker")
  }

  private static let withoutProc = [
    "/usr/bin/unshare", "--mount", "--", "/bin/sh", "-ec", "mount -t tmpfs none /proc; exec \"$@\"", "sh",
  ]

  @Test(arguments: TestProducts.handlers)
  func `whose handler has no proc tells what the handler does not see, and is stopped`(_ handler: FilePath) throws {
    let run = try ConfinedRun(handler, handlerUnder: Self.withoutProc)
    let shown = try run.expectReport(threads: "ptrace", memory: "process_vm_readv")
    #expect(shown.threads.count >= 2)
  }

  @Test(arguments: TestProducts.handlers)
  func `in a world without proc leaves its registers and its stack`(_ handler: FilePath) throws {
    let run = try ConfinedRun(handler, steps: ["hide-proc", "start", "die=segv"])
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    let dumps = run.dumps()
    try #require(dumps.count == 1, "\(run.story)")
    let shown = try ShownDump(dumps[0])
    let crashed = try #require(shown.threads.first { $0.id == shown.exception?.threadId })
    #expect(shown.exception?.address.value == 16)
    #expect(crashed.registers?["rip"]?.value ?? 0 > 4096)
    #expect(crashed.stack?.size.value ?? 0 > 0)
    #expect(try ConfinedRun.softErrors(dumps[0]).contains("the map is unknown"))
  }

  // MARK: - Tracers

  @Test(arguments: TestProducts.handlers)
  func `because a debugger holds it is read without being stopped`(_ handler: FilePath) throws {
    let run = try ConfinedRun(handler, clientUnder: [confine, "--traced"])
    try run.expectReport(threads: "none", memory: "process_vm_readv", errors: "traces it already")
  }

  // MARK: - Where there is no way

  @Test(arguments: TestProducts.handlers)
  func `that dies when it calls prctl is beyond help, and dies soon`(_ handler: FilePath) throws {
    let run = try ConfinedRun(handler, steps: ["start", "kill=prctl", "die=segv"])
    defer { run.end() }
    guard case .signaled(let signal, _) = run.termination else {
      Issue.record("\(run.story)")
      return
    }
    #expect(signal == SIGSYS)
    #expect(run.dumps().isEmpty)
    #expect(run.isSoon)
  }

  @Test(arguments: TestProducts.handlers)
  func `whose prctl fails is reported all the same`(_ handler: FilePath) throws {
    try ConfinedRun(handler, steps: ["waiting-thread", "start", "deny=prctl", "die=segv"]).expectReport(
      threads: "ptrace", memory: "process_vm_readv")
  }

  @Test(arguments: TestProducts.handlers)
  func `shows its rungs where people look`(_ handler: FilePath) throws {
    let run = try ConfinedRun(handler, handlerUnder: nobody)
    defer { run.end() }
    let dump = try #require(run.dumps().first, "\(run.story)")
    let shown = try RunningProcess.run(TestProducts.crashctl, ["show", dump.description])
    #expect(shown.output.contains("capture_threads"), "\(shown.output)")
    #expect(shown.output.contains("ptrace is refused"), "\(shown.output)")
  }
}
