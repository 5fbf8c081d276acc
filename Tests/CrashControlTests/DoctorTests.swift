// Tests `crashctl doctor` with what works and what does not.
import CLinuxShims
import CrashDatabase
import Foundation
import LinuxSystem
import SentryNativeTesting
import Testing

/// What the doctor said, by the name of the check.
private struct Findings {
  let status: ProcessTermination
  let checks: [String: [String: Any]]

  init(_ arguments: [String], environment: [String: String?] = [:]) throws {
    let result = try crashctl(["doctor", "--json"] + arguments, environment: environment)
    status = result.termination
    checks = try Dictionary(
      result.objects().map { ($0["check"] as? String ?? "", $0) }, uniquingKeysWith: { first, _ in first })
  }

  func isOK(_ name: String) -> Bool? { checks[name]?["ok"] as? Bool }
  func detail(_ name: String) -> String { checks[name]?["detail"] as? String ?? "" }
  func remedy(_ name: String) -> String { checks[name]?["remedy"] as? String ?? "" }
}

@Suite(.timeLimit(.minutes(10))) struct `crashctl doctor` {
  /// A script in place of a handler.
  private func script(_ lines: String, in folder: TemporaryDirectory, mode: UInt32 = 0o755) throws -> FilePath {
    let path = folder.appending("crashpad_handler")
    try ProgramFile.write(Array("#!/bin/sh\n\(lines)\n".utf8), to: path, mode: mode)
    _ = path.withCString { chmod($0, mode_t(mode)) }
    return path
  }

  @Test func `what works here is found to work, by trial`() throws {
    let found = try Findings([])
    #expect(found.status == .exited(status: 0))
    for name in ["handler", "handler_starts", "walker", "libcurl", "zlib", "libunwind", "libelf", "ptrace", "memory"] {
      #expect(found.isOK(name) == true, "\(name): \(found.detail(name))")
    }
    #expect(found.detail("handler_starts").contains("it is ours"))
    #expect(found.detail("memory").contains("process_vm_readv"))
    #expect(found.checks["core_pattern"] != nil && found.checks["swift_backtracer"] != nil)
    #expect(found.checks["server"] == nil && found.checks["database"] == nil)
  }

  @Test func `nothing is left behind`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let process = try RunningProcess(
      try productsDirectory().appending("crashctl"), ["doctor"], environment: ["TMPDIR": "\(folder.path)"])
    defer { process.end() }
    #expect(try process.wait() == .exited(status: 0))
    #expect(process.output.contains("Crashes are reported from here."))
    #expect(process.livingFamily() == [])
    #expect(try FileSystem.entries(of: folder.path) == [])
  }

  @Test func `a handler that is missing or cannot be executed is named with the remedy`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let missing = try Findings(["--handler", "\(folder.path)/none"])
    #expect(missing.status == .exited(status: 1) && missing.isOK("handler") == false)
    #expect(missing.remedy("handler").contains("swift build --product crashpad_handler"))
    let plain = try script("exit 0", in: folder, mode: 0o644)
    #expect(try Findings(["--handler", "\(plain)"]).remedy("handler").contains("chmod +x"))
    #expect(try Findings(["--handler", "\(folder.path)"]).detail("handler").contains("is no file"))
  }

  @Test func `a handler that does not answer is told from one that does`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let ends = try script("echo 'libfoo.so.1: cannot open shared object file' >&2; exit 127", in: folder)
    let found = try Findings(["--handler", "\(ends)"])
    #expect(found.status == .exited(status: 1) && found.isOK("handler") == true)
    #expect(found.isOK("handler_starts") == false)
    #expect(found.detail("handler_starts").contains("status 127 before it answered: libfoo.so.1"))
    #expect(found.remedy("handler_starts").contains("shared libraries"))
    #expect(found.isOK("walker") == false && found.remedy("walker").contains("beside the handler"))
    let dies = try Findings(["--handler", "\(try script("kill -ILL $$", in: folder))"])
    #expect(dies.detail("handler_starts").contains("it died of signal 4"))
  }

  @Test(.enabled(if: FileSystem.isExecutable("/usr/lib/chromium/chrome_crashpad_handler")))
  func `Chromium's handler answers in its own dialect`() throws {
    let found = try Findings(["--handler", "/usr/lib/chromium/chrome_crashpad_handler"])
    #expect(found.isOK("handler_starts") == true && found.detail("handler_starts").contains("a foreign handler"))
    #expect(found.remedy("handler_starts").contains("Chromium's dialect"))
  }

  @Test func `a server is really asked, and no event comes of it`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let reached = try Findings(["--dsn", server.dsn])
    #expect(reached.status == .exited(status: 0) && reached.isOK("dsn") == true && reached.isOK("server") == true)
    let request = try server.nextRequest()
    #expect(request.endpoint == .envelope && request.body == Array("{}\n".utf8))
    #expect(request.header("x-sentry-auth")?.contains(server.publicKey) == true)

    server.answer(.response(status: 403, headers: ["X-Sentry-Error": "bad key"]))
    let refused = try Findings([], environment: ["SENTRY_DSN": server.dsn])
    #expect(refused.status == .exited(status: 1) && refused.isOK("server") == false)
    #expect(refused.detail("server").contains("403: bad key") && refused.remedy("server").contains("DSN"))
  }

  @Test func `a DSN that is none and a server that is not there are told`() throws {
    let invalid = try Findings(["--dsn", "https://example.org/1"])
    #expect(invalid.status == .exited(status: 1) && invalid.isOK("dsn") == false && invalid.checks["server"] == nil)
    #expect(invalid.detail("dsn").contains("public key"))
    let port = try ClosedPort()
    let absent = try Findings(["--dsn", "http://key@127.0.0.1:\(port.port)/1"])
    #expect(absent.status == .exited(status: 1) && absent.isOK("server") == false)
    #expect(absent.remedy("server").contains("127.0.0.1:\(port.port)"))
  }

  @Test func `a database tells its settings and what waits, and is not made`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let path = folder.appending("db")
    let future = try Findings(["--database", "\(path)"])
    #expect(future.isOK("database") == true && future.detail("database").contains("does not exist yet"))
    #expect(future.isOK("database_space") == true && !FileSystem.exists(path))

    let database = try CrashDatabase(path: path)
    let id = try database.finish(try database.prepareReport())
    try database.settings.setUploadsEnabled(false)
    let disabled = try Findings(["--database", "\(path)"])
    #expect(disabled.status == .exited(status: 0) && disabled.isOK("uploads") == false)
    #expect(disabled.remedy("uploads").contains("settings --uploads on"))
    #expect(disabled.isOK("pending_reports") == true && disabled.detail("pending_reports").hasPrefix("1 reports"))

    try database.settings.setUploadsEnabled(true)
    try database.recordFailedAttempt(try database.reportForUploading(id))
    let failing = try Findings(["--database", "\(path)"])
    #expect(failing.isOK("uploads") == true && failing.isOK("pending_reports") == false)
    let file = folder.appending("file")
    try FileSystem.write([], to: file)
    #expect(try Findings(["--database", "\(file)"]).isOK("database") == false)
  }

  @Test(.enabled(if: geteuid() == 0))
  func `a folder that may not be written is told to the user who may not`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let programs = try productsDirectory()
    _ = folder.path.withCString { chmod($0, 0o755) }
    let result = try RunningProcess.run(
      "/usr/bin/setpriv",
      ["--reuid", "65534", "--clear-groups", "--inh-caps=-all", "\(programs.appending("crashctl"))", "doctor"]
        + ["--database", "\(folder.path)"])
    #expect(result.termination == .exited(status: 1))
    #expect(result.output.contains("cannot be written") && result.output.contains("NO"))
    // Without any capability one child still traces the other, which allows it.
    #expect(result.output.contains("ptrace: a process can stop another that allows it"))
  }

  @Test func `limits under which no report can be whole are named with the remedy`() throws {
    let found = try RunningProcess.run(
      "/bin/bash",
      [
        "-c", "ulimit -f 64; trap '' XFSZ; exec \"$@\"", "sh", "\(try productsDirectory().appending("crashctl"))",
        "doctor",
      ])
    #expect(found.termination == .exited(status: 1))
    #expect(found.output.contains("file_size") && found.output.contains("ulimit -f unlimited"), "\(found.output)")
    let here = try Findings([])
    for name in ["proc", "descriptors", "file_size", "address_space", "processes"] {
      #expect(here.checks[name] != nil, "\(name)")
    }
  }

  @Test func `certificates that are not there are told, where nothing names a file`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let file = folder.appending("mine.pem")
    try FileSystem.write([], to: file)
    #expect(try Findings([], environment: ["SSL_CERT_FILE": "\(file)"]).detail("certificates") == "\(file)")
  }

  @Test(arguments: [["x"], ["--dsn"], ["--yaml"]])
  func `misuse is status 2`(arguments: [String]) throws {
    let result = try crashctl(["doctor"] + arguments)
    #expect(result.termination == .exited(status: 2) && result.errorOutput.contains("crashctl doctor --help"))
  }
}
