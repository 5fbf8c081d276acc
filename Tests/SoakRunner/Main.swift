// Provides a long run: programs crash all the time, handlers are killed, the server is unreliable, and nothing is lost.
import LinuxSystem
import SentryNativeTesting
import ZooRuns

/// `SoakRunner SECONDS [CRASHES]`: runs so long, at most so many crashes, then delivers what waits, and counts. Exits with 1 when the sums do not agree.
@main
struct Main {
  static func main() throws {
    guard let seconds = CommandLine.arguments.dropFirst().first.flatMap({ Int64($0) }), seconds > 0 else {
      print("Usage: SoakRunner SECONDS [CRASHES]")
      throw Failure(message: "how many seconds?")
    }
    var soak = try Soak()
    defer { soak.end() }
    let deadline = MonotonicInstant.now().advanced(milliseconds: seconds * 1000)
    let most = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? .max
    while MonotonicInstant.now() < deadline && soak.crashes < most { try soak.crashOnce() }
    try soak.deliverTheRest()
    print(soak.table)
    let problems = soak.problems
    if !problems.isEmpty { throw Failure(message: problems.joined(separator: "; ")) }
  }
}

struct Failure: Error, CustomStringConvertible {
  let message: String
  var description: String { message }
}
