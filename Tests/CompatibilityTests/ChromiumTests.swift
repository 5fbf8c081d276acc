// Provides tests in which our handler serves Chromium.
import CLinuxShims
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

/// A browser that starts our handler as its own.
private final class Chromium {
  let directory: TemporaryDirectory
  let process: RunningProcess
  var database: FilePath { directory.appending("database") }

  /// Starts a headless browser at `page`.
  init(_ handler: FilePath, page: String, options: [String] = []) throws {
    directory = try TemporaryDirectory(prefix: "chromium")
    do {
      let folder = directory.appending("browser")
      // Hard links where that is possible: it is 360 MB. The handler's place must not be written through a link.
      let copied = try RunningProcess.run(
        "/bin/sh",
        [
          "-ec",
          "cp -al \"$1\" \"$2\" 2>/dev/null || { rm -rf \"$2\"; cp -a \"$1\" \"$2\"; }; rm \"$2/$3\"; cp \"$4\" \"$2/$3\"",
          "sh", try Peers.chromium().directory.description, folder.description, "chrome_crashpad_handler",
          handler.description,
        ])
      guard copied.succeeded else { throw TestKitError(.system, copied.errorOutput) }
      try FileSystem.createDirectory(directory.appending("database"))
      process = try RunningProcess(
        folder.appending("chromium"),
        [
          "--headless=new", "--no-sandbox", "--disable-gpu", "--allow-chrome-scheme-url",
          "--user-data-dir=\(directory.appending("profile"))",
        ] + options + [page],
        environment: [
          "BREAKPAD_DUMP_LOCATION": directory.appending("database").description,
          "HOME": directory.path.description, "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        ])
    } catch {
      directory.remove()
      throw error
    }
  }

  func end() {
    process.end()
    directory.remove()
  }

  func dumps() -> [FilePath] {
    let folder = database.appending("pending")
    return ((try? FileSystem.entries(of: folder)) ?? []).map { folder.appending(bytes: $0) }.filter {
      $0.description.hasSuffix(".dmp")
    }
  }

  /// The first dump, once it is there.
  func dump() throws -> FilePath {
    do {
      try waitUntil("Chromium leaves a dump", timeout: .seconds(40)) { !dumps().isEmpty }
    } catch {
      throw TestKitError(.missing, "\(error): \(process.errorOutput)")
    }
    return dumps()[0]
  }
}

@Suite(.serialized) struct `Chromium on our handler` {
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

  @Test(.timeLimit(.minutes(2)), arguments: TestProducts.handlers)
  func `leaves a dump of a renderer that crashes, and lives on`(_ handler: FilePath) throws {
    let browser = try Chromium(handler, page: "chrome://crash")
    defer { browser.end() }
    let dump = try browser.dump()
    #expect(browser.process.termination == nil)
    try check(dump, type: "renderer", process: nil)
    browser.process.send(signal: SIGTERM)
    try browser.process.wait()
    try waitUntil("the handler ends with its last client", timeout: .seconds(20)) {
      browser.process.livingFamily().isEmpty
    }
    #expect(browser.dumps().count == 1)
  }

  @Test(.timeLimit(.minutes(2)), arguments: TestProducts.handlers)
  func `leaves a dump of the browser when that crashes`(_ handler: FilePath) throws {
    let browser = try Chromium(handler, page: "about:blank", options: ["--remote-debugging-port=0"])
    defer { browser.end() }
    // It is about to run its message loop then, and its crash handler has been there for long.
    try browser.process.waitForOutput(containing: "DevTools listening", inErrorOutput: true, timeout: .seconds(40))
    browser.process.send(signal: SIGSEGV)
    let died: Bool = if case .signaled(11, _) = try browser.process.wait() { true } else { false }
    #expect(died)
    try check(try browser.dump(), type: "browser", process: browser.process.processID)
  }
}
