// Provides a handler that serves one crash after another for as long as a soak lasts.
import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import ZooRuns

/// One handler, shared by programs that join it and die. What it holds may not grow.
struct LastingHandler {
  /// What a process holds while it has nothing to do.
  struct Holdings {
    let descriptors: Int
    /// KiB of memory that belongs to it alone.
    let memory: Int
  }

  /// The first crashes fill what is filled once: tables of the allocator, libraries that are opened when needed. From
  /// then on until the second number the most counts, since the allocator gives back what it has only now and then.
  private static let warmUp = 10...20
  /// KiB.
  private static let permittedGrowth = 512

  let database: FilePath
  private let executable: FilePath
  private let run: HandlerRun
  private var crashes = 0
  private var first: Holdings?
  private var last: Holdings?

  init(_ executable: FilePath, database: FilePath, url: String) throws {
    self.executable = executable
    self.database = database
    // As Crashpad's, a new database permits no uploads.
    try CrashDatabase(path: database, create: true).settings.setUploadsEnabled(true)
    run = try HandlerRun(executable, database: database, url: url)
  }

  /// A program joins and dies; `false` when it did not die of its own signal.
  mutating func crashOnce() throws -> Bool {
    crashes += 1
    let program = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"),
      ["join=\(run.clientDescriptor):\(run.process.processID):sentry", "waiting-thread", "die=segv"],
      environment: ["SWIFT_BACKTRACE": "enable=no"], keeping: [run.clientDescriptor])
    defer { program.end() }
    let termination = try program.wait(timeout: .seconds(120))
    if Self.warmUp.contains(crashes) {
      let now = try measure()
      first = Holdings(
        descriptors: max(first?.descriptors ?? 0, now.descriptors), memory: max(first?.memory ?? 0, now.memory))
    }
    if termination.signal != SIGSEGV { print("a program of a lasting handler: \(termination); \(program.errorOutput)") }
    return termination.signal == SIGSEGV
  }

  /// Its client goes, and it ends.
  mutating func finish() throws {
    last = try measure()
    _ = try run.finish(timeout: .seconds(120))
  }

  func end() { run.end() }

  var row: String {
    func text(_ holdings: Holdings?) -> String {
      holdings.map { "\($0.descriptors) descriptors, \($0.memory) KiB" } ?? "not measured"
    }
    return
      "a handler of \(crashes) crashes       after \(Self.warmUp.upperBound): \(text(first)); at the end: \(text(last))"
  }

  var problems: [String] {
    guard let first, let last else { return [] }
    var problems: [String] = []
    if last.descriptors > first.descriptors {
      problems.append("\(executable) had \(first.descriptors) descriptors, then \(last.descriptors)")
    }
    if last.memory > first.memory + Self.permittedGrowth {
      problems.append("\(executable) had \(first.memory) KiB, then \(last.memory)")
    }
    return problems
  }

  /// Between two uploads, which are processes of their own. The least of some looks: an upload's process has ended before
  /// its handler lets go of what belongs to it.
  private func measure() throws -> Holdings {
    var least = try look()
    for _ in 0..<20 {
      usleep(20_000)
      let now = try look()
      least = Holdings(
        descriptors: min(least.descriptors, now.descriptors), memory: min(least.memory, now.memory))
    }
    return least
  }

  private func look() throws -> Holdings {
    try waitUntil("the handler has nothing to do", timeout: .seconds(120)) { run.process.livingFamily().count == 1 }
    let handler = run.process.processID
    let status = String(decoding: try FileSystem.read(FilePath("/proc/\(handler)/status")), as: UTF8.self)
    let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") } ?? ""
    let memory = line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
    return Holdings(descriptors: OpenDescriptors(of: handler).count, memory: memory)
  }
}
