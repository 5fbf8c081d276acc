// Provides tests of a database to which somebody writes who means no good.
import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import StructuredValue
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A database to which somebody else writes` {
  private static let secret = "a secret of another program"

  /// What lies in the place of a file.
  enum Trap: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case link = "a symbolic link", pipe = "a pipe", folder = "a folder", loop = "a link to itself"
    case other = "a second name of another file", device = "an endless device"

    var testDescription: String { rawValue }

    func put(at path: FilePath, secret: FilePath) throws {
      let command =
        switch self {
        case .link: ["ln", "-sfn", secret.description, path.description]
        case .pipe: ["mkfifo", path.description]
        case .folder: ["mkdir", path.description]
        case .loop: ["ln", "-sfn", path.lastComponentText, path.description]
        case .other: ["ln", secret.description, path.description]
        case .device: ["ln", "-sfn", "/dev/zero", path.description]
        }
      let made = try RunningProcess.run(
        "/bin/sh", ["-c", "rm -rf \"$1\"; shift; exec \"$@\"", "sh", path.description] + command)
      try #require(made.succeeded, "\(made.errorOutput)")
    }
  }

  /// Files of the database, by what they are; `ID` is a report's.
  private static let places = [
    "pending/ID.dmp", "pending/ID.meta", "pending/ID.lock", "attachments/ID", "attachments/ID/log.txt",
    "attachments/ID/__sentry-event", "settings.dat", "rate_limits", "discarded_events", "new/ID.dmp",
    "completed/ID.dmp",
    "metadata", "user-consent",
  ]

  struct Case: CustomTestStringConvertible, Sendable {
    let handler: FilePath
    let trap: Trap
    var testDescription: String { "\(trap.rawValue), \(handler)" }
    static let all = TestProducts.handlers.flatMap { handler in Trap.allCases.map { Case(handler: handler, trap: $0) } }
  }

  /// Everything that is not the database stays as it is, nothing of it is sent, and a report beside it is delivered.
  @Test(arguments: Case.all)
  func `gives nothing away, destroys nothing, and delivers what is good`(_ trapCase: Case) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let folder = try TemporaryDirectory(prefix: "hostile-folder")
    defer { folder.remove() }
    let secret = folder.appending("secret")
    let event: StructuredValue = ["event_id": "ffffffffffffffffffffffffffffffff"]
    for place in Self.places {
      let uploading = try UploadingHandler(trapCase.handler)
      defer { uploading.remove() }
      try? FileSystem.remove(secret)
      try FileSystem.write(Array(Self.secret.utf8), to: secret)
      let bad = try uploading.store(attachments: ["log.txt": [1], "__sentry-event": event.messagePack])
      let good = try uploading.store(attachments: ["good.txt": Array("good".utf8)])
      try trapCase.trap.put(
        at: uploading.database.path.appending(place.replacing("ID", with: bad.description)), secret: secret)

      let run = try uploading.start(server.minidumpURL)
      defer { run.process.end() }
      // Without its settings nobody has consented.
      if place != "settings.dat" {
        try waitUntil("\(place): the good report is delivered", timeout: .seconds(40)) {
          server.requests.contains { $0.isComplete && $0.form?.file("upload_file_minidump")?.filename == "\(good).dmp" }
        }
      }
      try run.leave()
      #expect(try FileSystem.read(secret) == Array(Self.secret.utf8), "\(place)")
    }
    // A second name of a file is that file: whoever could give it could read it.
    if trapCase.trap != .other {
      for request in server.requests { #expect(request.body.firstRange(of: Array(Self.secret.utf8)) == nil) }
    }
  }

  @Test(arguments: TestProducts.handlers, Trap.allCases)
  func `has room for a crash all the same, and the program dies in time`(_ handler: FilePath, _ trap: Trap) throws {
    let folder = try TemporaryDirectory(prefix: "hostile-folder")
    defer { folder.remove() }
    let secret = folder.appending("secret")
    for place in ["settings.dat", "rate_limits", "installation_id", "user-consent", "discarded_events", "last_crash"] {
      try? FileSystem.remove(secret)
      try FileSystem.write(Array(Self.secret.utf8), to: secret)
      let database = try CrashDatabase(path: folder.appending("database-\(place)"))
      try trap.put(at: database.path.appending(place), secret: secret)
      let run = try RunningProcess(
        TestProducts.zoo,
        ["--flavor", "null-write", "--handler", handler.description, "--database", database.path.description],
        environment: ["SWIFT_BACKTRACE": "enable=no"])
      defer { run.end() }
      #expect(try run.wait(timeout: .seconds(60)).signal == 11, "\(place): \(run.errorOutput)")
      try waitUntil("\(place): the handler ends", timeout: .seconds(60)) { run.livingFamily().isEmpty }
      #expect(try pendingDumps(database.path).count == 1, "\(place): \(run.errorOutput)")
      // The marker of the last crash is a file that the program itself writes.
      if place != "last_crash" { #expect(try FileSystem.read(secret) == Array(Self.secret.utf8), "\(place)") }
    }
  }

  /// Files change into links and back while handlers work on them.
  @Test(arguments: TestProducts.handlers)
  func `changes under the handler's hands, and nothing of others is sent or written`(_ handler: FilePath) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let folder = try TemporaryDirectory(prefix: "hostile-folder")
    defer { folder.remove() }
    let secret = folder.appending("secret")
    try FileSystem.write(Array(Self.secret.utf8), to: secret)
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    for _ in 0..<12 { try uploading.store(attachments: ["log.txt": [1, 2, 3]]) }
    let racer = try RunningProcess(
      "/bin/sh",
      [
        "-c",
        """
        cd "$1"; while :; do
          for file in pending/*.dmp pending/*.meta attachments/*/log.txt; do
            [ -f "$file" ] && mv "$file" "$2" 2>/dev/null && ln -s "$3" "$file" && mv -f "$2" "$file"
          done
        done
        """, "sh", uploading.database.path.description, folder.appending("kept").description, secret.description,
      ])
    defer { racer.end() }
    for _ in 0..<3 {
      let run = try uploading.start(server.minidumpURL)
      defer { run.process.end() }
      try waitUntil("the handler has tried", timeout: .seconds(40)) { server.requests.count > 0 }
      try run.leave()
    }
    racer.end()
    for request in server.requests { #expect(request.body.firstRange(of: Array(Self.secret.utf8)) == nil) }
    #expect(try FileSystem.read(secret) == Array(Self.secret.utf8))
  }

  @Test(arguments: TestProducts.handlers)
  func `is the owner's alone: folders 0700, files 0600, whatever the umask`(_ handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "modes")
    defer { folder.remove() }
    let database = folder.appending("database")
    let run = try RunningProcess(
      "/bin/sh",
      [
        "-c", "umask 0; exec \"$@\"", "sh", TestProducts.zoo.description, "--flavor", "null-write", "--handler",
        handler.description, "--database", database.description, "--dsn", "http://key@127.0.0.1:9/1",
      ], environment: ["SWIFT_BACKTRACE": "enable=no"])
    defer { run.end() }
    #expect(try run.wait(timeout: .seconds(60)).signal == 11)
    try waitUntil("the handler ends", timeout: .seconds(100)) { run.livingFamily().isEmpty }
    var seen = 0
    func check(_ path: FilePath) throws {
      let status = try FileSystem.status(path, followLinks: false)
      seen += 1
      #expect(status.permissions == (status.kind == .directory ? 0o700 : 0o600), "\(path)")
      guard status.kind == .directory else { return }
      for name in try FileSystem.entries(of: path) { try check(path.appending(bytes: name)) }
    }
    try check(database)
    #expect(seen > 8)
  }
}

extension FilePath {
  fileprivate var lastComponentText: String { String(decoding: lastComponent, as: UTF8.self) }
}
