// Provides the entry point of crashpad_walker: one dump in, the stacks of its threads out.
//
// The work of C libraries on foreign bytes happens here and nowhere else. The process limits itself; when it dies, its
// caller has lost frames and nothing more. See docs/stack-walking.md.
internal import CLinuxShims
internal import LinuxSystem

@main
struct Main {
  static func main() {
    let arguments: Arguments
    switch Arguments.parse(CommandLine.arguments.dropFirst().map { String($0) }) {
    case .run(let parsed): arguments = parsed
    case .help:
      print(Arguments.usage)
      exit(0)
    case .wrong(let message):
      complain("\(message)\n\(Arguments.usage)")
      exit(2)
    }
    Limits.apply(seconds: arguments.seconds)
    let report: WalkReport
    do throws(WalkFailure) {
      report = try DumpWalk(arguments).report()
    } catch {
      complain("crashpad_walker: \(error)")
      exit(1)
    }
    let output =
      switch arguments.format {
      case .json: report.json
      case .text(let colored): report.text(colored: colored)
      }
    // All at once: a reader sees the whole report or none.
    let standardOutput = OwnedFileDescriptor(owning: 1)
    do throws(Errno) {
      try standardOutput.writeAll(Array(output.utf8))
    } catch {
      complain("crashpad_walker: cannot write to standard output: \(error)")
      exit(1)
    }
    exit(0)
  }

  private static func complain(_ message: String) {
    let standardError = OwnedFileDescriptor(owning: 2)
    try? standardError.writeAll(Array("\(message)\n".utf8))
    _ = standardError.release()
  }
}
