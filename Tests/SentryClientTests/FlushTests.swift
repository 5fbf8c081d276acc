import CrashDatabase
import LinuxSystem
import Testing

@testable import SentryClient

@Suite struct `Who waits for reports` {
  /// `flush` said that something was left while the report was just being put away: its metadata says that it was sent,
  /// and counts the attempt, before it moves to `completed`.
  @Test func `does not take one for failed that has been sent and is about to move`() throws {
    let folder = try TemporaryFolder()
    let database = try CrashDatabase(path: folder.database)
    let report = try database.prepareReport()
    try report.file.writeAll(Array("MDMP".utf8), at: 0)
    let id = try database.finish(report)
    let attempts = SentryClient.Attempts(database)
    #expect(!attempts.hasFailed(id, since: 100))

    var metadata = try #require(database.glance(id))
    metadata.uploadAttempts = 1
    metadata.lastUploadAttempt = 100
    let file = folder.database.appending("pending/\(id).meta")
    try FileSystem.write(metadata.bytes, to: file)
    #expect(attempts.hasFailed(id, since: 100))
    #expect(!attempts.hasFailed(id, since: 101))
    metadata.isUploaded = true
    try FileSystem.write(metadata.bytes, to: file)
    #expect(!attempts.hasFailed(id, since: 100))
  }
}
