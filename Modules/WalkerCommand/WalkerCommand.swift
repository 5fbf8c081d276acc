// Provides crashpad_walker as a function of its command line: one dump in, the stacks of its threads out.
internal import CLinuxShims
internal import LinuxSystem
internal import Sandbox

/// Walks and symbolicates one dump.
///
/// The work of C libraries on foreign bytes happens here and nowhere else. The process limits itself; when it dies, its
/// caller has lost frames and nothing more. See docs/stack-walking.md.
public enum WalkerCommand {
  /// Runs to the end, under limits that hold for the whole process.
  ///
  /// - Parameter arguments: all of `argv`.
  /// - Returns: the exit status.
  public static func run(_ arguments: [String]) -> Int32 {
    let parsed: Arguments
    switch Arguments.parse(Array(arguments.dropFirst())) {
    case .run(let arguments): parsed = arguments
    case .help:
      print(Arguments.usage)
      return 0
    case .wrong(let message):
      complain("\(message)\n\(Arguments.usage)")
      return 2
    }
    Limits.apply(seconds: parsed.seconds)
    // Where the kernel does not let it, the limits remain.
    _ = Sandbox.enter(.walker)
    let report: WalkReport
    do throws(WalkFailure) {
      report = try DumpWalk(parsed).report()
    } catch {
      complain("crashpad_walker: \(error)")
      return 1
    }
    let output =
      switch parsed.format {
      case .json: report.json
      case .text(let colored): Array(report.text(colored: colored).utf8)
      }
    // All at once: a reader sees the whole report or none.
    let standardOutput = OwnedFileDescriptor(owning: 1)
    do throws(Errno) {
      try standardOutput.writeAll(output)
      return 0
    } catch {
      complain("crashpad_walker: cannot write to standard output: \(error)")
      return 1
    }
  }

  private static func complain(_ message: String) {
    let standardError = OwnedFileDescriptor(owning: 2)
    try? standardError.writeAll(Array("\(message)\n".utf8))
    _ = standardError.release()
  }
}
