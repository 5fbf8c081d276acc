// Provides tests in which handlers that are not ours ask our broker for what they may not see themselves.
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A foreign handler that may not trace our client` {
  /// Both handlers want the registers of a thread in a size of their own.
  @Test(arguments: ["brokering", "brokering-for-sentry"])
  func `has a broker forked, and makes its dump through it`(_ client: String) throws {
    let handler = try client == "brokering" ? Peers.chromiumHandler() : Peers.sentryHandler()
    let run = try PrivateRun(
      handler, client: client, options: ["--no-rate-limit", "--no-upload-gzip"],
      handlerUnder: [TestProducts.folder.appending("Confine").description, "--user", "65534"])
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    #expect(run.victim.output.contains("conversation 0"), "\(run.story)")
    let dumps = run.dumps()
    try #require(dumps.count == 1, "\(run.story)")
    let shown = try ShownDump(dumps[0])
    #expect(shown.exception?.code.value == 11)
    #expect(shown.exception?.address.value == 16)
    #expect(shown.threads.count >= 2)
    #expect(shown.threads.allSatisfy { $0.registers?["rip"]?.value ?? 0 > 4096 })
    #expect(shown.modules.contains { $0.name.contains("libc.so") })
  }
}
