import CrashDatabase
import Glibc
import LinuxSystem
import Testing

@Suite struct `Reports` {
  let temporary: TemporaryDatabase
  var database: CrashDatabase { temporary.database }

  init() throws { temporary = try TemporaryDatabase() }

  @Test func `a database has Crashpad's folders, for its owner only`() throws {
    for name in ["new", "pending", "completed", "attachments"] {
      #expect(try FileSystem.status(temporary.path.appending(name)).permissions == 0o700)
    }
  }

  @Test func `a database that is missing is not created unless asked for`() throws {
    #expect(throws: CrashDatabaseError.self) {
      try CrashDatabase(path: temporary.path.appending("missing"), create: false)
    }
  }

  @Test func `a report that is abandoned leaves nothing`() throws {
    do {
      let report = try database.prepareReport()
      try report.file.writeAll([1, 2, 3])
      _ = try report.addAttachment(name: Array("a".utf8))
      #expect(try temporary.names("new").count == 2)
    }
    #expect(try temporary.names("new") == [])
    #expect(try temporary.names("attachments") == [])
  }

  @Test func `a finished report is pending with its metadata and its attachments`() throws {
    let before = Timestamp.now().seconds
    let id = try temporary.addReport()
    #expect(try temporary.names("new") == [])
    #expect(try temporary.names("pending") == ["\(id).dmp", "\(id).meta"])
    let report = try #require(try database.pendingReports().first)
    #expect(report.id == id)
    #expect(report.metadata.creation >= before)
    #expect(report.metadata.uploadAttempts == 0)
    #expect(report.totalSize == 11 + 3)
    #expect(try FileSystem.status(report.path).permissions == 0o600)
    try database.synchronize(id)
  }

  @Test func `an identifier is used once`() throws {
    let id = UniqueID.random()
    #expect(try temporary.addReport(id: id) == id)
    let second = try temporary.addReport(id: id)
    #expect(second != id)
    try temporary.upload(id)
    #expect(try temporary.addReport(id: id) != id)
    #expect(try database.pendingReports().count == 2)
  }

  @Test func `two reports that are written at once do not share an identifier`() throws {
    let id = UniqueID.random()
    let first = try database.prepareReport(id: id)
    let second = try database.prepareReport(id: id)
    #expect(first.id == id)
    #expect(second.id != id)
  }

  @Test func `an upload ends in completed, with the server's answer cut to a sane length`() throws {
    let id = try temporary.addReport()
    let upload = try database.reportForUploading(id)
    #expect(upload.attachments.map { $0.name } == [Array("log.txt".utf8)])
    #expect(try upload.dump.readToEnd(limit: 100) == Array("MDMPcontent".utf8))
    try database.recordUploadComplete(upload, remoteID: [UInt8](repeating: 0x61, count: 100_000))
    #expect(try temporary.names("pending") == [])
    #expect(try temporary.names("completed") == ["\(id).dmp", "\(id).meta"])
    let report = try database.lookUp(id)
    #expect(report.state == .completed)
    #expect(report.metadata.isUploaded)
    #expect(report.metadata.uploadAttempts == 1)
    #expect(report.metadata.remoteID.count == ReportMetadata.remoteIDLimit)
    #expect(try database.settings.lastUploadAttempt() == report.metadata.lastUploadAttempt)
  }

  /// A handler passed over a report that a monitoring loop had locked just to look at it, and came back 15 minutes
  /// later.
  @Test func `looking at reports is in nobody's way`() throws {
    let id = try temporary.addReport()
    let folders = ["pending", "completed"].map { temporary.path.appending($0).description }
    let longAgo = [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)]
    for folder in folders { #expect(utimes(folder, longAgo) == 0) }
    #expect(try database.lookUp(id).state == .pending)
    #expect(try database.pendingReports().map { $0.id } == [id])
    #expect(try database.completedReports().isEmpty)
    // A lock would have been a file in them.
    for folder in folders { #expect(try FileSystem.status(FilePath(folder)).modified.seconds == 1) }
  }

  @Test func `while a report is uploaded nobody else sees it`() throws {
    let id = try temporary.addReport()
    let upload = try database.reportForUploading(id)
    #expect(try database.pendingReports().isEmpty)
    #expect(code { _ = try database.lookUp(id) } == .busy)
    #expect(code { try database.delete(id) } == .busy)
    #expect(database.prune(PrunePolicy(maximumAge: -1, maximumCount: 1)) == 0)
    try database.recordFailedAttempt(upload)
    #expect(try database.lookUp(id).metadata.uploadAttempts == 1)
  }

  @Test func `an upload without an outcome counts as a failed attempt`() throws {
    let id = try temporary.addReport()
    do { _ = try database.reportForUploading(id) }
    let report = try database.lookUp(id)
    #expect(report.state == .pending)
    #expect(report.metadata.uploadAttempts == 1)
    #expect(report.metadata.lastUploadAttempt > 0)
  }

  @Test func `an upload that is given back counts nothing`() throws {
    let id = try temporary.addReport()
    database.release(try database.reportForUploading(id))
    #expect(try database.lookUp(id).metadata.uploadAttempts == 0)
  }

  @Test func `a report that was skipped is sent on request, one that was sent is not`() throws {
    let id = try temporary.addReport()
    try database.skip(id, reason: .uploadsDisabled)
    #expect(try database.lookUp(id).state == .completed)
    #expect(try database.lookUp(id).metadata.isUploaded == false)
    try database.requestUpload(id)
    #expect(try database.lookUp(id).state == .pending)
    #expect(try database.lookUp(id).metadata.isUploadExplicitlyRequested)
    try temporary.upload(id)
    #expect(code { try database.requestUpload(id) } == .cannotRequestUpload)
    #expect(try database.lookUp(id).metadata.isUploadExplicitlyRequested == false)
  }

  @Test func `a removed report takes its attachments with it`() throws {
    let id = try temporary.addReport()
    try database.delete(id)
    #expect(try temporary.names("pending") == [])
    #expect(try temporary.names("attachments") == [])
    #expect(code { try database.delete(id) } == .notFound)
  }

  @Test func `names of attachments are made safe and unique`() throws {
    let report = try database.prepareReport()
    for name in ["a b/c.tar.gz", "a_b_c.tar.gz", "", "..", ".hidden", ".hidden", "plain", "plain"] {
      _ = try report.addAttachment(name: Array(name.utf8))
    }
    #expect(
      try temporary.names("attachments/\(report.id)") == [
        ".hidden", ".hidden-1", "__", "a_b_c-1.tar.gz", "a_b_c.tar.gz", "attachment", "plain", "plain-1",
      ])
  }

  @Test func `a pipe is not copied as an attachment`() throws {
    let report = try database.prepareReport()
    let directory = temporary.path.appending("pipe")
    let end = try ChildProcess.spawn("/usr/bin/mkfifo", arguments: ["mkfifo", directory]).wait()
    try #require(end == .exited(status: 0))
    #expect(throws: CrashDatabaseError.self) { try report.copyAttachment(from: directory) }
    #expect(try report.copyAttachment(from: "/proc/self/status") > 0)
  }

  private func code(_ body: () throws -> Void) -> CrashDatabaseError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? CrashDatabaseError)?.code
    }
  }
}
