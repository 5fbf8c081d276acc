// Provides tests of clients that mean no good, whose handler has others to serve.
import CLinuxShims
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

/// What Tests/HostileClient does, and how often.
struct HostileCase: CustomTestStringConvertible, Sendable {
  let handler: FilePath
  let mode: String
  let seed: Int
  var testDescription: String { "\(mode), seed \(seed), \(handler)" }

  static let all: [HostileCase] = TestProducts.handlers.flatMap { handler in
    ["registers", "circles", "changing", "mappings", "names", "requests", "silence", "babble", "words"].flatMap {
      mode in
      (1...(["registers", "circles", "words"].contains(mode) ? 3 : 1)).map {
        HostileCase(handler: handler, mode: mode, seed: $0)
      }
    }
  }
}

@Suite(.timeLimit(.minutes(10))) struct `A hostile client` {
  /// Bytes that the handler may ever have used: a dump of a large process in the ordinary build takes 60 MiB.
  private static let memoryLimit = 400 << 20

  /// A handler that has to ask its client for everything.
  private func blind(_ handler: FilePath, in folder: FilePath) throws -> FilePath {
    let script = folder.appending("blind")
    let confine = TestProducts.folder.appending("Confine")
    let made = try RunningProcess.run(
      "/bin/sh",
      [
        "-ec",
        "printf '#!/bin/sh\\nexec %s --deny ptrace,process_vm_readv %s \"$@\"\\n' \"$2\" \"$3\" >\"$1\"; chmod 755 \"$1\"",
        "sh", script.description, confine.description, handler.description,
      ])
    try #require(made.succeeded)
    return script
  }

  @Test(arguments: HostileCase.all)
  func `is survived within bounds, and the next client is served`(_ hostileCase: HostileCase) throws {
    let folder = try TemporaryDirectory(prefix: "hostile")
    defer { folder.remove() }
    let asks = ["silence", "babble"].contains(hostileCase.mode)
    let database = folder.appending("database")
    let run = try HandlerRun(
      asks ? try blind(hostileCase.handler, in: folder.path) : hostileCase.handler, database: database, url: nil)
    defer { run.end() }
    // The first answer comes before the handler looks at its database, the second one afterwards.
    for _ in 0..<2 { #expect(try run.isServing()) }
    let files = try FileSystem.entries(of: FilePath("/proc/\(run.process.processID)/fd")).count

    let hostile = try RunningProcess(
      TestProducts.folder.appending("HostileClient"),
      ["\(run.clientDescriptor)", hostileCase.mode, "\(hostileCase.seed)"],
      // What it does to the loader's tables must not meet a symbol that is not resolved yet.
      environment: ["LD_BIND_NOW": "1", "SWIFT_BACKTRACE": "enable=no"], keeping: [run.clientDescriptor])
    defer { hostile.end() }
    #expect(try hostile.wait(timeout: .seconds(200)) == .exited(status: 0), "\(hostile.errorOutput)")
    #expect(hostile.output.hasPrefix("answered 0"), "\(hostile.output)")
    #expect(hostile.output != "answered 00000\n", "\(run.process.errorOutput)")
    // A thread of which there is none as the one that waits: all are released then.
    if hostileCase.mode == "registers" { #expect(hostile.output == "answered 00012\n") }

    // The next one.
    let victim = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"),
      ["other-socket=\(run.clientDescriptor)", "other-client=shared", "die=segv"],
      environment: ["SWIFT_BACKTRACE": "enable=no"], keeping: [run.clientDescriptor])
    defer { victim.end() }
    // It waits for longer than what may still lie in the socket takes.
    #expect(try victim.wait(timeout: .seconds(200)).signal == 11)
    let answered = try run.isServing()
    #expect(answered, "\(run.process.termination.map { "\($0)" } ?? "") \(run.process.errorOutput)")
    #expect(try PeakMemory.bytes(of: run.process.processID) < Self.memoryLimit)
    // What it has answered may still lie in the socket: it may be at the flood yet.
    try waitUntil("the handler holds what it held before", timeout: .seconds(60)) {
      try FileSystem.entries(of: FilePath("/proc/\(run.process.processID)/fd")).count == files
    }
    #expect(try run.finish(timeout: .seconds(60)) == .exited(status: 0), "\(run.process.errorOutput)")

    // Whatever came of the hostile one can be read.
    var processes: [UInt32] = []
    for dump in try pendingDumps(database) {
      let bytes = try FileSystem.read(dump)
      try bytes.withUnsafeBytes { buffer in
        let reader = try MinidumpReader(MinidumpBytes(unowned: buffer))
        processes.append(try #require(reader.miscInfo?.processID))
      }
      let walk = try RunningProcess.run(TestProducts.crashctl, ["stackwalk", dump.description], timeout: .seconds(120))
      #expect(walk.succeeded, "\(walk.errorOutput)")
    }
    if !asks { #expect(processes.contains(UInt32(victim.processID)), "\(run.process.errorOutput)") }
  }
}
