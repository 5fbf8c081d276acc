// Provides tests of a program of the application that takes reports instead of a server.
import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing
import ZooRuns

@Suite final class `A crash reporter` {
  let directory: TemporaryDirectory
  let database: CrashDatabase
  var envelope: FilePath { directory.appending("crash.envelope") }

  init() throws {
    directory = try TemporaryDirectory(prefix: "reporter")
    database = try CrashDatabase(path: directory.appending("database"))
    try database.settings.setUploadsEnabled(true)
    // Copies what it was started with; the copy has its name only when it is complete. Written by a program: here
    // another test's child could hold the file open for writing while it is started.
    let made = try RunningProcess.run(
      "/bin/sh",
      [
        "-ec", "printf '#!/bin/sh\\ncp \"$1\" \"$1.part\" && mv \"$1.part\" \"$1.seen\"\\n' >\"$1\"; chmod 755 \"$1\"",
        "sh", directory.appending("reporter").description,
      ])
    try #require(made.succeeded)
    try FileSystem.write(Array("a line".utf8), to: directory.appending("log.txt"))
    let event: StructuredValue = ["event_id": "ffffffffffffffffffffffffffffffff", "level": "fatal"]
    try FileSystem.write(event.messagePack, to: directory.appending("__sentry-event"))
    let crumb: StructuredValue = ["timestamp": "2026-01-01T00:00:00Z", "message": "before"]
    try FileSystem.write(crumb.messagePack, to: directory.appending("__sentry-breadcrumb1"))
  }

  deinit { directory.remove() }

  /// A program that starts the handler when it crashes.
  private func crash(
    _ handler: FilePath, reporter: String = "reporter", expectsReporter: Bool = true, _ more: [String] = []
  ) throws {
    let command =
      [
        handler.description, "--database=\(database.path)", "--crash-envelope=\(envelope)",
        "--crash-reporter=\(directory.appending(reporter))", "--report-id=00112233-4455-6677-8899-aabbccddeeff",
      ] + more
      + ["log.txt", "__sentry-event", "__sentry-breadcrumb1"].map { "--attachment=\(directory.appending($0))" }
    let victim = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"),
      command.map { "other-command=\($0)" } + ["other-client=launching", "die=segv"],
      environment: ["SWIFT_BACKTRACE": "enable=no"])
    defer { victim.end() }
    try victim.wait()
    // `end` would end the reporter, which outlives the handler. Of a program that is just being started the kernel tells
    // nothing: it seems to be gone.
    if expectsReporter { _ = try seen() }
    try waitUntil("all that it started has ended") { victim.livingFamily().isEmpty }
    #expect(victim.output.contains("handler exited(status: 0)"), "\(victim.output) \(victim.errorOutput)")
  }

  private func seen() throws -> Envelope {
    let path = FilePath("\(envelope).seen")
    try waitUntil("the reporter has its envelope") { FileSystem.exists(path) }
    return try Envelope(bytes: FileSystem.read(path))
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `is started with the event, the attachments and the dump, and the report is gone`(_ handler: FilePath) throws {
    try FileSystem.write(Array("{\"event_id\":\"begun\",\"dsn\":\"http://k@localhost/1\"}".utf8), to: envelope)
    try crash(handler)
    let envelope = try seen()
    #expect(envelope.headers["event_id"]?.string == "begun")
    #expect(envelope.items.map(\.type) == ["event", "attachment", "attachment"])
    let event = try StructuredValue(json: envelope.items[0].payload)
    #expect(event["event_id"]?.string == "00112233-4455-6677-8899-aabbccddeeff")
    #expect(event["breadcrumbs"]?["values"]?.array?.first?["message"]?.string == "before")
    #expect(event["exception"]?["values"]?.array?.first?["type"]?.string == "SIGSEGV")
    #expect(envelope.items[1].headers["filename"]?.string == "log.txt")
    #expect(envelope.items[1].headers["attachment_type"]?.string == "event.attachment")
    #expect(envelope.items[1].payload == Array("a line".utf8))
    #expect(envelope.items[2].headers["filename"]?.string == "00112233-4455-6677-8899-aabbccddeeff.dmp")
    #expect(envelope.items[2].headers["attachment_type"]?.string == "event.minidump")
    #expect(envelope.items[2].payload.starts(with: Array("MDMP".utf8)))
    #expect(try database.pendingReports().isEmpty)
    #expect(try database.completedReports().isEmpty)
  }

  @Test(.timeLimit(.minutes(10)))
  func `gets a whole envelope where the client has begun none`() throws {
    try crash(try #require(TestProducts.handlers.first))
    let envelope = try seen()
    #expect(envelope.headers["event_id"]?.string == "00112233-4455-6677-8899-aabbccddeeff")
    #expect(envelope.items.count == 3)
  }

  @Test(.timeLimit(.minutes(10)))
  func `that is not there leaves the report pending`() throws {
    try crash(try #require(TestProducts.handlers.first), reporter: "absent", expectsReporter: false)
    #expect(try database.pendingReports().count == 1)
  }

  @Test(.timeLimit(.minutes(10)))
  func `is not started without consent, and the report waits`() throws {
    try database.settings.setUploadsEnabled(false)
    // An upload pass would give the report up.
    try crash(try #require(TestProducts.handlers.first), expectsReporter: false, ["--url=http://127.0.0.1:9/"])
    #expect(try database.pendingReports().count == 1)
    #expect(!FileSystem.exists(envelope))
  }
}
