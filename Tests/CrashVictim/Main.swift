// Provides a program that installs the crash client alone, and dies as its arguments say.
import CLinuxShims

/// Started as a handler (`--initial-client-fd=N`), it is the scripted peer. Otherwise its arguments are steps, done in
/// order: see `Steps.swift`.
@main struct CrashVictim {
  nonisolated static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if let socket = arguments.first(where: { $0.hasPrefix("--initial-client-fd=") }) {
      runPeer(socket: Int32(socket.dropFirst("--initial-client-fd=".count)) ?? -1, arguments: arguments)
    }
    for step in arguments { perform(step) }
  }
}

/// Writes a line to standard output at once: the process may die in the next instruction.
func say(_ text: String) {
  let line = Array((text + "\n").utf8)
  _ = write(1, line, line.count)
}
