// Provides what becomes of a crash when the kernel refuses the handler one of its requests.
import LinuxSystem
import Testing
import ZooRuns

@Suite struct `A handler whose ptrace is refused once` {
  struct Refusal: CustomTestStringConvertible, Sendable {
    let handler: FilePath
    let injection: String
    var testDescription: String { "\(injection), \(handler)" }
  }

  static let refusals: [Refusal] = TestProducts.handlers.flatMap { handler in
    ["EIO", "EPERM"].flatMap { error in
      // The interruption of the first thread, the second thread, and what reads registers.
      [2, 3, 7, 9].map { Refusal(handler: handler, injection: "ptrace:error=\(error):when=\($0)") }
    } + ["ptrace:error=ESRCH:when=2", "waitid:error=ECHILD:when=1"].map { Refusal(handler: handler, injection: $0) }
  }

  // Seen when the interruption of a seized thread failed once, or the wait for its stop said that it was gone: the thread
  // was forgotten while it was traced, and the application waited for ever with the signal of its own death.
  @Test(.timeLimit(.minutes(10)), arguments: refusals)
  func `lets the application die of its own signal`(_ refusal: Refusal) throws {
    let run = try FaultRun(handler: refusal.handler, injection: refusal.injection)
    #expect(run.outcome == .delivered || run.outcome == .stored, "\(run.messages)")
  }
}
