// Provides dumps of several crashes at once, for readers that take long to start.
import LinuxSystem
import SentryNativeTesting
import ZooRuns

/// Programs of the zoo that crashed under one handler, each with what it said of itself.
struct CrashedPrograms {
  /// Deaths that differ in what a reader makes of them.
  static let flavors = [
    ("null-write", "main"), ("ud2", "pthread"), ("divide-by-zero", "pthread"), ("bus-truncated-map", "main"),
    ("abort", "dispatch"), ("index-out-of-range", "task"), ("stack-overflow", "pthread"),
  ]

  let runs: [ZooRun]
  let facts: [CrashFacts]
  let dumps: [FilePath]

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
