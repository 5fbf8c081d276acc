// Provides tests of clients that want things left out of their reports.
import CrashProtocol
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `A sanitized report` {
  @Test(.timeLimit(.minutes(1)), arguments: TestProducts.handlers)
  func `that cannot be made is refused loudly, instead of a report with everything in it`(handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "sanitization")
    defer { folder.remove() }
    let log = folder.appending("log")
    let database = folder.appending("database")
    let run = try HandlerRun(handler, database: database, url: nil, arguments: ["--log-file=\(log)"])
    defer { run.end() }
    // The test itself is the client; it is not stopped, for nothing is captured.
    try run.send(
      .crashDumpRequest(
        CrashDumpRequest(stackAddress: 0, exceptionInformationAddress: 0, sanitizationInformationAddress: 0x1000)))
    #expect(try run.finish() == .exited(status: 0))
    #expect(String(decoding: try FileSystem.read(log), as: UTF8.self).contains("wants a sanitized one"))
    for state in ["new", "pending", "completed"] {
      #expect(try FileSystem.entries(of: database.appending(state)).isEmpty)
    }
  }
}
