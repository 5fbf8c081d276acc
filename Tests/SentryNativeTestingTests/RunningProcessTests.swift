import LinuxSystem
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A program started by a test` {
  @Test func `gives its output, error output and status`() throws {
    let result = try RunningProcess.run("/bin/sh", ["-c", "cat; echo problem >&2; exit 3"], input: Array("in".utf8))
    #expect(result.output == "in")
    #expect(result.errorOutput == "problem\n")
    #expect(result.termination == .exited(status: 3))
    #expect(!result.succeeded)
  }

  @Test func `gets variables, loses variables and starts where it is told`() throws {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let result = try RunningProcess.run(
      "/bin/sh", ["-c", "pwd; echo \"$COLOUR-${HOME-none}\""], environment: ["COLOUR": "blue", "HOME": nil],
      workingDirectory: directory.path)
    #expect(result.output == "\(directory.path)\nblue-none\n")
  }

  @Test func `reports the signal that ended it`() throws {
    let result = try RunningProcess.run("/bin/sh", ["-c", "kill -SEGV $$"])
    guard case .signaled(let signal, _) = result.termination else {
      Issue.record("\(result.termination)")
      return
    }
    #expect(signal == 11)
  }

  @Test func `is ended when it outlives its time`() throws {
    let process = try RunningProcess("/bin/sleep", ["1000"])
    defer { process.end() }
    #expect(throws: TestKitError.self) { try process.wait(timeout: .milliseconds(50)) }
    #expect(process.termination != nil)
    #expect(!ProcessTable.isAlive(process.processID))
  }

  @Test func `takes what it started with it, daemons too`() throws {
    let process = try RunningProcess("/bin/sh", ["-c", "setsid sleep 1000 & setsid sleep 1000 & echo up; wait"])
    defer { process.end() }
    try process.waitForOutput(containing: "up")
    try waitUntil("both daemons run") { process.livingFamily().count == 3 }
    let members = process.livingFamily()
    process.end()
    #expect(process.livingFamily().isEmpty)
    for member in members { try waitUntil("\(member) has gone") { !ProcessTable.isAlive(member) } }
  }

  @Test func `that ends without the awaited output is an error at once`() throws {
    let process = try RunningProcess("/bin/true")
    defer { process.end() }
    #expect(throws: TestKitError.self) { try process.waitForOutput(containing: "never") }
  }

  @Test func `leaves no descriptor, zombie or file behind`() async {
    await #expect(processExitsWith: .success) {
      let before = OpenDescriptors()
      let directory: FilePath
      do {
        let temporary = try TemporaryDirectory()
        directory = temporary.path
        _ = try RunningProcess.run("/bin/sh", ["-c", "echo a > file"], workingDirectory: temporary.path)
        let process = try RunningProcess("/bin/sleep", ["1000"])
        process.end()
        temporary.remove()
      }
      let leaked = OpenDescriptors().opened(since: before)
      precondition(leaked.isEmpty, "\(leaked)")
      precondition(ProcessTable.zombies().isEmpty)
      precondition(!FileSystem.exists(directory))
    }
  }

  @Test func `a leaked descriptor is seen`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let path = folder.appending("file")
    let before = OpenDescriptors()
    let file = try FileSystem.open(path, [.write, .create])
    #expect(OpenDescriptors().opened(since: before)[file.rawValue] == path.description)
  }
}
