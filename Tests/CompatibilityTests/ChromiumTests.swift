// Provides tests in which our handler serves Chromium.
import CLinuxShims
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.serialized) struct `Chromium on our handler` {
  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `leaves a dump of a renderer in its sandbox`(_ handler: FilePath) throws {
    let browser = try Chromium(handler, page: "chrome://crash", sandboxed: true)
    defer { browser.end() }
    let dump = try browser.dump()
    #expect(browser.process.termination == nil)
    try check(dump, type: "renderer", process: nil)
    // The renderer is process 1 of its own namespace. Chromium and the dump know it by its outer number.
    let shown = try ShownDump(dump)
    #expect(shown.process.pid > 1 && shown.exception?.threadId == shown.process.pid)
    #expect(browser.process.errorOutput.contains("[\(shown.process.pid):1:"), "\(browser.process.errorOutput)")
    #expect(browser.complaints == [])
  }

  /// What every dump of Chromium says.
  private func check(_ dump: FilePath, type: String, process: Int32?) throws {
    let bytes = try FileSystem.read(dump)
    try bytes.withUnsafeBytes { buffer in
      let reader = try MinidumpReader(MinidumpBytes(unowned: buffer))
      let info = try #require(reader.crashpadInfo)
      let arguments = Dictionary(info.simpleAnnotations.map { ($0.key, $0.value) }) { first, _ in first }
      #expect(arguments["prod"] == "Chrome_Linux")
      #expect(arguments["plat"] == "Linux")
      #expect(arguments["ver"]?.split(separator: ".").count == 4)
      // Annotation objects in the memory of the program, which is the first module.
      let program = try #require(info.modules.first { $0.moduleIndex == 0 })
      let objects = Dictionary(
        program.annotations.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }
      ) { first, _ in first }
      #expect(objects["ptype"] == type)
      #expect(program.annotations.count > 3)
    }
    let shown = try ShownDump(dump)
    let exception = try #require(shown.exception)
    #expect(exception.code.value == 11)
    if let process { #expect(shown.process.pid == process) }
    #expect(shown.modules.first?.name.hasSuffix("/chromium") == true)

    let reading = try #require(try ForeignReader.breakpad.read([dump]).first)
    #expect(reading.error == nil)
    #expect(reading.crash?.signal == "SIGSEGV")
    #expect(reading.crash?.thread == exception.threadId)
    #expect((reading.frames ?? []).count > 1)
    #expect(reading.threads?.count == shown.threads.count)
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `leaves a dump of a renderer that crashes, and lives on`(_ handler: FilePath) throws {
    let browser = try Chromium(handler, page: "chrome://crash")
    defer { browser.end() }
    let dump = try browser.dump()
    #expect(browser.process.termination == nil)
    try check(dump, type: "renderer", process: nil)
    browser.process.send(signal: SIGTERM)
    try browser.process.wait()
    try waitUntil("the handler ends with its last client") {
      browser.process.livingFamily().isEmpty
    }
    #expect(browser.dumps().count == 1)
    #expect(browser.complaints == [])
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `leaves a dump of the browser when that crashes`(_ handler: FilePath) throws {
    let browser = try Chromium(handler, page: "about:blank", options: ["--remote-debugging-port=0"])
    defer { browser.end() }
    // It is about to run its message loop then, and its crash handler has been there for long.
    try browser.process.waitForOutput(containing: "DevTools listening", inErrorOutput: true)
    browser.process.send(signal: SIGSEGV)
    let died: Bool = if case .signaled(11, _) = try browser.process.wait() { true } else { false }
    #expect(died)
    try check(try browser.dump(), type: "browser", process: browser.process.processID)
    #expect(browser.complaints == [])
  }
}
