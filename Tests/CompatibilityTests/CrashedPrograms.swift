// Provides dumps of several crashes at once, for readers that take long to start.
import LinuxSystem
import SentryNativeTesting
import ZooRuns

/// Programs of the zoo that crashed under one handler, each with what it said of itself.
struct CrashedPrograms {
  /// Every way to die, on one kind of thread each; with `Scripts/test --long` on all of them.
  static let flavors: [(String, String)] = {
    let names = [
      "null-write", "non-canonical", "jump-null", "ud2", "int3", "divide-by-zero", "bus-truncated-map", "seccomp-sys",
      "misaligned-sse", "stack-overflow", "heap-corruption", "abort", "registers", "fatal-error", "precondition",
      "index-out-of-range", "nil-unwrap", "overflow", "failed-cast", "exclusivity",
    ]
    let threads = ["main", "pthread", "dispatch", "task"]
    if EnvironmentVariable.value("SENTRY_TEST_LONG") != nil {
      return names.flatMap { name in threads.map { (name, $0) } }
    }
    return names.enumerated().map { ($0.element, threads[$0.offset % threads.count]) }
  }()

  let runs: [ZooRun]
  let facts: [CrashFacts]
  let dumps: [FilePath]
  /// The dumps as our own tool shows them.
  let shown: [ShownDump]

  init(handler: FilePath) throws {
    var runs: [ZooRun] = []
    do {
      for (flavor, thread) in Self.flavors {
        runs.append(try ZooRun(flavor: flavor, thread: thread, handler: handler))
      }
      facts = try runs.map { try $0.facts() }
      dumps = try runs.map { run in
        guard let dump = run.dumps().first else {
          throw TestKitError(.missing, "no dump under \(handler): \(run.process.errorOutput)")
        }
        return dump
      }
      shown = try dumps.map { try ShownDump($0) }
    } catch {
      for run in runs { run.end() }
      throw error
    }
    self.runs = runs
  }

  func end() {
    for run in runs { run.end() }
  }
}
