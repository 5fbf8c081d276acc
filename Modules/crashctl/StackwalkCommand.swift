// Provides `crashctl stackwalk`.
internal import CLinuxShims
internal import LinuxSystem

/// Runs crashpad_walker, which lies beside crashctl, and passes on what it writes.
enum StackwalkCommand {
  static let help = """
    Usage: crashctl stackwalk DUMP [--symbols DIR]... [--json]
    Shows the stacks of all threads of a minidump, with the names of functions.
      --symbols DIR     look for modules and debug files in DIR first; may be repeated
      --no-local-files  ignore the files of this machine
      --json            one JSON object, for programs
    """

  static func run(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help") || arguments.contains("-h") {
      print(help)
      return 0
    }
    if arguments.isEmpty {
      complain("which dump?\n\(help)")
      return 2
    }
    var options = arguments
    if !arguments.contains("--json") {
      options.append("--text")
      if isatty(1) == 1, EnvironmentVariable.value("NO_COLOR") == nil { options.append("--color") }
    }
    guard let walker = try? FileSystem.executable().directory.appending("crashpad_walker"),
      FileSystem.isExecutable(walker)
    else {
      complain("crashpad_walker is not beside crashctl; install them together, or build both products")
      return 1
    }
    // What a library cannot digest, our own code walks with fewer frames.
    for attempt in [options, options + ["--no-libraries"]] {
      do throws(Errno) {
        let child = try ChildProcess.spawn(walker, arguments: [walker] + attempt.map { FilePath($0) })
        switch try child.wait() {
        case .exited(let status): return status
        case .signaled(let signal, _):
          complain("crashpad_walker died of signal \(signal)")
          if signal == SIGALRM || signal == SIGXCPU { return 1 }
        }
      } catch {
        complain("\(walker) cannot be started: \(error)")
        return 1
      }
    }
    return 1
  }

  private static func complain(_ message: String) {
    let standardError = OwnedFileDescriptor(owning: 2)
    try? standardError.writeAll(Array("crashctl stackwalk: \(message)\n".utf8))
    _ = standardError.release()
  }
}
