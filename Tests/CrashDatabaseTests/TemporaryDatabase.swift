// Provides a database in a folder of its own, and processes that work on it.
import CrashDatabase
import LinuxSystem
import Testing

/// A database that is removed with the test.
final class TemporaryDatabase {
  let path: FilePath
  let database: CrashDatabase

  init() throws {
    path = FileSystem.temporaryDirectory.appending("sentry-native-\(UniqueID.random())")
    database = try CrashDatabase(path: path)
  }

  deinit { try? FileSystem.removeTree(path) }

  /// A finished report of this process.
  @discardableResult
  func addReport(id: UniqueID? = nil, text: String = "content") throws -> UniqueID {
    let report = try database.prepareReport(id: id)
    try report.file.writeAll(Array("MDMP\(text)".utf8), at: 0)
    try report.addAttachment(name: Array("log.txt".utf8)).writeAll(Array("log".utf8))
    return try database.finish(report)
  }

  func upload(_ id: UniqueID, remoteID: String = "remote") throws {
    try database.recordUploadComplete(try database.reportForUploading(id), remoteID: Array(remoteID.utf8))
  }

  func exists(_ name: String) -> Bool { FileSystem.exists(path.appending(name)) }

  /// Names in one of the database's folders, sorted.
  func names(_ folder: String) throws -> [String] {
    try FileSystem.entries(of: path.appending(folder)).map { String(decoding: $0, as: UTF8.self) }.sorted()
  }

  /// Starts a process on this database.
  func start(
    _ command: [String], fault: String? = nil, input: ChildProcess.StandardStream = .null,
    output: ChildProcess.StandardStream = .inherited
  ) throws -> ChildProcess {
    let fixture = try FileSystem.executable().directory.appending("DatabaseFixture")
    var environment = EnvironmentVariable.all()
    if let fault { environment.append(FilePath("SENTRY_NATIVE_FAULT=\(fault)")) }
    let arguments = [FilePath("DatabaseFixture"), path] + command.map { FilePath($0) }
    return try ChildProcess.spawn(
      fixture, arguments: arguments, environment: environment, input: input, output: output)
  }

  /// Runs a process on this database until it ends, by the fault where one is given.
  func run(_ command: [String], fault: String? = nil) throws {
    let end = try start(command, fault: fault.map { "\($0):kill" }).wait()
    try #require(end == (fault == nil ? .exited(status: 0) : .signaled(signal: 9, coreDumped: false)))
  }
}
