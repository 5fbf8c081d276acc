// Provides `crashctl doctor`.
internal import LinuxSystem

/// Says what works here and what does not, and what to do about it.
enum DoctorCommand {
  private static let help = """
    Usage: crashctl doctor [--dsn DSN] [--handler PATH] [--database DIR] [--json]

    Says what works here and what does not, and what to do about it. Everything is really tried: the handler is
    started and asked, a child process is stopped and read, a request without any report is sent to the server.
    Run it as the user and in the container in which the application runs.

      --dsn DSN       also try the server: https://KEY@HOST/PROJECT; by default what the variable SENTRY_DSN says
      --handler PATH  the handler; by default crashpad_handler beside crashctl
      --database DIR  also look at a database, which is not made if it is missing
      --json          [{"check","ok","detail","remedy"}]

    Exit status: 0 crashes are reported from here, 1 something that is needed does not work, 2 wrong usage.
    What only makes reports poorer, such as a missing library for source lines, does not change the status.

    """

  static func run(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help") || arguments.contains("-h") { return Terminal.write(help) }
    do throws(CommandUsageError) {
      let options = try CommandArguments(
        arguments, flags: ["--json"], options: ["--dsn", "--handler", "--database"])
      if let operand = options.operands.first { throw CommandUsageError(message: "what is \(operand)?") }
      let checks = examine(options)
      let status: Int32 = checks.contains { !$0.isOK && $0.isEssential } ? 1 : 0
      if options.has("--json") { return Terminal.write(.list(checks.map { $0.json }), status: status) }
      return Terminal.write(text(checks), status: status)
    } catch {
      return Terminal.usage("doctor", error)
    }
  }

  private static func examine(_ options: CommandArguments) -> [DoctorCheck] {
    // Tracing comes first: it forks, which needs a process without other threads.
    let tracing = TracingTrial.checks()
    var checks = HandlerTrial.checks(options.value("--handler").map { FilePath($0) })
    checks += LibraryTrial.checks() + tracing + LimitTrial.checks()
    if let database = options.value("--database") { checks += DatabaseTrial.checks(FilePath(database)) }
    if let dsn = options.value("--dsn") ?? EnvironmentVariable.value("SENTRY_DSN")?.description, !dsn.isEmpty {
      checks += ServerTrial.checks(dsn)
    }
    return checks + SystemFacts.checks()
  }

  private static func text(_ checks: [DoctorCheck]) -> [UInt8] {
    var text = TextReport(isColoured: Terminal.isColoured)
    for check in checks {
      let word = check.isOK ? "ok" : check.isEssential ? "NO" : "poor"
      text.field(word, "\(check.name): \(check.detail)", check.isOK ? nil : .bad)
      if let remedy = check.remedy { text.field("", "do: \(remedy)") }
    }
    let needed = checks.filter { !$0.isOK && $0.isEssential }.map { $0.name }
    let wanted = checks.filter { !$0.isOK && !$0.isEssential }.map { $0.name }
    text.heading(
      needed.isEmpty
        ? "Crashes are reported from here." : "Crashes are not reported from here: \(needed.joined(separator: ", "))")
    if !wanted.isEmpty { text.line("Reports are poorer for lack of \(wanted.joined(separator: ", ")).") }
    return text.output
  }
}
