// Provides tests of crashes where something that the report needs is missing.
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `A program that crashes` {
  @Test(.timeLimit(.minutes(1)))
  func `without a handler dies of its own signal, and soon`() throws {
    let began = MonotonicInstant.now()
    let run = try ZooRun(flavor: "ud2", handler: "/nonexistent/crashpad_handler")
    defer { run.end() }
    let died: Bool = if case .signaled(4, _) = run.termination { true } else { false }
    #expect(died, "\(run.termination)")
    #expect(run.dumps().isEmpty)
    #expect(began.advanced(milliseconds: 10_000) > MonotonicInstant.now())
  }

  @Test(.timeLimit(.minutes(1)), arguments: TestProducts.handlers)
  func `under Swift's own backtracer gets its report and the backtrace`(_ handler: FilePath) throws {
    let run = try ZooRun(
      flavor: "index-out-of-range", thread: "pthread", handler: handler,
      environment: ["SWIFT_BACKTRACE": "enable=yes,color=no,interactive=no"])
    defer { run.end() }
    let died: Bool = if case .signaled(4, _) = run.termination { true } else { false }
    #expect(died, "\(run.termination)")
    #expect(run.dumps().count == 1)
    #expect(run.process.errorOutput.contains("Fatal error: Index out of range"))
    #expect(run.process.errorOutput.contains("SwiftTraps.readPastTheEnd"))
  }
}
