import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A hook at a crash` {
  let run: SDKRun
  init() throws { run = try SDKRun() }

  /// The event of the only report.
  private func event() throws -> SentryEvent {
    let database = try CrashDatabase(path: run.database, create: false)
    let report = try waitFor("the report") { try? database.pendingReports().first }
    let file = try #require(database.attachments(of: report.id).first { $0.name.elementsEqual("__sentry-event".utf8) })
    return SentryEvent(value: try StructuredValue(messagePack: FileSystem.read(file.path)))
  }

  private func isAborted(_ termination: ProcessTermination?) -> Bool {
    if case .signaled(let signal, _) = termination { signal == 6 } else { false }
  }

  @Test func `changes the event of the report`() throws {
    #expect(isAborted(try run.run(["hook=change", "hook-timeout=30000", "start", "tag=a=b", "abort"]).termination))
    try waitUntil("the change is in the report") { (try? event().tags["hook"]) == "was here" }
    let changed = try event()
    #expect(changed.tags["a"] == "b" && changed.exceptions.first?.type == "SIGABRT" && changed.user == nil)
  }

  @Test func `keeps a crash back, which ends with its own signal and is no crash for the next start`() throws {
    #expect(isAborted(try run.run(["hook=discard", "hook-timeout=30000", "start", "abort"]).termination))
    try waitUntil("the report is gone") {
      (try? CrashDatabase(path: run.database, create: false).unsentReports().isEmpty) == true
    }
    #expect(try run.run(["start", "crashed-last-run"]).output.contains("crashed=false"))
  }

  @Test(arguments: ["hang", "crash", "abort"]) func `that goes wrong costs nothing but itself`(hook: String) throws {
    let began = MonotonicInstant.now()
    #expect(isAborted(try run.run(["hook=\(hook)", "hook-timeout=300", "start", "tag=a=b", "abort"]).termination))
    #expect(MonotonicInstant.now().nanoseconds - began.nanoseconds < 60_000_000_000)
    #expect(try event().tags["a"] == "b")
  }
}
