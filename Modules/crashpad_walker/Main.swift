// Provides the entry point of crashpad_walker.
import CLinuxShims
import WalkerCommand

@main
struct Main {
  static func main() { exit(WalkerCommand.run(CommandLine.arguments)) }
}
