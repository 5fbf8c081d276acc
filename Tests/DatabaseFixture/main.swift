// Provides a process that does one thing to a crash database, so that tests can kill it in the middle.
//
// Usage: DatabaseFixture DATABASE COMMAND [ID [TEXT]]
import CrashDatabase
import CLinuxShims
import LinuxSystem

func fail(_ message: String) -> Never {
  try? FileSystem.write(Array("\(message)\n".utf8), to: "/dev/stderr")
  exit(3)
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else { fail("DATABASE COMMAND are needed") }
let id = arguments.count > 3 ? UniqueID(arguments[3]) : nil
let text = arguments.count > 4 ? arguments[4] : "content"

func required() -> UniqueID {
  guard let id else { fail("an ID is needed") }
  return id
}

/// Tells the test that a state is reached, and waits until it closes our standard input.
func waitForTheTest() throws(Errno) {
  try OwnedFileDescriptor(owning: 1).writeAll(Array("ready\n".utf8))
  _ = try OwnedFileDescriptor(owning: 0).readToEnd(limit: 1)
}

do {
  if arguments[2] == "sweep" {
    let lines = try Sweep.of(arguments.count > 3 ? arguments[3] : "", in: FilePath(arguments[1]))
    try OwnedFileDescriptor(owning: 1).writeAll(Array((lines ?? []).map { $0 + "\n" }.joined().utf8))
    exit(lines == nil ? 3 : 0)
  }
  let database = try CrashDatabase(path: FilePath(arguments[1]))
  switch arguments[2] {
  case "report":
    let report = try database.prepareReport(id: id)
    try report.file.writeAll(Array("\0\0\0\0\(text)".utf8), at: 0)
    try FaultPoint.reached("fixture.partial")
    let attachment = try report.addAttachment(name: Array("log.txt".utf8))
    try attachment.writeAll(Array("log".utf8))
    try report.file.writeAll(Array("MDMP".utf8), at: 0)
    try FaultPoint.reached("fixture.written")
    try database.finish(report)
  case "write":
    let report = try database.prepareReport(id: id)
    try report.file.writeAll(Array("MDMP".utf8), at: 0)
    try waitForTheTest()
    try database.finish(report)
  case "upload":
    let report = try database.reportForUploading(required())
    try FaultPoint.reached("fixture.sent")
    try database.recordUploadComplete(report, remoteID: Array(text.utf8))
  case "hold":
    let report = try database.reportForUploading(required())
    try waitForTheTest()
    try database.recordUploadComplete(report, remoteID: Array(text.utf8))
  case "fail": try database.recordFailedAttempt(try database.reportForUploading(required()))
  case "skip": try database.skip(required(), reason: .uploadsDisabled)
  case "request": try database.requestUpload(required())
  case "delete": try database.delete(required())
  case "drain":
    // Sends everything that it can get, and says what it has sent.
    var taken = 0
    for report in try database.pendingReports() {
      guard let upload = try? database.reportForUploading(report.id) else { continue }
      taken += 1
      if taken == 5 { try FaultPoint.reached("fixture.drain.taken.5") }
      try OwnedFileDescriptor(owning: dup(1)).writeAll(Array("\(report.id)\n".utf8))
      try database.recordUploadComplete(upload, remoteID: Array("sent".utf8))
    }
  case "enable": try database.settings.setUploadsEnabled(true)
  case "run":
    let run = try RunDirectory(creatingIn: FilePath(arguments[1]))
    try FileSystem.write(Array("event".utf8), to: run.path.appending("__sentry-event"))
    try waitForTheTest()
    run.remove()
  case let command: fail("unknown command \(command)")
  }
} catch {
  fail("\(error)")
}
