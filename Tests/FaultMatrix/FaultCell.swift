// Provides one cell of the fault matrix.
import LinuxSystem
import ZooRuns

struct FaultCell {
  let call: SystemCall
  let error: String

  var description: String { "\(call.name) no. \(call.occurrence): \(error)" }

  /// Crashes a program whose handler sees the fault.
  func run(handler: FilePath) throws -> FaultOutcome {
    try FaultRun(handler: handler, injection: "\(call.name):error=\(error):when=\(call.occurrence)").outcome
  }
}
