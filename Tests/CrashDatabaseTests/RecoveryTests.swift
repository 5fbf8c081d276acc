import CrashDatabase
import LinuxSystem
import Testing

/// What must be true of a report when a process was killed and the next one has recovered.
@Suite(.timeLimit(.minutes(10))) struct `Recovery after a kill` {
  let temporary: TemporaryDatabase
  let id = UniqueID.random()
  var database: CrashDatabase { temporary.database }

  init() throws { temporary = try TemporaryDatabase() }

  /// The report, which is there once, whole, and free.
  private func recovered() throws -> Report {
    database.recover()
    let all = try database.pendingReports() + database.completedReports()
    #expect(all.count == 1)
    let report = try database.lookUp(id)
    #expect(try FileSystem.read(report.path) == Array("MDMPcontent".utf8))
    #expect(try FileSystem.read(temporary.path.appending("attachments/\(id)/log.txt")) == Array("log".utf8))
    let names = try temporary.names("new") + temporary.names("pending") + temporary.names("completed")
    #expect(names.filter { !$0.hasSuffix(".tmp") }.sorted() == ["\(id).dmp", "\(id).meta"])
    return report
  }

  @Test(arguments: [
    "fixture.written", "database.finish.locked", "database.metadata.write", "database.finish.described",
    "database.finish.renamed",
  ])
  func `a dump that was complete becomes pending`(fault: String) throws {
    try temporary.run(["report", "\(id)"], fault: fault)
    let report = try recovered()
    #expect(report.state == .pending)
    #expect(report.metadata.uploadAttempts == 0)
    #expect(report.metadata.creation > 1_700_000_000)
  }

  @Test func `a dump that was not complete goes with its attachments`() throws {
    try temporary.run(["report", "\(id)"], fault: "fixture.partial")
    #expect(try temporary.names("new") == ["\(id).dmp", "\(id).lock"])
    database.recover()
    #expect(try temporary.names("new") == [])
    #expect(try temporary.names("attachments") == [])
    #expect(try temporary.addReport(id: id) == id)
  }

  @Test(arguments: ["database.complete.begin", "fixture.sent"])
  func `an upload whose outcome was not recorded is tried again`(fault: String) throws {
    try temporary.addReport(id: id)
    try temporary.run(["upload", "\(id)"], fault: fault)
    // Without waiting for any time to pass, and without an explicit recovery.
    #expect(try database.pendingReports().map { $0.id } == [id])
    #expect(try recovered().state == .pending)
    try temporary.upload(id)
  }

  @Test(arguments: ["database.move.described", "database.move.renamed", "database.move.done"])
  func `an upload whose outcome was recorded is not tried again`(fault: String) throws {
    try temporary.addReport(id: id)
    try temporary.run(["upload", "\(id)", "answer"], fault: fault)
    #expect(try database.pendingReports().isEmpty)
    let report = try recovered()
    #expect(report.state == .completed)
    #expect(report.metadata.isUploaded)
    #expect(report.metadata.remoteID == Array("answer".utf8))
  }

  @Test(arguments: [
    "database.metadata.write", "database.move.described", "database.move.renamed", "database.move.done",
  ])
  func `a report that was being skipped is in one state`(fault: String) throws {
    try temporary.addReport(id: id)
    try temporary.run(["skip", "\(id)"], fault: fault)
    let report = try recovered()
    #expect(report.metadata.isUploaded == false)
    if report.state == .completed { try database.requestUpload(id) }
    try temporary.upload(id)
  }

  @Test(arguments: [
    "database.metadata.write", "database.move.described", "database.move.renamed", "database.move.done",
  ])
  func `a request for an upload is not forgotten once it is written`(fault: String) throws {
    try temporary.addReport(id: id)
    try database.skip(id, reason: .uploadsDisabled)
    try temporary.run(["request", "\(id)"], fault: fault)
    let report = try recovered()
    #expect(report.state == (fault == "database.metadata.write" ? .completed : .pending))
    #expect(report.metadata.isUploadExplicitlyRequested == (report.state == .pending))
  }

  @Test func `a removal that was begun is finished`() throws {
    try temporary.addReport(id: id)
    try temporary.run(["delete", "\(id)"], fault: "database.delete.dump")
    database.recover()
    #expect(try temporary.names("pending") == [])
    #expect(try temporary.names("attachments") == [])
  }

  @Test func `settings are old or new`() throws {
    let client = try database.settings.clientID()
    try temporary.run(["enable"], fault: "database.settings.write")
    #expect(try database.settings.uploadsEnabled() == false)
    #expect(try database.settings.clientID() == client)
    try temporary.run(["enable"])
    #expect(try database.settings.uploadsEnabled())
    #expect(try database.settings.clientID() == client)
  }

  @Test func `a full disk does not cost the report`() throws {
    // No metadata can be written: the dump is moved all the same, and described later.
    let end = try temporary.start(["report", "\(id)"], fault: "database.metadata.write:28").wait()
    #expect(end == .exited(status: 0))
    #expect(try temporary.names("pending") == ["\(id).dmp"])
    #expect(try recovered().state == .pending)
  }

  @Test func `a report that a living process writes or sends is left alone`() throws {
    try temporary.addReport(id: id)
    for command in [["hold", "\(id)"], ["write"]] {
      let input = try Pipe()
      let output = try Pipe()
      let child = try temporary.start(
        command, input: .descriptor(input.reader.rawValue), output: .descriptor(output.writer))
      output.closeWriter()
      #expect(try output.readLine() == "ready\n")
      let before = try temporary.names("new") + temporary.names("pending") + temporary.names("completed")
      database.recover()
      _ = database.clean(ttl: 0)
      #expect(before == (try temporary.names("new") + temporary.names("pending") + temporary.names("completed")))
      input.closeWriter()
      #expect(try child.wait() == .exited(status: 0))
    }
    #expect(try database.completedReports().map { $0.id } == [id])
    #expect(try database.pendingReports().count == 1)
  }
}
