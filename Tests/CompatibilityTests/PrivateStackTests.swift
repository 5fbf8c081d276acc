// Provides tests of reports that have no data of the stacks.
import CrashDatabase
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A report of a program that keeps its stacks private` {
  /// Who makes the dump.
  enum Maker: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case waiting = "a handler that waits"
    case started = "a handler that is started at the crash"
    case itself = "the crashing thread itself"

    var testDescription: String { rawValue }

    var step: String {
      switch self {
      case .waiting: "start"
      case .started: "start-at-crash"
      case .itself: "start-alone"
      }
    }
  }

  /// The victim's dump. Where it dies it has `STACKSTA` on its stack, and pointers to `HEAPHEAP`.
  private func dump(
    _ handler: FilePath, in folder: FilePath, _ steps: [String], environment: [String: String?] = [:]
  ) throws -> FilePath {
    let database = try CrashDatabase(path: folder.appending("database"))
    let run = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"),
      ["handler=\(handler)", "database=\(database.path)"] + steps + ["die-with-secrets"],
      environment: ["SWIFT_BACKTRACE": "enable=no"].merging(environment) { $1 })
    defer { run.end() }
    #expect(try run.wait().signal == 11, "\(run.output) \(run.errorOutput)")
    try waitUntil("the handler ends") { run.livingFamily().isEmpty }
    let pending = try FileSystem.entries(of: database.path.appending("pending")).filter {
      String(decoding: $0, as: UTF8.self).hasSuffix(".dmp")
    }
    try #require(pending.count == 1, "\(run.output) \(run.errorOutput)")
    return database.path.appending("pending").appending(bytes: pending[0])
  }

  private func holds(_ text: String, _ bytes: [UInt8]) -> Bool { bytes.firstRange(of: Array(text.utf8)) != nil }

  private func stacksAnnotation(_ bytes: [UInt8]) throws -> String? {
    try bytes.withUnsafeBytes { buffer in
      let info = try MinidumpReader(MinidumpBytes(unowned: buffer)).crashpadInfo
      return info?.simpleAnnotations.first { $0.key == "capture_stacks" }?.value
    }
  }

  private func expectWalks(_ dump: FilePath) throws {
    let walk = try RunningProcess.run(TestProducts.crashctl, ["stackwalk", dump.description])
    #expect(walk.succeeded, "\(walk.errorOutput)")
    for name in ["dieWithSecrets", "perform", "main"] { #expect(walk.output.contains(name), "\(name)") }
    let reading = try #require(try ForeignReader.breakpad.read([dump]).first)
    #expect(reading.error == nil)
    #expect(reading.crash?.signal == "SIGSEGV")
    // Breakpad has no tables here, and follows frame pointers, which have to be there for that.
    #expect((reading.frames ?? []).count >= 5, "\(reading.frames ?? [])")
    let program = try #require(reading.modules?.first { $0.name.hasSuffix("CrashVictim") })
    #expect(program.debugId != nil)
  }

  @Test(arguments: TestProducts.handlers, Maker.allCases)
  func `says so, has no secret, and is walked by our walker and by Breakpad`(_ handler: FilePath, _ maker: Maker) throws
  {
    let folder = try TemporaryDirectory(prefix: "private")
    defer { folder.remove() }
    let dump = try dump(handler, in: folder.path, ["sanitize-stacks", maker.step])
    let bytes = try FileSystem.read(dump)
    let secrets = ["STACKSTA", "HEAPHEAP"].filter { holds($0, bytes) }
    #expect(secrets.isEmpty)
    let hasCommandLine = holds("die-with-secrets", bytes)
    #expect(!hasCommandLine)
    #expect(try stacksAnnotation(bytes) == "sanitized")
    try expectWalks(dump)
  }

  @Test(arguments: TestProducts.handlers, Maker.allCases)
  func `has them when nobody asked for that, and does not say so`(_ handler: FilePath, _ maker: Maker) throws {
    let folder = try TemporaryDirectory(prefix: "private")
    defer { folder.remove() }
    let bytes = try FileSystem.read(dump(handler, in: folder.path, [maker.step]))
    #expect(holds("STACKSTA", bytes))
    #expect(try stacksAnnotation(bytes) == nil)
  }

  @Test(arguments: TestProducts.handlers)
  func `comes about by the handler's own environment, whatever the client says`(_ handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "private")
    defer { folder.remove() }
    let dump = try dump(handler, in: folder.path, ["start"], environment: ["SENTRY_NATIVE_STACKS": "sanitized"])
    let bytes = try FileSystem.read(dump)
    let secrets = ["STACKSTA", "HEAPHEAP"].filter { holds($0, bytes) }
    #expect(secrets.isEmpty)
    #expect(try stacksAnnotation(bytes) == "sanitized")
    try expectWalks(dump)
  }

  @Test func `is made by Sentry's handler, too`() throws {
    let folder = try TemporaryDirectory(prefix: "private")
    defer { folder.remove() }
    let dump = try dump(Peers.sentryHandler(), in: folder.path, ["sanitize-stacks", "start"])
    let bytes = try FileSystem.read(dump)
    let secrets = ["STACKSTA", "HEAPHEAP"].filter { holds($0, bytes) }
    #expect(secrets.isEmpty)
    try expectWalks(dump)
  }
}
