// Tests `crashctl dump` as a user calls it.
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct `crashctl dump` {
  private func crashctl(_ arguments: String...) throws -> RunningProcess.Result {
    try RunningProcess.run(FileSystem.executable().directory.appending("crashctl"), ["dump"] + arguments)
  }

  @Test func `a live process is dumped and goes on`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let file = folder.appending("live.dmp")
    let process = try RunningProcess(FileSystem.executable().directory.appending("SnapshotFixture"), ["counting"])
    defer { process.end() }
    try process.waitForOutput(containing: "ready")
    let result = try crashctl("\(process.processID)", "-o", file.description, "--json")
    #expect(result.succeeded, "\(result.errorOutput)")
    let bytes = try FileSystem.read(file)
    #expect(result.output.hasPrefix("{\"file\":\"\(file)\",\"bytes\":\(bytes.count),\"threads\":1,\"stopped_ms\":"))
    #expect(result.output.hasSuffix(",\"soft_errors\":[]}\n"))
    #expect(try FileSystem.status(file).permissions == 0o600)
    #expect(try MinidumpReader(bytes).threads?.count == 1)
    #expect(try FileSystem.entries(of: folder.path).count == 1)
    process.send(signal: 10)
    try process.waitForOutput(containing: "signal 1")
  }

  @Test func `styles differ in size`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let process = try RunningProcess(FileSystem.executable().directory.appending("SnapshotFixture"), ["heap"])
    defer { process.end() }
    try process.waitForOutput(containing: "ready")
    var sizes: [Int64] = []
    for style in ["stacks", "smart", "full"] {
      let file = folder.appending(style)
      #expect(try crashctl("\(process.processID)", "-o", file.description, "--style", style).succeeded)
      sizes.append(try FileSystem.status(file).size)
    }
    #expect(sizes[0] < sizes[1] && sizes[1] < sizes[2] / 10)
  }

  @Test func `what cannot be dumped leaves no file and says why`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let result = try crashctl("2147483647", "-o", folder.appending("no.dmp").description)
    #expect(result.termination == .exited(status: 1))
    #expect(result.errorOutput.contains("there is no process with this id"))
    #expect(try FileSystem.entries(of: folder.path) == [])
    let unwritable = try crashctl("1", "-o", folder.appending("none/no.dmp").description)
    #expect(unwritable.termination == .exited(status: 1))
    #expect(unwritable.errorOutput.contains("ENOENT"))
  }

  @Test(arguments: [
    [], ["12"], ["-o", "x"], ["x", "-o", "y"], ["1", "-o", "y", "--style", "z"], ["1", "-o", "y", "--heap", "-1"],
    ["1", "2", "-o", "y"], ["1", "-o"], ["0", "-o", "y"],
  ])
  func `misuse is status 2 with the usage`(arguments: [String]) throws {
    let result = try RunningProcess.run(
      FileSystem.executable().directory.appending("crashctl"), ["dump"] + arguments)
    #expect(result.termination == .exited(status: 2))
    #expect(result.errorOutput.contains("Usage: crashctl dump PID"))
  }
}
