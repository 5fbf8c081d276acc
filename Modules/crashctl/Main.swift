// Provides the entry point of crashctl and its table of verbs.

internal import CLinuxShims

@main
struct Main {
  private static let verbs: [(name: String, summary: String, run: @Sendable ([String]) -> Int32)] = [
    ("show", "everything a minidump holds", ShowCommand.run),
    ("stackwalk", "frames of all threads, with names", StackwalkCommand.run),
    ("dump", "a minidump of a live process, which goes on afterwards", DumpCommand.run),
    ("db", "a crash report database: list, show, upload, prune, clean, settings", DatabaseCommand.run),
    ("upload", "sends a minidump or an envelope file", UploadCommand.run),
    ("doctor", "what works here, what does not, and what to do about it", DoctorCommand.run),
    ("symbols", "check: whether binaries can be symbolicated and unwound", SymbolsCommand.run),
  ]

  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let verb = verbs.first(where: { $0.name == arguments.first }) else {
      usage()
    }
    exit(verb.run(Array(arguments.dropFirst())))
  }

  private static func usage() -> Never {
    print("Usage: crashctl VERB [OPTION]...")
    for verb in verbs {
      print("  \(verb.name)\(String(repeating: " ", count: max(1, 12 - verb.name.count)))\(verb.summary)")
    }
    print("crashctl VERB --help tells more of one.")
    exit(["--help", "help"].contains(CommandLine.arguments.dropFirst().first) ? 0 : 2)
  }
}
