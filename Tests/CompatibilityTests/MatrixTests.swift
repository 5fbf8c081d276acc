// Provides tests of every client with every handler that speaks its dialect.
import CLinuxShims
import CrashDatabase
import CrashProtocol
import Foundation
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

/// A client: ours, and those of others in programs of theirs.
enum CrashingClient: String, Sendable {
  case oursSentry = "our client in Sentry's dialect"
  case oursChromium = "our client in Chromium's dialect"
  case oursLaunching = "our client, starting the handler at the crash"
  case oursPrivate = "our client, alone on its connection"
  case sentry = "Sentry's client"
  case chromium = "Chromium's client"
  case browser = "a browser's renderer"

  var dialect: Dialect {
    switch self {
    case .oursSentry, .sentry: .sentry
    case .oursChromium, .oursLaunching, .oursPrivate, .chromium, .browser: .chromium
    }
  }
}

/// One client under one handler.
struct Pairing: CustomTestStringConvertible, Sendable {
  let client: CrashingClient
  let handler: ServingHandler

  var testDescription: String { "\(client.rawValue), \(handler.testDescription)" }

  /// All whose sides speak the same dialect.
  static let all = ServingHandler.all.flatMap { handler in
    [CrashingClient.oursSentry, .oursChromium, .oursLaunching, .oursPrivate, .sentry, .chromium, .browser]
      // A handler that is started at the crash is told everything by its arguments, which are the same for all.
      .filter { handler.dialects.contains($0.dialect) || $0 == .oursLaunching || $0 == .oursPrivate }
      .map { Pairing(client: $0, handler: handler) }
  }

  /// Ours, under handlers of the other dialect.
  static let mixed = [
    Pairing(client: .oursSentry, handler: .chromium), Pairing(client: .oursChromium, handler: .sentry),
  ]
}

/// What a client left in its handler's database.
private struct Remains {
  let database: FilePath
  /// The process that died; `nil` where the test does not know it.
  let process: Int32?
  /// Whose annotations the dump must have: names and values that any module or the process has.
  let annotations: [String: String]
  let end: () -> Void
}

@Suite(.serialized, .timeLimit(.minutes(10))) struct `Every client with every handler of its dialect` {
  private func crash(_ pairing: Pairing) throws -> Remains {
    let handler = try pairing.handler.path()
    switch pairing.client {
    case .oursSentry, .oursChromium, .oursLaunching, .oursPrivate:
      let run = try VictimRun(
        ["annotate", "die=segv"], handler: pairing.handler,
        dialect: pairing.client == .oursPrivate ? nil : pairing.client.dialect,
        before: pairing.client == .oursPrivate ? ["private"] : [],
        start: pairing.client == .oursLaunching ? "start-at-crash" : "start")
      #expect(run.termination.signal == 11)
      try run.waitForHandler()
      return Remains(
        database: run.database.path, process: run.process.processID,
        annotations: ["constant": "constant", "simple": "second"], end: run.end)
    case .sentry, .chromium:
      let isSentry = pairing.client == .sentry
      let watched = try WatchedHandler(
        isSentry ? Peers.sentryHandler() : Peers.chromiumHandler(), dialect: pairing.client.dialect, servedBy: handler)
      do {
        #expect(try watched.crash().signal == 11)
        try waitUntil("the handler of \(pairing.client.rawValue) ends") {
          watched.process.livingFamily().isEmpty
        }
      } catch {
        watched.end()
        throw error
      }
      return Remains(
        database: watched.database, process: watched.process.processID,
        // The one from PyPI was linked without the note that would lead to what it keeps in its memory.
        annotations: isSentry ? ["prod": "watched"] : ["prod": "watched", "ptype": "crashpad-handler"],
        end: watched.end)
    case .browser:
      let browser = try Chromium(handler, page: "chrome://crash")
      do {
        _ = try browser.dump()
        browser.process.send(signal: SIGTERM)
        try browser.process.wait()
        try waitUntil("the browser's handler ends") { browser.process.livingFamily().isEmpty }
      } catch {
        browser.end()
        throw error
      }
      return Remains(
        database: browser.database, process: nil, annotations: ["prod": "Chrome_Linux", "ptype": "renderer"],
        end: browser.end)
    }
  }

  @Test(.enabled(if: geteuid() == 0, "needs root for a mount namespace"), arguments: Pairing.all)
  func `leaves a dump that others read, in a database that others use`(_ pairing: Pairing) throws {
    let remains = try crash(pairing)
    defer { remains.end() }
    let pending = remains.database.appending("pending")
    let dumps = try FileSystem.entries(of: pending).map { pending.appending(bytes: $0) }.filter {
      $0.description.hasSuffix(".dmp")
    }
    try #require(dumps.count == 1)
    let content = try FileSystem.read(dumps[0])
    let thread = try check(content, annotations: remains.annotations, process: remains.process)

    for reader in [ForeignReader.breakpad, .lldb] {
      let what = Comment(rawValue: reader.rawValue)
      let reading = try #require(try reader.read(dumps).first, what)
      #expect(reading.error == nil, what)
      #expect(reading.crash?.signal == "SIGSEGV", what)
      #expect(reading.crash?.thread == thread, what)
      #expect((reading.frames ?? []).count >= 1, what)
      #expect(reading.modules?.contains { $0.name.contains("libc.so.6") } == true, what)
    }
    try checkDatabase(remains.database, dump: dumps[0], content: content, pairing)
  }

  /// Our own reader on what counts in every dump. Gives the crashed thread.
  private func check(_ content: [UInt8], annotations: [String: String], process: Int32?) throws -> Int32 {
    try content.withUnsafeBytes { buffer in
      let reader = try MinidumpReader(MinidumpBytes(unowned: buffer))
      let exception = try #require(reader.exception)
      #expect(exception.code == 11)
      if let process { #expect(reader.miscInfo?.processID == UInt32(bitPattern: process)) }
      let info = try #require(reader.crashpadInfo)
      var found: [String: String] = [:]
      for pair in info.simpleAnnotations + info.modules.flatMap(\.simpleAnnotations) { found[pair.key] = pair.value }
      for object in info.modules.flatMap(\.annotations) {
        found[object.name] = String(decoding: object.value, as: UTF8.self)
      }
      for (name, value) in annotations { #expect(found[name] == value, "\(name)") }
      return Int32(bitPattern: exception.threadID)
    }
  }

  /// The other side's code finds the report and sends it, and ours tells what became of it.
  private func checkDatabase(_ folder: FilePath, dump: FilePath, content: [UInt8], _ pairing: Pairing) throws {
    let id = try #require(UniqueID(String(decoding: dump.lastComponent.dropLast(4), as: UTF8.self)))
    let database = try CrashDatabase(path: folder, create: false)
    #expect(try database.lookUp(id).state == .pending)
    // Upstream's handler sends nothing without consent.
    try database.settings.setUploadsEnabled(true)

    let other: ServingHandler =
      pairing.handler.origin != .ours
      // Both builds of ours take their turn.
      ? ServingHandler.ours[pairing.handler.origin == .sentry ? 0 : ServingHandler.ours.count - 1]
      : pairing.client.dialect == .sentry ? .sentry : .chromium
    let server = try LoopbackIngestServer(answer: .response(status: 200, body: "the server's name"))
    defer { server.stop() }
    let run = try HandlerRun(try other.path(), database: folder, url: server.minidumpURL)
    defer { run.end() }
    let request = try server.nextRequest()
    #expect(request.minidump == content)
    #expect(request.form?.fields["guid"] == (try database.settings.clientID()).description)
    try waitUntil("the report is completed") { (try? database.lookUp(id))?.state == .completed }
    #expect(try run.finish() == .exited(status: 0), "\(run.process.errorOutput)")

    let listed = try RunningProcess.run(TestProducts.crashctl, ["db", folder.description, "list", "--json"])
    struct Entry: Decodable {
      let id: String
      let state: String
      let uploaded: Bool
      let attempts: Int
      let remote_id: String?
    }
    let entries = try JSONDecoder().decode([Entry].self, from: Data(listed.outputBytes))
    try #require(entries.count == 1, "\(listed.output)")
    #expect(entries[0].id == id.description)
    #expect(entries[0].state == "completed" && entries[0].uploaded && entries[0].attempts == 1)
    #expect(entries[0].remote_id == "the server's name")
  }

  @Test(arguments: Pairing.mixed)
  func `is told apart: a handler of the other dialect is an error of the start`(_ pairing: Pairing) throws {
    let run = try VictimRun(
      ["say=alive", "die=segv"], handler: pairing.handler, dialect: pairing.client.dialect)
    defer { run.end() }
    // 4: the handler ended before it answered.
    #expect(run.process.output.hasPrefix("failed code=4"), "\(run.process.output)")
    #expect(run.process.output.contains("alive\n"))
    #expect(run.termination.signal == 11)
    #expect(run.dumps().isEmpty)
  }
}
