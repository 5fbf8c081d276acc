// Provides tests that compare our handler's command line with those of the real ones.
import CrashProtocol
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

/// Arguments that no handler serves with.
struct Refused: CustomTestStringConvertible, Sendable {
  let arguments: [String]
  /// Handlers that know all of the options.
  var knownTo: Set<ServingHandler.Origin> = [.chromium, .sentry]

  var testDescription: String { arguments.isEmpty ? "no arguments" : arguments.joined(separator: " ") }

  static let all: [Refused] = [
    Refused(arguments: []), Refused(arguments: ["--database=/nonexistent/d"]),
    Refused(arguments: ["--initial-client-fd=3"]), Refused(arguments: ["--initial-client-fd=x"]),
    Refused(arguments: ["--initial-client-fd=3x", "--database=/nonexistent/d"]),
    Refused(arguments: ["--initial-client-fd=", "--database=/nonexistent/d"]),
    Refused(arguments: ["--initial-client-fd=0x3"]), Refused(arguments: ["--initial-client-fd=99999999999"]),
    Refused(arguments: ["--initial-client-fd=-1", "--database=/nonexistent/d"]),
    Refused(arguments: ["--database=", "--initial-client-fd=0"]), Refused(arguments: ["--unknown"]),
    Refused(arguments: ["--unknown=1"]), Refused(arguments: ["--no-rate-limit=1"]), Refused(arguments: ["--url"]),
    Refused(arguments: ["--monitor-self-a=b=c"]), Refused(arguments: ["--monitor-self-annotation"]),
    Refused(arguments: ["--trace-parent-with-exception=zz"]), Refused(arguments: ["--trace-parent-with-exception=0x"]),
    Refused(arguments: ["--trace-parent-with-exception=1x"]), Refused(arguments: ["--sanitization-information=-1"]),
    Refused(arguments: ["--initial-client-fd=3", "--database=/nonexistent/d", "--sanitization-information=1"]),
    Refused(arguments: ["--trace-parent-with-exception=1", "--shared-client-connection", "--database=/nonexistent/d"]),
    Refused(arguments: ["--database=/nonexistent/d", "--initial-client-fd=3", "x"]),
    Refused(arguments: ["-", "--database=/nonexistent/d", "--initial-client-fd=3"]),
    Refused(arguments: ["--database=/nonexistent/d", "--initial-client-fd=3", "--", "--url=x"]),
    Refused(arguments: ["--", "x"]), Refused(arguments: ["-x"]), Refused(arguments: ["-xy"]),
    Refused(arguments: ["--annotation=x", "--database=/nonexistent/d", "--initial-client-fd=3"]),
    Refused(arguments: ["--annotation==x", "--database=/nonexistent/d", "--initial-client-fd=3"]),
    Refused(arguments: ["--monitor-self-annotation=x", "--database=/nonexistent/d", "--initial-client-fd=3"]),
    Refused(arguments: ["--report-id=zz"], knownTo: [.sentry]),
  ]
}

@Suite(.timeLimit(.minutes(10))) struct `The handler's command line, beside theirs` {
  private static let ours = TestProducts.handlers.map { $0 }

  /// What a handler prints, with its own path and name, and the head of a line of its log, taken out.
  private func run(_ handler: FilePath, _ arguments: [String]) throws -> (text: String, termination: ProcessTermination)
  {
    let result = try RunningProcess.run(handler, arguments, environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(result.outputBytes.isEmpty, "everything goes to standard error")
    let name = String(decoding: handler.lastComponent, as: UTF8.self)
    let text = result.errorOutput.replacing(handler.description + ":", with: "PATH:").replacing(name, with: "NAME")
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasPrefix("[") ? "NAME: " + (line.firstRange(of: "] ").map { line[$0.upperBound...] } ?? line) : line
    }
    return (lines.joined(separator: "\n"), result.termination)
  }

  @Test(arguments: Refused.all)
  func `refuses what they refuse, in the same words`(_ refused: Refused) throws {
    for peer in [ServingHandler.chromium, .sentry] where refused.knownTo.contains(peer.origin) {
      let theirs = try run(try peer.path(), refused.arguments)
      #expect(theirs.termination == .exited(status: 1))
      for handler in Self.ours {
        let answer = try run(handler, refused.arguments)
        #expect(answer.text == theirs.text)
        #expect(answer.termination == theirs.termination)
      }
    }
  }

  /// Options as `--help` lists them, and whether they take a value.
  private func options(_ help: String) -> [String: Bool] {
    var options: [String: Bool] = [:]
    for line in help.split(separator: "\n") where line.hasPrefix("      --") {
      let name = line.dropFirst(8).prefix { $0.isLetter || $0 == "-" }
      options[String(name)] = line.dropFirst(8 + name.count).first == "="
    }
    return options
  }

  @Test func `has every option of both, with a value where they have one`() throws {
    for peer in [ServingHandler.chromium, .sentry] {
      let (help, termination) = try run(try peer.path(), ["--help"])
      #expect(termination == .exited(status: 0))
      let theirs = options(help)
      #expect(theirs.count >= 18)
      for handler in Self.ours {
        let (help, termination) = try run(handler, ["--help"])
        #expect(termination == .exited(status: 0))
        #expect(help.hasPrefix("Usage: NAME [OPTION]...\n"))
        let own = options(help)
        for (name, takesValue) in theirs { #expect(own[name] == takesValue, "--\(name)") }
      }
    }
    for handler in Self.ours {
      let (version, termination) = try run(handler, ["--version"])
      #expect(termination == .exited(status: 0))
      #expect(version.hasPrefix("NAME (SentryNative) "))
    }
  }

  @Test(arguments: [
    ["--database=/dev/null/d", "--initial-client-fd=0"], ["--database=FOLDER", "--initial-client-fd=0"],
  ])
  func `ends with 1 where it cannot serve, as they do`(_ arguments: [String]) throws {
    let folder = try TemporaryDirectory(prefix: "command-line")
    defer { folder.remove() }
    let arguments = arguments.map { $0.replacing("FOLDER", with: folder.path.description) }
    for handler in Self.ours {
      let (text, termination) = try run(handler, arguments)
      #expect(termination == .exited(status: 1))
      #expect(text.contains("cannot be used"))
    }
    for peer in [ServingHandler.chromium, .sentry] {
      #expect(try run(try peer.path(), arguments).termination == .exited(status: 1))
    }
  }

  @Test(arguments: ServingHandler.all)
  func `refuses a database whose parent folder is missing, and makes nothing`(_ handler: ServingHandler) throws {
    let folder = try TemporaryDirectory(prefix: "no-parent")
    defer { folder.remove() }
    let parent = folder.appending("missing")
    let (text, termination) = try run(
      try handler.path(), ["--database=\(parent)/database", "--initial-client-fd=0"])
    #expect(termination == .exited(status: 1), "\(text)")
    #expect(text.contains("missing"), "\(text)")
    #expect(!FileSystem.exists(parent))

    // Our client says so when it starts; the folder that the handler may make is made.
    let failed = try RunningProcess.run(
      TestProducts.folder.appending("CrashVictim"),
      (handler.dialects[0] == .chromium ? ["chromium"] : [])
        + ["handler=\(try handler.path())", "database=\(parent)/database", "start-timeout=30000", "start"])
    #expect(failed.output.contains("failed code=4"), "\(failed.output)")
    #expect(failed.output.contains("ended with exit code 1") || !failed.output.contains("exit code"))
    let started = try RunningProcess.run(
      TestProducts.folder.appending("CrashVictim"),
      (handler.dialects[0] == .chromium ? ["chromium"] : [])
        + ["handler=\(try handler.path())", "database=\(parent)", "start-timeout=30000", "start", "health"])
    #expect(started.output.contains("health alive=true"), "\(started.output)")
    #expect(FileSystem.exists(parent))
  }
}
