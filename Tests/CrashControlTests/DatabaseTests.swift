// Tests `crashctl db` on real databases.
import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `crashctl db` {
  /// A database with one report that waits, with an attachment.
  private func database(in folder: TemporaryDirectory) throws -> (CrashDatabase, UniqueID) {
    let database = try CrashDatabase(path: folder.appending("db"))
    let report = try database.prepareReport()
    try report.file.writeAll(Array("MDMP and more".utf8))
    try report.addAttachment(name: Array("notes.txt".utf8)).writeAll(Array("12345".utf8))
    return (database, try database.finish(report))
  }

  @Test func `a list tells each report's state, and disturbs nobody`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let (database, id) = try database(in: folder)
    let sent = try database.finish(try database.prepareReport())
    try database.recordUploadComplete(try database.reportForUploading(sent), remoteID: Array("remote".utf8))
    // Somebody works on it.
    let held = try database.reportForUploading(id)
    let writing = try database.prepareReport()

    let list = try crashctl(["db", "\(database.path)", "list", "--json"])
    #expect(list.succeeded, "\(list.errorOutput)")
    let reports = try list.objects()
    #expect(reports.count == 3)
    let waiting = try #require(reports.first { $0["id"] as? String == "\(id)" })
    #expect(waiting["state"] as? String == "pending" && waiting["uploaded"] as? Bool == false)
    #expect(waiting["attempts"] as? Int == 0 && waiting["bytes"] as? Int == 18)
    #expect(waiting["attachments"] as? [String] == ["notes.txt"])
    let created = try #require(waiting["created"] as? Int64)
    #expect(abs(created - Timestamp.now().seconds) < 60)
    let done = try #require(reports.first { $0["id"] as? String == "\(sent)" })
    #expect(done["state"] as? String == "completed" && done["uploaded"] as? Bool == true)
    #expect(done["remote_id"] as? String == "remote" && done["attempts"] as? Int == 1)
    #expect(reports.contains { $0["id"] as? String == "\(writing.id)" && $0["state"] as? String == "new" })

    let text = try crashctl(["db", "\(database.path)", "list"]).output
    #expect(text.contains("\(id)  pending*") && text.contains("remote"))
    database.release(held)
  }

  @Test func `a report is shown by the beginning of its identifier`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let (database, id) = try database(in: folder)
    let prefix = String("\(id)".prefix(13)).uppercased()
    let shown = try crashctl(["db", "\(database.path)", "show", prefix, "--json"]).object()
    #expect(shown["id"] as? String == "\(id)" && shown["dump_bytes"] as? Int == 13)
    #expect(shown["dump"] as? String == "\(database.path)/pending/\(id).dmp")
    #expect(try crashctl(["db", "\(database.path)", "show", "\(id)"]).output.contains("notes.txt, 5 bytes"))
    let missing = try crashctl(["db", "\(database.path)", "show", "\(UniqueID.random())"])
    #expect(missing.termination == .exited(status: 1) && missing.errorOutput.contains("there is no report"))
  }

  @Test func `an upload on request brings back a report that was given up`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let (database, id) = try database(in: folder)
    try database.skip(id, reason: .uploadsDisabled)
    let result = try crashctl(["db", "\(database.path)", "upload", "\(id)"])
    #expect(result.succeeded && result.output.contains("the next handler"))
    let report = try database.lookUp(id)
    #expect(report.state == .pending && report.metadata.isUploadExplicitlyRequested)
    try database.recordUploadComplete(try database.reportForUploading(id), remoteID: [])
    let again = try crashctl(["db", "\(database.path)", "upload", "\(id)"])
    #expect(again.termination == .exited(status: 1) && again.errorOutput.contains("uploaded already"))
  }

  @Test func `the next handler sends what was asked for, though uploads are off`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let (database, id) = try database(in: folder)
    try database.settings.setUploadsEnabled(false)
    #expect(try crashctl(["db", "\(database.path)", "upload", "\(id)"]).succeeded)
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
    let client = OwnedFileDescriptor(owning: ends[0])
    let other = OwnedFileDescriptor(owning: ends[1])
    let handler = try RunningProcess(
      try productsDirectory().appending("crashpad_handler"),
      [
        "--database=\(database.path)", "--url=\(server.minidumpURL)", "--initial-client-fd=\(other.rawValue)",
        "--http-proxy=<empty>",
      ], keeping: [other.rawValue])
    defer { handler.end() }
    _ = consume other
    let request = try server.nextRequest()
    #expect(request.minidump == Array("MDMP and more".utf8))
    #expect(request.form?.file("notes.txt")?.text == "12345")
    _ = consume client
    #expect(try handler.wait() == .exited(status: 0))
    let list = try crashctl(["db", "\(database.path)", "list", "--json"]).objects()
    #expect(list.first?["state"] as? String == "completed" && list.first?["uploaded"] as? Bool == true)
  }

  @Test func `settings are shown and changed`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let (database, _) = try database(in: folder)
    let path = "\(database.path)"
    let before = try crashctl(["db", path, "settings", "--json"]).object()
    #expect(before["uploads_enabled"] as? Bool == false)
    #expect(before["client_id"] as? String == "\(try database.settings.clientID())")
    #expect(try crashctl(["db", path, "settings", "--uploads", "on"]).output.contains("on"))
    #expect(try database.settings.uploadsEnabled())
    #expect(try crashctl(["db", path, "settings", "--uploads=off", "--json"]).succeeded)
    #expect(try database.settings.uploadsEnabled() == false)
  }

  @Test func `pruning keeps the limits, cleaning removes what nobody will finish`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let (database, _) = try database(in: folder)
    for _ in 0..<3 { try database.finish(try database.prepareReport()) }
    let path = "\(database.path)"
    #expect(try crashctl(["db", path, "prune", "--json"]).object()["removed"] as? Int == 0)
    #expect(try crashctl(["db", path, "prune", "--max-count", "1", "--json"]).object()["removed"] as? Int == 3)
    try FileSystem.write([], to: database.path.appending("new/leftover.dmp"))
    #expect(try crashctl(["db", path, "clean", "--json"]).object()["removed_files"] as? Int == 0)
    #expect(try crashctl(["db", path, "clean", "--ttl", "0", "--json"]).object()["removed_files"] as? Int == 1)
    #expect(try FileSystem.entries(of: database.path.appending("new")) == [])
  }

  @Test func `a folder that is no database stays as it is`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    for path in [folder.path, folder.appending("none")] {
      let result = try crashctl(["db", "\(path)", "list"])
      #expect(result.termination == .exited(status: 1) && result.errorOutput.contains("is no crash report database"))
    }
    #expect(try FileSystem.entries(of: folder.path) == [])
  }

  @Test(arguments: [
    [], ["x"], ["x", "burn"], ["x", "show"], ["x", "list", "y"], ["x", "prune", "--max-age", "-1"],
    ["x", "settings", "--uploads", "maybe"], ["x", "list", "--max-age"], ["x", "list", "--yaml"],
  ])
  func `misuse is status 2`(arguments: [String]) throws {
    let result = try crashctl(["db"] + arguments)
    #expect(result.termination == .exited(status: 2))
    #expect(result.errorOutput.contains("crashctl db --help") && result.output.isEmpty)
  }

  @Test func `help is status 0`() throws {
    let help = try crashctl(["db", "--help"])
    #expect(help.succeeded && help.output.hasPrefix("Usage: crashctl db DIR"))
  }
}
