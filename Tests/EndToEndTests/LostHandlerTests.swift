// Provides crashes of programs whose handler has gone, or hangs.
import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `A crash without the handler that was started` {
  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `starts another one, which sees all threads`(_ handler: FilePath) throws {
    let run = try GatedRun(flavor: "null-write", thread: "pthread", handler: handler)
    defer { run.end() }
    kill(run.handler, SIGKILL)
    try waitUntil("the handler is gone") { !ProcessTable.isAlive(run.handler) }
    #expect(try run.crash().signal == 11)
    let dump = try #require(run.dumps.first)
    let shown = try ShownDump(dump)
    let facts = try CrashFacts(output: run.process.output)
    #expect(shown.exception?.threadId == facts.thread)
    #expect(Set(facts.idleThreads).isSubset(of: shown.threads.map { $0.id }))
  }

  /// A handler whose file is gone as well, so that no other one can be started.
  private func runWithoutHandler(_ flavor: String, _ handler: FilePath) throws -> (GatedRun, TemporaryDirectory) {
    let copies = try TemporaryDirectory(prefix: "handler")
    let copy = copies.appending("crashpad_handler")
    try ProgramFile.copy(handler, to: copy)
    let run = try GatedRun(flavor: flavor, thread: "pthread", handler: copy)
    kill(run.handler, SIGKILL)
    try waitUntil("the handler is gone") { !ProcessTable.isAlive(run.handler) }
    try FileSystem.remove(copy)
    return (run, copies)
  }

  @Test(.timeLimit(.minutes(10)), arguments: ["null-write", "abort", "stack-overflow", "jump-null", "ud2"])
  func `is dumped by the crashing thread where none can be started`(_ flavor: String) throws {
    let handler = try #require(TestProducts.handlers.first)
    let (run, copies) = try runWithoutHandler(flavor, handler)
    defer {
      run.end()
      copies.remove()
    }
    let signal = try run.crash().signal
    let facts = try CrashFacts(output: run.process.output)
    #expect(signal == facts.signal)

    let dump = try #require(run.dumps.first)
    let shown = try ShownDump(dump)
    #expect(shown.process.pid == facts.process)
    #expect(shown.exception?.threadId == facts.thread)
    #expect(shown.exception?.code.value == UInt64(facts.signal))
    #expect(shown.modules.contains { $0.name.hasSuffix("/CrashZoo") && $0.debugId != nil })
    let name = String(decoding: dump.lastComponent.dropLast(4), as: UTF8.self)
    let attachments = run.database.appending("attachments").appending(name)
    #expect(FileSystem.exists(attachments.appending("__sentry-event")))
  }

  @Test(.timeLimit(.minutes(10)))
  func `is delivered by the next start`() throws {
    let handler = try #require(TestProducts.handlers.first)
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let (run, copies) = try runWithoutHandler("null-write", handler)
    defer {
      run.end()
      copies.remove()
    }
    #expect(try run.crash().signal == 11)
    let name = try #require(run.dumps.first).lastComponent
    let next = try HandlerRun(handler, database: run.database, url: server.minidumpURL)
    defer { next.end() }
    #expect(try next.finish() == .exited(status: 0))
    let form = try #require(server.requests.compactMap { $0.form }.first { $0.file("upload_file_minidump") != nil })
    #expect(form.file("upload_file_minidump")?.filename == String(decoding: name, as: UTF8.self))
    #expect(form.file("__sentry-event") != nil)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `is dumped by the crashing thread when the handler hangs`(_ handler: FilePath) throws {
    let run = try GatedRun(flavor: "null-write", handler: handler, crashTimeout: 5)
    defer { run.end() }
    kill(run.handler, SIGSTOP)
    #expect(try run.crash().signal == 11)
    let shown = try ShownDump(try #require(run.dumps.first))
    #expect(shown.threads.count == 1)
    kill(run.handler, SIGCONT)
  }
}

@Suite struct `A handler that dies while it is idle` {
  /// The handler of the run that is not `before`.
  private func other(than before: Int32, _ run: GatedRun) -> Int32? {
    run.process.livingFamily().first { $0 != run.process.processID && $0 != before }
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `is replaced before any crash, and the next one has the crash`(_ handler: FilePath) throws {
    let run = try GatedRun(flavor: "null-write", thread: "pthread", handler: handler, restarts: true)
    defer { run.end() }
    kill(run.handler, SIGKILL)
    let next = try waitFor("another handler", timeout: .seconds(60)) { other(than: run.handler, run) }
    // Once more: the first time is no exception.
    kill(next, SIGKILL)
    _ = try waitFor("a third handler", timeout: .seconds(60)) {
      run.process.livingFamily().first { ![run.process.processID, run.handler, next].contains($0) }
    }
    #expect(try run.crash().signal == 11)
    let shown = try ShownDump(try #require(run.dumps.first))
    let facts = try CrashFacts(output: run.process.output)
    #expect(shown.exception?.threadId == facts.thread)
    #expect(Set(facts.idleThreads).isSubset(of: shown.threads.map { $0.id }))
  }
}
