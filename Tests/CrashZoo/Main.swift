// Provides the entry point of CrashZoo: a program that dies in the way its options say.

import CCrashZoo
import CLinuxShims

@main
struct Main {
  static func main() {
    let arguments: Arguments
    switch Arguments.parse(Array(CommandLine.arguments.dropFirst())) {
    case .success(let parsed): arguments = parsed
    case .failure(let error):
      fputs("CrashZoo: \(error.message)\n\(Arguments.usage)", stderrStream())
      exit(2)
    }
    if arguments.listsFlavors {
      for flavor in CrashFlavor.all { zoo_write_line("\(flavor.name)\t\(flavor.signal)\n") }
      exit(0)
    }
    guard let flavor = CrashFlavor.all.first(where: { $0.name == arguments.flavor }) else {
      fputs("CrashZoo: no flavour '\(arguments.flavor)'; --list prints all\n", stderrStream())
      exit(2)
    }
    if arguments.usesSDK { startSDK(arguments) }
    // A report has to tell the crashing thread from others.
    let idle = [zoo_start_idle_thread("zoo-idle-1"), zoo_start_idle_thread("zoo-idle-2")]
    if let threads = arguments.turbulence { _ = zoo_start_turbulence(Int32(clamping: threads)) }
    if !arguments.gate.isEmpty { zoo_wait_for_gate(arguments.gate) }
    run(on: arguments.thread) { die(flavor, idleThreads: idle) }
  }
}
