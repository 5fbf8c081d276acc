import Foundation
import LinuxSystem
import SentryNativeTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A program that was just written` {
  @Test func `is there when nobody may write to it any more`() throws {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let program = directory.appending("program")
    let writer = try RunningProcess(
      "/bin/sh", ["-c", "exec 3>>\"$1\"; chmod 755 \"$1\"; echo open; exec sleep 60", "sh", program.description])
    defer { writer.end() }
    try writer.waitForOutput(containing: "open")
    let script = Array("#!/bin/sh\necho run\n".utf8)
    let output = Mutex<String?>(nil)
    // A thread and no task: other tests may block the threads of all tasks.
    Thread.detachNewThread {
      try? ProgramFile.write(script, to: program)
      let text = (try? RunningProcess.run(program, []).output) ?? "failed"
      output.withLock { $0 = text }
    }
    try waitUntil("it is written") { (try? FileSystem.read(program)) == script }
    writer.end()
    #expect(try waitFor("its output") { output.withLock { $0 } } == "run\n")
  }
}
