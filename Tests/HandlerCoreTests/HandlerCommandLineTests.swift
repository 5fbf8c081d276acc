import CrashClient
import CrashDatabase
import HandlerCore
import LinuxSystem
import Testing
import Uploader

@Suite struct `The handler's command line` {
  private func parse(_ arguments: String...) -> HandlerCommand {
    HandlerCommandLine.parse([FilePath("/usr/bin/crashpad_handler")] + arguments.map { FilePath($0) })
  }

  private func options(_ command: HandlerCommand) throws -> HandlerOptions {
    guard case .serve(let options) = command else { throw NotServing(command: "\(command)") }
    return options
  }
  private struct NotServing: Error { let command: String }

  private func printed(_ command: HandlerCommand) -> (String, Int32)? {
    guard case .print(let text, let status) = command else { return nil }
    return (text, status)
  }

  @Test func `Sentry's command line is read`() throws {
    let options = try options(
      parse(
        "--no-rate-limit", "--log-file=/run/log", "--log-level=-1", "--database=/db", "--metrics-dir=/db",
        "--url=http://h/api/1/minidump/?sentry_key=k", "--http-proxy=<empty>", "--attachment=/a", "--attachment=/b",
        "--report-id=00112233-4455-6677-8899-aabbccddeeff", "--initial-client-fd=5", "--shared-client-connection",
        "--wait-for-upload"))
    #expect(options.database == "/db")
    #expect(options.logFile == "/run/log")
    #expect(options.logLevel == .verbose)
    #expect(options.url == "http://h/api/1/minidump/?sentry_key=k")
    #expect(options.proxy == .none)
    #expect(options.attachments == ["/a", "/b"])
    #expect(options.reportID?.description == "00112233-4455-6677-8899-aabbccddeeff")
    #expect(options.initialClientDescriptor == 5)
    #expect(options.sharedClientConnection && options.waitForUpload && !options.rateLimit)
  }

  @Test func `Chromium's command line is read`() throws {
    let options = try options(
      parse(
        "--monitor-self", "--monitor-self-annotation=ptype=crashpad-handler", "--user-stream-region=4,65568",
        "--database=/db", "--annotation=lsb-release=Debian GNU/Linux 12 (bookworm)", "--annotation=prod=Chrome_Linux",
        "--initial-client-fd=7", "--shared-client-connection"))
    #expect(options.monitorSelf && options.sharedClientConnection)
    #expect(options.monitorSelfAnnotations == [Annotation(key: "ptype", value: "crashpad-handler")])
    #expect(options.userStreamRegion?.descriptor == 4)
    #expect(options.userStreamRegion?.size == 65568)
    #expect(options.annotations.first?.value == "Debian GNU/Linux 12 (bookworm)")
  }

  @Test(arguments: ["", "4", "4,", ",5", "4,5,6", "-1,5", "4,-5", "4,99999999999999999999", "x,5"])
  func `a region of shared memory is two numbers`(_ text: String) {
    let command = parse("--database=/d", "--initial-client-fd=3", "--user-stream-region=\(text)")
    #expect(printed(command)?.1 == 1)
    #expect(printed(command)?.0.contains("failed to parse --user-stream-region") == true)
  }

  @Test func `a value may stand behind its option or after an equals sign, and names may be shortened`() throws {
    let options = try options(parse("--data", "/db", "--initial-client=7", "--annotation=k=v=w", "--annotation", "e="))
    #expect(options.database == "/db")
    #expect(options.initialClientDescriptor == 7)
    #expect(options.annotations == [Annotation(key: "k", value: "v=w"), Annotation(key: "e", value: "")])
  }

  @Test func `a later value of an annotation wins`() throws {
    let options = try options(
      parse("--database=/d", "--initial-client-fd=3", "--annotation=k=1", "--annotation=k=2"))
    #expect(options.annotations == [Annotation(key: "k", value: "2")])
  }

  @Test(arguments: [("0x10", UInt64(16)), ("010", 8), ("10", 10), ("0xffffffffffffffff", UInt64.max)])
  func `addresses have C's number bases`(text: String, value: UInt64) throws {
    let options = try options(parse("--database=/d", "--trace-parent-with-exception=\(text)"))
    #expect(options.traceParentWithException == value)
  }

  @Test(arguments: [
    (["--database=/d"], "--trace-parent-with-exception or --initial-client-fd is required"),
    (["--initial-client-fd=3"], "--database is required"),
    (["--initial-client-fd=-1", "--database=/d"], "--trace-parent-with-exception or --initial-client-fd is required"),
    (
      ["--initial-client-fd=3", "--database=/d", "--sanitization-information=1"],
      "--sanitization_information requires --trace-parent-with-exception"
    ),
    (
      ["--trace-parent-with-exception=1", "--shared-client-connection", "--database=/d"],
      "--shared-client-connection requires --initial-client-fd"
    ),
    (["--unknown"], "unrecognized option '--unknown'"),
    (["--unknown=1"], "unrecognized option '--unknown=1'"),
    (["-x"], "invalid option -- 'x'"),
    (["--initial-client-fd=3x"], "failed to parse --initial-client-fd"),
    (
      ["--monitor-self-a=b=c"],
      "option '--monitor-self-a=b=c' is ambiguous; possibilities: '--monitor-self-annotation' '--monitor-self-argument'"
    ),
    (["--no-rate-limit=1"], "option '--no-rate-limit' doesn't allow an argument"),
    (["--url"], "option '--url' requires an argument"),
  ])
  func `a wrong command line says what is wrong and exits with 1`(arguments: [String], hint: String) throws {
    let command = HandlerCommandLine.parse(["crashpad_handler"] + arguments.map { FilePath($0) })
    let (text, status) = try #require(printed(command))
    #expect(text == "crashpad_handler: \(hint)\nTry 'crashpad_handler --help' for more information.\n")
    #expect(status == 1)
  }

  @Test func `a positional argument is refused without a hint`() throws {
    let (text, status) = try #require(printed(parse("--database=/d", "--initial-client-fd=3", "x")))
    #expect(text == "Try 'crashpad_handler --help' for more information.\n")
    #expect(status == 1)
  }

  @Test func `version and help exit with 0`() throws {
    let (version, status) = try #require(printed(parse("--version")))
    #expect(version.hasPrefix("crashpad_handler (SentryNative) "))
    #expect(status == 0)
    let (help, helpStatus) = try #require(printed(parse("--help")))
    #expect(help.contains("--trace-parent-with-exception=ADDRESS"))
    #expect(helpStatus == 0)
  }

  // Seen: a client that kept more than the standard had its reports pruned by its own handler.
  @Test func `reports are kept as the client says, else as the standard does`() {
    var options = HandlerOptions()
    #expect(options.pruning == .standard)
    options.delivery.maximumSize = 1 << 40
    options.delivery.maximumAge = 0
    #expect(options.pruning.maximumSize == 1 << 40)
    #expect(options.pruning.maximumAge == 0)
  }
}
