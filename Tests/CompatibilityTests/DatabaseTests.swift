// Provides tests in which a handler that is not ours works on our database.
import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) final class `Sentry's own handler on our database` {
  let directory: TemporaryDirectory
  let database: CrashDatabase

  init() throws {
    directory = try TemporaryDirectory()
    database = try CrashDatabase(path: directory.appending("database"))
    try database.settings.setUploadsEnabled(true)
  }

  deinit { directory.remove() }

  private func addReport(_ text: String) throws -> UniqueID {
    let report = try database.prepareReport()
    try report.file.writeAll(Array("MDMP\(text)".utf8))
    try report.addAttachment(name: Array("log.txt".utf8)).writeAll(Array("log of \(text)".utf8))
    return try database.finish(report)
  }

  /// Runs the handler, which looks for pending reports when it starts, until `body` has seen what it waited for; then
  /// its only client goes.
  private func withHandler(url: String, _ body: () throws -> Void) throws {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let made = socketpair(AF_UNIX, type, 0, &ends)
    try #require(made == 0)
    let client = OwnedFileDescriptor(owning: ends[0])
    let server = OwnedFileDescriptor(owning: ends[1])
    var on: Int32 = 1
    setsockopt(server.rawValue, SOL_SOCKET, SO_PASSCRED, &on, 4)
    let handler = try RunningProcess(
      Peers.sentryHandler(),
      [
        "--database=\(database.path)", "--metrics-dir=\(database.path)", "--url=\(url)", "--no-rate-limit",
        "--initial-client-fd=\(server.rawValue)", "--shared-client-connection",
      ], keeping: [server.rawValue])
    defer { handler.end() }
    _ = consume server
    do {
      try body()
    } catch {
      Issue.record("\(error), the handler said: \(handler.errorOutput)")
    }
    _ = consume client
    #expect(try handler.wait() == .exited(status: 0))
  }

  @Test func `sends what we finished, and we read what it recorded`() throws {
    let ingest = try LoopbackIngestServer(answer: .response(status: 200, body: "the answer"))
    defer { ingest.stop() }
    let id = try addReport("one")
    let client = try database.settings.clientID()
    try withHandler(url: ingest.minidumpURL) { [database] in
      let request = try ingest.nextRequest()
      #expect(request.minidump == Array("MDMPone".utf8))
      #expect(request.form?.file("log.txt")?.text == "log of one")
      try waitUntil("the report is completed") { (try? database.lookUp(id))?.state == .completed }
      let report = try database.lookUp(id)
      #expect(report.metadata.isUploaded)
      #expect(report.metadata.uploadAttempts == 1)
      #expect(report.metadata.remoteID == Array("the answer".utf8))
      try waitUntil("the attempt is in the settings") {
        (try? database.settings.lastUploadAttempt()) == report.metadata.lastUploadAttempt
      }
      #expect(try database.settings.clientID() == client)
      let recovered = database.recover()
      #expect(recovered.adopted.isEmpty && recovered.settled.isEmpty && recovered.removedFiles == 0)
    }
  }

  @Test func `leaves a report alone that we are sending`() throws {
    let ingest = try LoopbackIngestServer()
    defer { ingest.stop() }
    let ours = try addReport("ours")
    let upload = try database.reportForUploading(ours)
    let theirs = try addReport("theirs")
    try withHandler(url: ingest.minidumpURL) { [database] in
      // Looking takes the report's lock for a moment, and a handler passes over a report that somebody has.
      try waitUntil("the other report is sent") { !ingest.requests.isEmpty }
      try waitUntil("the other report is completed") { (try? database.lookUp(theirs))?.state == .completed }
    }
    #expect(ingest.requests.map { $0.minidump } == [Array("MDMPtheirs".utf8)])
    _ = consume upload
  }

  @Test func `leaves a failed upload to us, with its attempt counted`() throws {
    let closed = try ClosedPort()
    let id = try addReport("one")
    try withHandler(url: closed.minidumpURL) { [database] in
      // Without the lock, for the same reason: the count is at offset 4 of the report's metadata.
      let metadata = database.path.appending("pending").appending("\(id).meta")
      try waitUntil("the attempt is recorded") {
        (try? FileSystem.read(metadata))?.dropFirst(4).prefix(4).elementsEqual([1, 0, 0, 0]) ?? false
      }
      let report = try waitFor("the handler lets go of it") { try? database.lookUp(id) }
      #expect(report.state == .pending && report.metadata.lastUploadAttempt > 0)
      try database.recordUploadComplete(try database.reportForUploading(id), remoteID: Array("x".utf8))
      #expect(try database.lookUp(id).metadata.uploadAttempts == 2)
    }
  }

  @Test func `gives up unsent what it may not send, and we can ask for it again`() throws {
    let ingest = try LoopbackIngestServer()
    defer { ingest.stop() }
    try database.settings.setUploadsEnabled(false)
    let id = try addReport("one")
    try withHandler(url: ingest.minidumpURL) { [database] in
      try waitUntil("the report is completed") { (try? database.lookUp(id))?.state == .completed }
      #expect(try !database.lookUp(id).metadata.isUploaded)
      try database.requestUpload(id)
      #expect(try database.lookUp(id).state == .pending)
    }
    #expect(ingest.requests.isEmpty)
  }

  @Test func `sends a report for which we asked, though uploads are disabled`() throws {
    let ingest = try LoopbackIngestServer()
    defer { ingest.stop() }
    try database.settings.setUploadsEnabled(false)
    let id = try addReport("one")
    try database.requestUpload(id)
    try withHandler(url: ingest.minidumpURL) { [database] in
      try waitUntil("the report is completed") { (try? database.lookUp(id))?.state == .completed }
    }
    #expect(ingest.requests.count == 1)
  }

  @Test func `leaves reports pending while we have uploads paused`() throws {
    let ingest = try LoopbackIngestServer()
    defer { ingest.stop() }
    try database.settings.update { settings in
      settings.uploadsEnabled = false
      settings.uploadsPaused = true
    }
    let id = try addReport("one")
    // Nothing tells that it decided to do nothing; its end does, which comes after its pass.
    try withHandler(url: ingest.minidumpURL) {}
    #expect(FileSystem.exists(database.path.appending("pending/\(id).dmp")))
    #expect(ingest.requests.isEmpty)
  }
}
