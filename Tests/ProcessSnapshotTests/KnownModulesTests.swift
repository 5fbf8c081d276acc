// Tests that modules that are known from before are those of the process that is captured.
import CLinuxShims
import LinuxSystem
import ProcessMemory
import SentryNativeTesting
import Testing

@testable import ProcessSnapshot

@Suite(.timeLimit(.minutes(10))) struct `Modules that are known` {
  private let fixture: Fixture
  private let files: ProcessFiles

  init() throws {
    fixture = try Fixture("changing")
    files = ProcessFiles(process: fixture.processID, representative: fixture.processID)
  }

  private func change(_ word: String) throws {
    #expect(kill(fixture.processID, SIGUSR1) == 0)
    try fixture.process.waitForOutput(containing: word)
  }

  private func capture(_ known: KnownModules?) throws -> ProcessSnapshot {
    let stopped = try StoppedProcess.stop(fixture.processID)
    let memory = MemoryAccess.open(process: stopped.processID, thread: stopped.representative)
    let source = CaptureSource(
      threads: stopped.threadIDs, files: files, memory: memory, registers: .ptrace, softErrors: [], known: known)
    return ProcessSnapshot.capture(source, request: nil, limits: CaptureLimits(), system: nil)
  }

  @Test func `hold while the map is the same, with what Crashpad clients say at the stop`() throws {
    let before = try capture(nil)
    let known = try #require(KnownModules(of: files, limits: CaptureLimits()))
    try change("changed")
    // Who looked for them now would find the loader's list to be a circle.
    #expect(try capture(nil).softErrors.map { $0.part } == ["modules"])
    let snapshot = try capture(known)
    #expect(snapshot.softErrors == [])
    #expect(snapshot.moduleSource == .linkMap)
    #expect(snapshot.map.mappings == before.map.mappings)
    #expect(snapshot.modules.map { $0.buildID } == before.modules.map { $0.buildID })
    // What one capture has found serves the next.
    #expect(try capture(before.knownModules).modules == snapshot.modules)
    #expect(before.modules.first?.annotations?.objects.last?.value == Array("hello".utf8))
    #expect(snapshot.modules.first?.annotations?.objects.last?.value == Array("later".utf8))
  }

  @Test func `are looked for again when a library has been loaded since`() throws {
    let known = try #require(KnownModules(of: files, limits: CaptureLimits()))
    try change("changed")
    try change("loaded 1")
    let snapshot = try capture(known)
    #expect(snapshot.softErrors == [])
    #expect(snapshot.modules.contains { "\($0.path)".hasSuffix("/libanl.so.1") })
  }

  @Test func `are not kept when there is anything to complain of`() throws {
    try change("changed")
    #expect(KnownModules(of: files, limits: CaptureLimits()) == nil)
  }
}
