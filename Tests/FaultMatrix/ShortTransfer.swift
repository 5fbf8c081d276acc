// Provides the cells of the fault matrix in which a transfer is shorter than was asked for.
import LinuxSystem
import SentryNativeTesting
import ZooRuns

/// The library that shortens transfers of a handler, made for this run.
struct ShortTransfers {
  private let folder: TemporaryDirectory
  private var library: FilePath { folder.appending("short.so") }

  init() throws {
    folder = try TemporaryDirectory(prefix: "short")
    let source = FilePath(#filePath).directory.appending("ShortTransfers.c")
    let built = try RunningProcess.run(
      "/usr/bin/env",
      ["clang", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library.description, source.description])
    guard built.succeeded else { throw TestKitError(.malformed, built.errorOutput) }
  }

  func end() { folder.remove() }

  /// The transfers of a handler at work.
  func calls(handler: FilePath) throws -> [SystemCall] {
    let run = try FaultRun(handler: handler, injection: nil, preload: (library, [:]))
    guard run.outcome == .delivered else {
      throw TestKitError(.malformed, "without a short transfer the report was \(run.outcome): \(run.messages)")
    }
    return SystemCallLog.calls(in: run.log)
  }

  func run(_ call: SystemCall, handler: FilePath) throws -> FaultOutcome {
    try FaultRun(
      handler: handler, injection: nil,
      preload: (library, ["SHORT_CALL": call.name, "SHORT_WHEN": "\(call.occurrence)"])
    ).outcome
  }
}
