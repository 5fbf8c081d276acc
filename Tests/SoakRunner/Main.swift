// Provides a long run: programs crash all the time, handlers are killed, the server is unreliable, and nothing is lost.
import CLinuxShims
import LinuxSystem
import SentryNativeTesting
import ZooRuns

/// `SoakRunner SECONDS [CRASHES]`: runs so long, at most so many crashes, then delivers what waits, and counts. Exits
/// with 1 when the sums do not agree.
@main
struct Main {
  static func main() throws {
    let words = CommandLine.arguments.dropFirst()
    guard let seconds = words.first.flatMap({ Int64($0) }), seconds > 0 else {
      print("Usage: SoakRunner SECONDS [CRASHES]")
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
}
