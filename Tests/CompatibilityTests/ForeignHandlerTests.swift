// Provides tests in which a handler that is not ours serves our client.
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `Sentry's own handler` {
  @Test(.timeLimit(.minutes(10)), arguments: ["main", "pthread", "dispatch", "task"])
  func `serves our client`(_ thread: String) throws {
    let run = try ZooRun(flavor: "index-out-of-range", thread: thread, handler: Peers.sentryHandler())
    defer { run.end() }
    let died: Bool = if case .signaled(4, _) = run.termination { true } else { false }
    #expect(died, "\(run.termination)")
    let facts = try run.facts()
    let dumps = run.dumps()
    try #require(dumps.count == 1, "\(run.process.errorOutput)")
    let exception = try #require(try ShownDump(dumps[0]).exception)
    #expect(exception.threadId == facts.thread)
    #expect(exception.code.value == 4)
    #expect(exception.flags.value == 2)
    try run.waitForHandler()
  }
}
