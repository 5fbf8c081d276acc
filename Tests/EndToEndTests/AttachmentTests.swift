// Provides what becomes of files that a program adds to its reports while it runs.
import CLinuxShims
import CrashDatabase
import CrashProtocol
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `Attachments of a crash` {
  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `are read when the program dies, and are those that were added and not removed`(handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "attachments")
    defer { folder.remove() }
    for name in ["option.log", "added.log", "removed.log"] {
      try FileSystem.write(Array(name.utf8), to: folder.appending(name))
    }
    let database = folder.appending("database")
    let victim = try RunningProcess.run(
      TestProducts.folder.appending("CrashVictim"),
      [
        "handler=\(handler)", "database=\(database)", "attachment=\(folder.appending("option.log"))",
        "attachment=\(folder.appending("absent.log"))", "start", "add=\(folder.appending("added.log"))",
        "add=\(folder.appending("removed.log"))", "remove=\(folder.appending("removed.log"))",
        "write=\(folder.appending("written.log"))", "add=\(folder.appending("written.log"))", "die=segv",
      ], environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(victim.termination.signal == 11, "\(victim.output) \(victim.errorOutput)")

    let report = try #require(try CrashDatabase(path: database, create: false).pendingReports().first)
    let attachments = database.appending("attachments").appending(report.id.description)
    let names = try FileSystem.entries(of: attachments).map { String(decoding: $0, as: UTF8.self) }.sorted()
    #expect(names == ["added.log", "option.log", "written.log"])
    #expect(try FileSystem.read(attachments.appending("added.log")) == Array("added.log".utf8))
    #expect(try FileSystem.read(attachments.appending("written.log")) == Array("written".utf8))
  }

  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `are the owner's choice, not that of any process with the socket`(handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "attachments")
    defer { folder.remove() }
    let log = folder.appending("log")
    let run = try HandlerRun(
      handler, database: folder.appending("database"), url: nil, arguments: ["--log-file=\(log)"])
    defer { run.end() }
    // A child that has inherited the socket is another process than the one that made it. It only makes a system call:
    // other threads of the test, and the locks that they held, do not exist in it.
    let message = try ClientMessage.addAttachment(path: Array("/etc/passwd".utf8)).encoded(in: .sentry)
    let socket = run.clientDescriptor
    let child = try message.withUnsafeBytes { buffer in
      let base = try #require(buffer.baseAddress)
      return try ChildProcess.fork { linux_send_packet(socket, base, buffer.count) == buffer.count ? 0 : 1 }
    }
    #expect(try child.wait() == .exited(status: 0))
    #expect(try run.finish() == .exited(status: 0))
    let text = String(decoding: try FileSystem.read(log), as: UTF8.self)
    #expect(text.contains("process \(child.processID) is not the owner of this handler"))
  }
}
