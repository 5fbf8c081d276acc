// Provides a long run: programs crash all the time, handlers are killed, the server is unreliable, and nothing is lost.
import CLinuxShims
import LinuxSystem
import SentryNativeTesting
import ZooRuns

/// `SoakRunner SECONDS [CRASHES]`: runs so long, at most so many crashes, then delivers what waits, and counts.
/// `SoakRunner --storms CRASHES PROGRAMS PAIRS`: so many crashes of any kind, so many programs that die at once on one
/// database, so many times two threads that crash at once. Exits with 1 when the sums do not agree.
@main
struct Main {
  static func main() throws {
    // A shell's background jobs ignore it, and so would the programs that are to die of it.
    var standard = sigaction()
    sigaction(SIGQUIT, &standard, nil)
    let words = CommandLine.arguments.dropFirst()
    if words.first == "--storms" { storms(words.dropFirst().map { Int($0) ?? -1 }) }
    guard let seconds = words.first.flatMap({ Int64($0) }), seconds > 0 else {
      print("Usage: SoakRunner SECONDS [CRASHES] | --storms CRASHES PROGRAMS PAIRS")
      exit(2)
    }
    let most = words.dropFirst().first.flatMap { Int($0) } ?? .max
    var soak = try Soak()
    let deadline = MonotonicInstant.now().advanced(milliseconds: seconds * 1000)
    while MonotonicInstant.now() < deadline && soak.crashes < most { try soak.crashOnce() }
    try soak.deliverTheRest()
    print(soak.table)
    let problems = soak.problems
    for problem in problems { print("error: \(problem)") }
    soak.end()
    exit(problems.isEmpty ? 0 : 1)
  }

  private static func storms(_ counts: [Int]) -> Never {
    guard counts.count == 3, counts.allSatisfy({ $0 >= 0 }) else {
      print("Usage: SoakRunner --storms CRASHES PROGRAMS PAIRS")
      exit(2)
    }
    do {
      let storm = try Storm()
      let sums = [
        ("crashes of any kind", try storm.anyCrashes(counts[0])), ("programs at once", try storm.crowd(counts[1])),
        ("two threads at once", try storm.pairs(counts[2])),
      ]
      print(Storm.Sums.header)
      for (name, sum) in sums { print(sum.row(name)) }
      storm.end()
      exit(sums.allSatisfy { $0.1.isFlawless } ? 0 : 1)
    } catch {
      print("error: \(error)")
      exit(1)
    }
  }
}
