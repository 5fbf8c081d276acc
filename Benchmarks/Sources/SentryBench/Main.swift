// Provides the program that runs the benchmarks. `Scripts/bench` builds what it measures and calls it.
import Foundation

// The writer comes after the readers: a program that this one starts counts this one's memory, as much as it ever had, as
// its own.
private let benchmarks: [(name: String, body: @Sendable (Settings, (Row) -> Void) throws -> Void)] = [
  ("minidump-read", minidumpRead), ("stackwalk", stackWalk), ("idle", idle), ("capture", capture), ("crash", crash),
  ("full-memory", fullMemory), ("sdk", sdk), ("growth", growth), ("c-abi", cABI), ("dump-write", dumpWrite),
]

@main
struct Main {
  static func main() {
    do {
      let settings = try Settings(Array(CommandLine.arguments.dropFirst()))
      try run(settings)
    } catch {
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      exit(1)
    }
  }

  static func run(_ settings: Settings) throws {
    let known = benchmarks.map { $0.name }
    if let wrong = settings.names.first(where: { !known.contains($0) }) {
      throw Failure("no benchmark \(wrong); there are \(known.joined(separator: ", "))")
    }
    var all: [Row] = []
    for benchmark in benchmarks where settings.names.isEmpty || settings.names.contains(benchmark.name) {
      try benchmark.body(settings) { row in
        show(row)
        all.append(row)
      }
    }
    if let file = settings.jsonFile { try json(all).write(to: URL(fileURLWithPath: file)) }
  }
}
