// Provides what must not be left of a crash: processes, descriptors, files.
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `What a crash leaves behind` {
  @Test(.timeLimit(.minutes(1)), arguments: TestProducts.handlers)
  func `is its report and nothing else`(handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let run = try ZooRun(flavor: "abort", thread: "pthread", handler: handler, dsn: server.dsn)
    defer { run.end() }
    _ = try server.nextRequest(timeout: .seconds(30))
    try run.waitForHandler()
    #expect(ProcessTable.zombies().isEmpty)

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

  @Test(.timeLimit(.minutes(1)), arguments: TestProducts.handlers)
  func `in a handler that goes on is no descriptor and no process`(handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let idle = try HandlerRun(handler, database: directory.path, url: server.minidumpURL)
    defer { idle.end() }
    // Settled: the first scan's process has come and gone.
    try waitUntil("the handler is alone") { idle.process.livingFamily() == [idle.process.processID] }
    let before = OpenDescriptors(of: idle.process.processID)
    #expect(before.targets.values.filter { $0.contains("socket") }.count == 1)
    #expect(!before.targets.values.contains { $0.contains("pipe") && !$0.contains("pipe:[") })
    #expect(try idle.finish() == .exited(status: 0))
  }
}
