// Provides crashes of programs that are their own handlers.
import CLinuxShims
import LinuxSystem
import SentryNativeTesting
import StructuredValue
import Testing
import ZooRuns

@Suite struct `A program that is its own handler` {
  private let fixture = TestProducts.folder.appending("SelfHandlerFixture")

  /// The program alone in a folder, as it is shipped.
  private func alone() throws -> (TemporaryDirectory, FilePath) {
    let folder = try TemporaryDirectory(prefix: "alone")
    let program = folder.appending("program")
    try ProgramFile.copy(fixture, to: program)
    return (folder, program)
  }

  @Test(.timeLimit(.minutes(10)))
  func `reports its crash with names in the stack, and its main runs once`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let (folder, program) = try alone()
    defer { folder.remove() }
    let process = try RunningProcess(
      program, [folder.appending("database").description, server.dsn],
      environment: ["SWIFT_BACKTRACE": "enable=no"])
    defer { process.end() }
    #expect(try process.wait().signal == 4)
    // The session of the run goes its own way.
    let request = try waitFor("the report", timeout: .seconds(60)) {
      server.requests.first { $0.endpoint == .minidump }
    }
    #expect(process.output.split(separator: "\n").filter { $0.hasPrefix("main of") }.count == 1, "\(process.output)")
    #expect(process.output.contains("issues: []"), "\(process.output)")
    let form = try #require(request.form)
    #expect(form.file("upload_file_minidump")?.content.prefix(4) == Array("MDMP".utf8)[...])
    let event = try StructuredValue(messagePack: try #require(form.file("__sentry-event")).content)
    #expect(event["tags"]?["is-own-handler"] == "yes")
    let exception = event["exception"]?["values"]?[0]
    #expect(exception?["value"]?.string?.contains("died without anything beside it") == true)
    let frames = exception?["stacktrace"]?["frames"]?.array ?? []
    #expect(frames.contains { $0["function"]?.string?.contains("main") == true }, "\(frames)")
    try waitUntil("its handler ends", timeout: .seconds(60)) { process.livingFamily().isEmpty }
  }

  @Test(.timeLimit(.minutes(10)))
  func `needs no file any more once it runs`() throws {
    let (folder, program) = try alone()
    defer { folder.remove() }
    let link = folder.appending("gone")
    try FileSystem.rename(program, to: link)
    // The shell removes the file while its descriptor leads to it: what the program finds is `(deleted)`.
    let process = try RunningProcess(
      "/bin/sh",
      [
        "-c", "exec 9<\"$1\"; rm \"$1\"; shift; exec /proc/self/fd/9 \"$@\"", "sh", link.description,
        folder.appending("database").description, "",
      ], environment: ["SWIFT_BACKTRACE": "enable=no"])
    defer { process.end() }
    #expect(try process.wait().signal == 4, "\(process.output) \(process.errorOutput)")
    let pending = folder.appending("database/pending")
    try waitUntil("the report is there") {
      ((try? FileSystem.entries(of: pending)) ?? []).contains { $0.suffix(4).elementsEqual(".dmp".utf8) }
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `is told how, when it does not link the handler`() throws {
    let database = try TemporaryDirectory(prefix: "unlinked")
    defer { database.remove() }
    let result = try RunningProcess.run(
      TestProducts.folder.appending("SDKFixture"),
      ["", database.path.description, "", "self-handler", "start", "issue-texts"],
      environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(result.output.contains("does not link SentrySelfHandler"), "\(result.output) \(result.errorOutput)")
  }

  @Test(.timeLimit(.minutes(10)))
  func `runs as ever when a variable of its environment has another value`() throws {
    let (folder, program) = try alone()
    defer { folder.remove() }
    let result = try RunningProcess.run(
      program, [folder.appending("database").description, ""],
      environment: ["SWIFT_BACKTRACE": "enable=no", "SENTRY_NATIVE_ROLE": "something"])
    #expect(result.output.hasPrefix("main of"))
  }
}
