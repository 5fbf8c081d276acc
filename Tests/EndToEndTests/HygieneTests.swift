// Provides what must not be left of a crash: processes, descriptors, files.
import CrashDatabase
import CrashProtocol
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `What a crash leaves behind` {
  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `is its report and nothing else`(handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let run = try ZooRun(flavor: "abort", thread: "pthread", handler: handler, dsn: server.dsn)
    defer { run.end() }
    _ = try server.nextRequest()
    try run.waitForHandler()
    // Children of other tests, which run at the same time, are waited for by those.
    let zombies = Set(ProcessTable.zombies())
    try waitUntil("zombies are waited for") { zombies.isDisjoint(with: ProcessTable.zombies()) }

    let database = try #require(run.database).path
    func names(_ folder: String) throws -> [String] {
      try FileSystem.entries(of: database.appending(folder)).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(try names("new").isEmpty)
    #expect(try names("pending").isEmpty)
    let completed = try names("completed").sorted()
    #expect(completed.count == 2)
    #expect(completed.first?.hasSuffix(".dmp") == true)
    #expect(completed.last?.hasSuffix(".meta") == true)
    #expect(try names("attachments").count == 1)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `in a handler that goes on is no descriptor and no process`(handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let database = try CrashDatabase(path: directory.path)
    try database.settings.setUploadsEnabled(true)
    let idle = try HandlerRun(handler, database: directory.path, url: server.minidumpURL)
    defer { idle.end() }
    func isAlone() -> Bool { idle.process.livingFamily() == [idle.process.processID] }
    try waitUntil("the first scan's process has come and gone") { isAlone() }
    let before = OpenDescriptors(of: idle.process.processID)
    for count in 1...3 {
      let report = try database.prepareReport()
      try report.file.writeAll(Array("MDMP".utf8))
      _ = try database.finish(report)
      try idle.send(.requestRetry)
      try waitUntil("report \(count) is delivered") { try database.completedReports().count == count && isAlone() }
    }
    try waitUntil("the handler holds what it held before, and has waited for its uploads") {
      OpenDescriptors(of: idle.process.processID).opened(since: before).isEmpty
        && ProcessTable.zombies(of: idle.process.processID).isEmpty
    }
    #expect(try idle.finish() == .exited(status: 0))
  }

  // Seen on a busy machine: a handler began while the one before it still had its report in its hands, passed over the
  // report, and looked again a quarter of an hour later.
  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `in the hands of another process is sent soon after that has let it go`(handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let database = try CrashDatabase(path: directory.path)
    try database.settings.setUploadsEnabled(true)
    let report = try database.prepareReport()
    try report.file.writeAll(Array("MDMP".utf8))
    let id = try database.finish(report)
    let held = try database.reportForUploading(id)
    let run = try HandlerRun(handler, database: directory.path, url: server.minidumpURL, arguments: ["--log-level=-1"])
    defer { run.end() }
    try waitUntil("the handler has found it") {
      run.process.errorOutput.contains("\(id) is in the hands of another process")
    }
    #expect(server.requests.isEmpty)
    database.release(held)
    _ = try server.nextRequest()
    #expect(try run.finish() == .exited(status: 0))
  }
}
