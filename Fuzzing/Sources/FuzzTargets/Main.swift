// Provides the program that runs one fuzz target with libFuzzer's own command line. `Scripts/fuzz` calls it.
import CFuzzDriver
import Foundation

/// All targets, in the order in which `Scripts/fuzz --all` runs them.
#if MINIDUMP_ALONE
  let targets: [FuzzTarget] = [minidump]
#else
  let targets: [FuzzTarget] = [
    clientPackets, procTexts, clientMemory, clientStructures, sanitization, userStreamRegion, brokerAnswers,
    databaseFiles,
    minidump, elfFile, stackWalk, packedSections, httpAnswers, transportFiles, values, dsnEnvelope, traceHeaders,
  ]
#endif

/// What the callback calls, which can capture nothing. Set once, before libFuzzer starts.
nonisolated(unsafe) private var current: FuzzTarget = targets[0]

@main
struct Main {
  static func main() {
    if CommandLine.arguments.dropFirst().first == "--list" {
      targets.forEach { print($0.name) }
      return
    }
    if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--seeds" {
      writeSeeds(into: CommandLine.arguments[2])
      return
    }
    // In the environment, since libFuzzer starts this program again for some of its modes, with its own arguments.
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    guard let target = targets.first(where: { $0.name == name }) else {
      FileHandle.standardError.write(Data("error: FUZZ_TARGET must be one of those that --list prints\n".utf8))
      exit(2)
    }
    current = target
    fuzz_use_mutator(target.mutate)
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(
      LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        current.body(UnsafeRawBufferPointer(start: data, count: size))
        return 0
      })
  }

  /// Makes the committed corpus anew: small valid inputs, from which libFuzzer starts.
  private static func writeSeeds(into folder: String) {
    for target in targets {
      let directory = "\(folder)/\(target.name)"
      try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      for (name, bytes) in target.seeds() {
        _ = FileManager.default.createFile(atPath: "\(directory)/\(name)", contents: Data(bytes))
      }
    }
  }
}
