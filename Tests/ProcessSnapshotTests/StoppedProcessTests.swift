// Tests that stopping a process leaves no trace in it, and what happens where it cannot be stopped.
import CLinuxShims
import LinuxSystem
import ProcessSnapshot
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Stopping a process` {
  @Test func `it goes on afterwards, and nobody traces it`() throws {
    let fixture = try Fixture("counting")
    for number in 1...5 {
      let stopped = try StoppedProcess.stop(fixture.processID)
      #expect(try fixture.state() == "t")
      fixture.process.send(signal: SIGUSR1)
      stopped.detach()
      try fixture.process.waitForOutput(containing: "signal \(number)\n")
    }
    #expect(try fixture.tracer() == "0")
  }

  @Test func `signals that arrive around the stop are delivered`() throws {
    let fixture = try Fixture("counting")
    for number in 1...50 {
      // The signal may be caught on its way by the stop.
      fixture.process.send(signal: SIGUSR1)
      let stopped = try StoppedProcess.stop(fixture.processID)
      stopped.detach()
      try fixture.process.waitForOutput(containing: "signal \(number)\n")
    }
  }

  @Test func `a process that job control has stopped stays stopped`() throws {
    let fixture = try Fixture("stopped")
    try waitUntil("the process is stopped") { try fixture.state() == "T" }
    let snapshot = try fixture.capture()
    #expect(snapshot.threads.count == 1)
    try waitUntil("the process is stopped again") { try fixture.state() == "T" }
    #expect(!fixture.process.output.contains("continued"))
    fixture.process.send(signal: SIGCONT)
    try fixture.process.waitForOutput(containing: "continued")
  }

  @Test func `a process that is killed while it is stopped ends, and its parent learns how`() throws {
    let fixture = try Fixture("threads", "5")
    let stopped = try StoppedProcess.stop(fixture.processID)
    fixture.process.send(signal: SIGKILL)
    stopped.detach()
    #expect(try fixture.process.wait() == .signaled(signal: SIGKILL, coreDumped: false))
  }

  @Test func `there is no such process`() throws {
    let fixture = try Fixture("plain")
    fixture.process.end()
    for process in [fixture.processID, 0, -1, Int32.max] {
      #expect(code(stopping: process) == .noSuchProcess)
    }
  }

  @Test func `a process cannot stop itself`() { #expect(code(stopping: ProcessIdentity.processID()) == .ownProcess) }

  @Test func `a process that a debugger holds is left to it, and the message names it`() throws {
    let fixture = try Fixture("plain")
    let tracer = try RunningProcess(
      "/usr/bin/env",
      [
        "python3", "-c",
        """
        import ctypes, sys, time
        libc = ctypes.CDLL(None)
        assert libc.ptrace(0x4206, \(fixture.processID), 0, 0) == 0
        print("traced", flush=True)
        time.sleep(60)
        """,
      ])
    defer { tracer.end() }
    try tracer.waitForOutput(containing: "traced")
    do {
      _ = try StoppedProcess.stop(fixture.processID)
      Issue.record("it was stopped")
    } catch {
      #expect(error.code == .alreadyTraced)
      #expect(error.description.contains("process \(tracer.processID) traces it"))
    }
  }

  @Test func `a process in uninterruptible sleep is given up in time`() throws {
    let fixture = try Fixture("vfork")
    // The state of the parent while its child has its memory.
    try waitUntil("the process waits for its child") { try fixture.state() == "D" }
    let start = MonotonicInstant.now()
    do {
      _ = try StoppedProcess.stop(fixture.processID, timeout: 100)
      Issue.record("it was stopped")
    } catch {
      #expect(error.code == .notStopped)
    }
    #expect(start.advanced(milliseconds: 30_000) > MonotonicInstant.now())
  }

  private func code(stopping process: Int32) -> ProcessSnapshotError.Code? {
    do {
      _ = try StoppedProcess.stop(process)
      return nil
    } catch {
      return error.code
    }
  }
}
