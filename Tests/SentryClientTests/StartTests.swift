import CrashDatabase
import LinuxSystem
import SentryClient
import SentryEnvelope
import StructuredValue
import Testing

@Suite struct `Start and end of a client` {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func codes(_ client: SentryClient) -> [HealthIssue.Code] { client.health.issues.map { $0.code } }

  @Test func `without a handler and a DSN it starts, and says what is missing`() throws {
    let client = folder.start()
    // The second thing to be said of crashes is that another test's client captures them.
    #expect(Set(codes(client)) == [.dsn, .handler])
    #expect(!client.health.capturesCrashes)
    #expect(client.health.issues.allSatisfy { !$0.message.isEmpty })
    client.addBreadcrumb(Breadcrumb(message: "x"))
    client.close()
    client.close()
  }

  @Test func `with a database that cannot be it starts, and does nothing`() {
    let client = folder.start { $0.databasePath = "/proc/nothing/database" }
    #expect(codes(client) == [.database, .dsn])
    client.configureScope { $0.setTag(value: "a", key: "b") }
    client.addBreadcrumb(Breadcrumb(message: "x"))
    #expect(client.flush(milliseconds: 10))
    #expect(client.health.databasePath == nil && !client.crashedLastRun)
    client.close()
  }

  @Test func `an empty database path leaves nothing in the working directory`() {
    let client = folder.start { $0.databasePath = "" }
    #expect(codes(client) == [.database, .dsn])
    #expect(!FileSystem.exists("installation_id"))
    client.close()
  }

  @Test func `nothing is left of a run that was closed`() throws {
    let client = folder.start()
    #expect(try FileSystem.entries(of: folder.database).contains { $0.suffix(4).elementsEqual(".run".utf8) })
    client.close()
    let names = try FileSystem.entries(of: folder.database).map { String(decoding: $0, as: UTF8.self) }.sorted()
    #expect(names == ["attachments", "completed", "installation_id", "new", "pending", "settings.dat"])
  }

  @Test func `a relative database path is resolved at the start`() throws {
    let relative = FilePath(".build/tests-\(UniqueID.random())")
    let client = folder.start { $0.databasePath = relative }
    #expect(client.health.databasePath?.isAbsolute == true)
    client.close()
    try FileSystem.removeTree(relative)
  }

  @Test func `the mark of a crash is told once`() throws {
    try FileSystem.createDirectories(folder.database)
    try LastCrash.mark(database: folder.database)
    for expected in [true, false] {
      let client = folder.start()
      #expect(client.crashedLastRun == expected)
      client.close()
    }
  }

  /// The folder of a run whose process is dead.
  private func deadRun(_ id: UniqueID, _ extra: String? = nil) throws -> FilePath {
    let run = folder.database.appending("\(UniqueID.random()).run")
    try FileSystem.createDirectories(run)
    var event = SentryEvent(eventID: SentryID(bytes: id.bytes))
    event.level = .fatal
    try FileSystem.write(event.value.messagePack, to: run.appending("__sentry-event"))
    if let extra { try FileSystem.write([1], to: run.appending(extra)) }
    return run
  }

  @Test func `a report of a dead run tells of a crash even without the mark`() throws {
    let database = try CrashDatabase(path: folder.database)
    let id = UniqueID.random()
    let run = try deadRun(id)
    let report = try database.prepareReport(id: id)
    try report.file.writeAll(Array("MDMP".utf8))
    try database.finish(report)
    let client = folder.start()
    #expect(client.crashedLastRun)
    #expect(!FileSystem.exists(run))
    client.close()
    let next = folder.start()
    #expect(!next.crashedLastRun)
    next.close()
  }

  @Test func `a dead run without a report was no crash, and goes`() throws {
    let run = try deadRun(.random())
    let client = folder.start()
    #expect(!client.crashedLastRun)
    #expect(!FileSystem.exists(run) && !FileSystem.exists(run.addingSuffix(".lock")))
    client.close()
  }

  @Test func `a dead run stays while its handler writes the report, or there is no server for its envelopes`() throws {
    let database = try CrashDatabase(path: folder.database)
    let id = UniqueID.random()
    let writing = try deadRun(id)
    let foreign = try deadRun(.random(), "x.envelope")
    let report = try database.prepareReport(id: id)
    let client = folder.start()
    #expect(FileSystem.exists(writing) && FileSystem.exists(foreign))
    client.close()
    _ = consume report
  }

  @Test func `settings follow the consent, and reports wait for it`() throws {
    func settings() throws -> SettingsRecord { try DatabaseSettings(database: folder.database).read() }
    folder.start().close()
    #expect(try settings().uploadsEnabled && !settings().uploadsPaused)
    let client = folder.start { $0.requiresUserConsent = true }
    #expect(try !settings().uploadsEnabled && settings().uploadsPaused)
    client.setUserConsent(.given)
    #expect(try settings().uploadsEnabled && !settings().uploadsPaused)
    client.close()
    let later = folder.start { $0.requiresUserConsent = true }
    #expect(try settings().uploadsEnabled)
    later.setUserConsent(.revoked)
    #expect(try !settings().uploadsEnabled)
    later.close()
  }

  @Test func `a start removes reports beyond the limits`() throws {
    let database = try CrashDatabase(path: folder.database)
    for _ in 0..<3 {
      let report = try database.prepareReport()
      try report.file.writeAll(Array("MDMP".utf8))
      try database.finish(report)
    }
    let client = folder.start { $0.pruning.maximumCount = 2 }
    #expect(client.health.waitingReports == 2)
    #expect(!client.flush(milliseconds: 0))
    client.close()
  }
}
