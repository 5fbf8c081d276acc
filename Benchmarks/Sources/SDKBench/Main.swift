// Provides a program that uses the SDK as fast as it can, and says what a call costs its caller.
//
// Usage: sdk-bench HANDLER DATABASE THREADS [CALL]    Prints lines "NAME NANOSECONDS ALLOCATIONS".
//        sdk-bench HANDLER DATABASE start             Prints "MILLISECONDS KIBIBYTES" of the start, private memory.
import CAllocations
import LinuxSystem
import SentryNative
import Uploader

/// One thing that is measured.
struct Workload {
  let name: String
  /// Calls of one thread between two `rest`s: as many as the SDK takes before somebody has to send.
  let batch: Int
  let batches: Int
  /// Before a batch, and not measured.
  var rest: @Sendable () -> Void = {}
  let call: @Sendable (Int) -> Void

  static let all = [
    Workload(name: "setTag", batch: 100_000, batches: 5) {
      SentrySDK.setTag(value: $0 & 1 == 0 ? "eu" : "us", key: "region")
    },
    Workload(name: "addBreadcrumb", batch: 5000, batches: 10) { _ in
      SentrySDK.addBreadcrumb(Breadcrumb(level: .info, category: "db", message: "the query took 12 ms"))
    },
    Workload(name: "setUser", batch: 2000, batches: 10) { SentrySDK.setUser(User(userId: $0 & 1 == 0 ? "5" : "6")) },
    Workload(name: "capture", batch: 50, batches: 20, rest: flush) { _ in
      SentrySDK.capture(message: "something happened")
    },
    Workload(name: "span", batch: 900, batches: 20, rest: transaction) { _ in
      current.with { $0.startChild(operation: "db", description: "SELECT 1").finish() }
    },
    Workload(name: "log", batch: 320, batches: 20, rest: flush) { _ in
      SentrySDK.logger.info("the order was shipped", attributes: ["number": 12, "carrier": "post"])
    },
    Workload(name: "metric", batch: 320, batches: 20, rest: flush) { _ in SentrySDK.metrics.count(key: "orders") },
  ]

  @Sendable static func flush() { SentrySDK.flush(timeout: .seconds(60)) }
  @Sendable static func transaction() {
    current.set(SentrySDK.startTransaction(name: "GET /", operation: "http.server"))
  }
  static let current = Box()
}

/// The transaction that all threads add spans to.
final class Box: @unchecked Sendable {
  // @unchecked: replaced while no other thread runs.
  private var transaction: Transaction?
  func set(_ transaction: Transaction) { self.transaction = transaction }
  func with(_ body: (Transaction) -> Void) { if let transaction { body(transaction) } }
}

/// What one thread has measured.
final class Measurement: @unchecked Sendable {
  // @unchecked: read after the thread has ended.
  var allocations = 0
}

@main
enum Main {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count >= 4 else { return print("usage: sdk-bench HANDLER DATABASE THREADS|start") }
    if arguments[3] == "start" { return measureStart(arguments) }
    start(arguments)
    let threads = Int(arguments[3]) ?? 1
    for number in 0..<20 { SentrySDK.setTag(value: "value \(number)", key: "tag \(number)") }
    for number in 0..<100 { SentrySDK.addBreadcrumb(Breadcrumb(category: "test", message: "breadcrumb \(number)")) }
    for workload in Workload.all where arguments.count < 5 || arguments[4] == workload.name {
      measure(workload, threads)
    }
    SentrySDK.close()
  }

  static func start(_ arguments: [String]) {
    SentrySDK.start { options in
      options.handlerPath = arguments[1]
      options.databasePath = arguments[2]
      options.dsn = "http://key@127.0.0.1:9/1"
      options.releaseName = "bench@1"
      options.tracesSampleRate = 1
      // Everything but the network is as in a program.
      options.transport = .httpClient(CustomHTTPClient { _ in HTTPResponse(status: 200) })
    }
    if SentrySDK.health.capturesCrashes { return }
    fatalError("the handler does not work: \(SentrySDK.health.issues)")
  }

  static func measureStart(_ arguments: [String]) {
    let before = privateMemory()
    let began = MonotonicInstant.now()
    start(arguments)
    let elapsed = MonotonicInstant.now().nanoseconds - began.nanoseconds
    print(Double(elapsed) / 1e6, privateMemory() - before)
    SentrySDK.close()
  }

  /// KiB that only this process has, and has written to.
  static func privateMemory() -> Int {
    let text = (try? FileSystem.read("/proc/self/smaps_rollup", limit: 65536)) ?? []
    let line = String(decoding: text, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("Private_Dirty:") }
    return line.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
  }

  static func measure(_ workload: Workload, _ threads: Int) {
    var nanoseconds: [Double] = []
    var allocations = 0
    // The first round warms up.
    for round in 0...workload.batches {
      workload.rest()
      let batch = max(1, workload.batch / threads)
      let measurements = (0..<threads).map { _ in Measurement() }
      let began = MonotonicInstant.now()
      if threads == 1 {
        run(workload, batch, measurements[0])
      } else {
        let workers = measurements.map { measurement in
          try? WorkerThread(name: "bench") { run(workload, batch, measurement) }
        }
        for worker in workers { worker?.join() }
      }
      let elapsed = MonotonicInstant.now().nanoseconds - began.nanoseconds
      if round == 0 { continue }
      nanoseconds.append(Double(elapsed) / Double(batch * threads))
      allocations += measurements.reduce(0) { $0 + $1.allocations } / (batch * threads)
    }
    nanoseconds.sort()
    print(workload.name, nanoseconds[nanoseconds.count / 2], allocations / workload.batches)
  }

  static func run(_ workload: Workload, _ batch: Int, _ measurement: Measurement) {
    let before = allocations_of_thread()
    for number in 0..<batch { workload.call(number) }
    measurement.allocations = Int(allocations_of_thread() - before)
  }
}
