// Provides how often calls of the SDK allocate, counted by whoever was put in front of libc's allocator.
import CLinuxShims
import LinuxSystem
import SentryNative

enum CallCosts {
  /// Prints the calls of `malloc` and its like of the calling thread, for each call of the SDK, in hundredths.
  static func show() {
    // Benchmarks/Sources/CAllocations, preloaded (Scripts/check-costs).
    guard let symbol = dlsym(nil, "allocations_of_thread") else { return say("costs", "nobody counts") }
    let allocations = unsafeBitCast(symbol, to: (@convention(c) () -> UInt).self)
    func measure(_ name: String, _ call: (Int) -> Void) {
      for number in 0..<300 { call(number) }
      let before = allocations()
      for number in 0..<100 { call(number) }
      say(name, allocations() - before)
    }
    for number in 0..<20 { SentrySDK.setTag(value: "value \(number)", key: "tag \(number)") }
    measure("setTag") { SentrySDK.setTag(value: $0 & 1 == 0 ? "eu" : "us", key: "region") }
    measure("addBreadcrumb") { _ in
      SentrySDK.addBreadcrumb(Breadcrumb(level: .info, category: "db", message: "the query took 12 ms"))
    }
    measure("setUser") { SentrySDK.setUser(User(userId: $0 & 1 == 0 ? "5" : "6")) }
    measure("capture(message:)") { _ in SentrySDK.capture(message: "something happened") }
    let transaction = SentrySDK.startTransaction(name: "GET /", operation: "http.server")
    measure("span") { _ in transaction.startChild(operation: "db", description: "SELECT 1").finish() }
    measure("log") { _ in
      SentrySDK.logger.info("the order was shipped", attributes: ["number": 12, "carrier": "post"])
    }
    measure("metric") { _ in SentrySDK.metrics.count(key: "orders") }
  }
}
