// Tests `crashctl dump` as a user calls it.
import CLinuxShims
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `crashctl dump` {
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

  @Test func `the time zone is that of the environment`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let file = folder.appending("zone.dmp")
    let products = try FileSystem.executable().directory
    let process = try RunningProcess(products.appending("SnapshotFixture"), ["plain"])
    defer { process.end() }
    try process.waitForOutput(containing: "ready")
    func zone(_ name: String) throws -> MinidumpTimeZone? {
      let result = try RunningProcess.run(
        products.appending("crashctl"), ["dump", "\(process.processID)", "-o", file.description],
        environment: ["TZ": name])
      try #require(result.succeeded)
      return try MinidumpReader(try FileSystem.read(file)).miscInfo?.timeZone
    }
    let central = try #require(try zone("CET-1CEST,M3.5.0,M10.5.0/3"))
    #expect(central.standardName == "CET" && central.daylightName == "CEST")
    #expect(central.bias == -60 && central.daylightBias == -60 && central.id != 0)
    let indian = try #require(try zone("IST-5:30"))
    #expect(indian.standardName == "IST" && indian.daylightName == "IST")
    #expect(indian.bias == -330 && indian.daylightBias == 0 && indian.id == 0)
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

  /// The second thread cannot be had in the second case.
  @Test(arguments: ["", "dump.second-thread:11"])
  func `a full dump has all memory, and untouched memory takes no disk`(fault: String) throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let products = try FileSystem.executable().directory
    let process = try RunningProcess(products.appending("SnapshotFixture"), ["large"])
    defer { process.end() }
    try process.waitForOutput(containing: "\n")
    let address = try #require(UInt64(process.output.split { $0 == " " || $0 == "\n" }[1], radix: 16))
    let file = folder.appending("full.dmp")
    let result = try RunningProcess.run(
      products.appending("crashctl"),
      ["dump", "\(process.processID)", "-o", file.description, "--style", "full", "--environment"],
      environment: fault.isEmpty ? [:] : ["SENTRY_NATIVE_FAULT": fault])
    #expect(result.succeeded, "\(result.errorOutput)")
    let dump = try MinidumpReader(FileSystem.read(file, limit: 256 << 20))
    #expect(dump.softErrors.isEmpty)
    var memory = [UInt8](repeating: 1, count: 88 << 20)
    let isWhole = memory.withUnsafeMutableBytes { dump.memoryMap.read(at: address, into: $0) } == memory.count
    #expect(isWhole)
    let zeros = [UInt8](repeating: 0, count: 4096)
    let pattern = (0..<4096).map { UInt8(truncatingIfNeeded: (($0 * 7) >> 3) | 1) }
    let wrong = (0..<(88 << 20) / 4096).filter { page in
      let expected = page < (24 << 20) / 4096 && page % 4 != 0 ? pattern : zeros
      return memory.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return true }
        return memcmp(start + page * 4096, expected, 4096) != 0
      }
    }
    #expect(wrong.isEmpty)
    var status = stat()
    #expect(stat(file.description, &status) == 0)
    #expect(status.st_size > 88 << 20)
    #expect(status.st_size - status.st_blocks * 512 > 60 << 20)
  }

  @Test func `a full dump that is killed while memory is copied is not there, and has no signature`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let products = try FileSystem.executable().directory
    let process = try RunningProcess(products.appending("SnapshotFixture"), ["large"])
    defer { process.end() }
    try process.waitForOutput(containing: "\n")
    let result = try RunningProcess.run(
      products.appending("crashctl"),
      ["dump", "\(process.processID)", "-o", folder.appending("full.dmp").description, "--style", "full"],
      environment: ["SENTRY_NATIVE_FAULT": "dump.second-thread:kill"])
    #expect(result.termination == .signaled(signal: 9, coreDumped: false))
    let names = try FileSystem.entries(of: folder.path)
    #expect(names.count == 1)
    let name = String(decoding: try #require(names.first), as: UTF8.self)
    #expect(name != "full.dmp")
    let error = #expect(throws: MinidumpReadError.self) {
      try MinidumpReader(FileSystem.read(folder.appending(name), limit: 256 << 20))
    }
    #expect(error?.code == .unfinished)
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

  @Test(.enabled(if: geteuid() == 0))
  func `another user's process is refused with the remedy`() throws {
    let products = try FileSystem.executable().directory
    let process = try RunningProcess(products.appending("SnapshotFixture"), ["plain"])
    defer { process.end() }
    try process.waitForOutput(containing: "ready")
    let crashctl = products.appending("crashctl")
    let result = try RunningProcess.run(
      "/usr/bin/setpriv",
      ["--reuid", "65534", "--clear-groups", "--inh-caps=-all", crashctl.description, "dump", "\(process.processID)"]
        + ["-o", "/tmp/sentry-native-\(UniqueID.random()).dmp"])
    #expect(result.termination == .exited(status: 1))
    #expect(result.errorOutput.contains("it belongs to user 0: run as that user or with CAP_SYS_PTRACE"))
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
