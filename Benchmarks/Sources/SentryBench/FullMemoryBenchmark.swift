// Provides the speed of a dump of everything that a live process has in memory.
import Foundation

/// A process with 2 GiB of touched memory, dumped to the disk and to a tmpfs: by `crashctl`, by `gcore`, by LLDB, and by
/// a program that reads and writes and does nothing else.
func fullMemory(_ settings: Settings, _ emit: (Row) -> Void) throws {
  let mebibytes = 2048
  let process = Process()
  process.executableURL = URL(fileURLWithPath: settings.client)
  process.arguments = ["hold", "\(mebibytes)", "2048"]
  let (input, answer) = (Pipe(), Pipe())
  process.standardInput = input
  process.standardOutput = answer
  try process.run()
  defer {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
  guard answer.fileHandleForReading.availableData.starts(with: "ready".utf8) else {
    throw Failure("no process to dump")
  }
  let number = "\(process.processIdentifier)"
  // LLDB takes most of a minute for each.
  let runs = min(settings.runs, 5)
  let memoryFolder = "/dev/shm/sentry-bench.\(number)"
  try FileManager.default.createDirectory(atPath: memoryFolder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: memoryFolder) }
  for (place, folder) in [("disk", try settings.folder("full-memory")), ("tmpfs", memoryFolder)] {
    let file = "\(folder)/dump"
    var ours: [Double] = []
    var floor: [Double] = []
    var gcore: [Double] = []
    var lldb: [Double] = []
    func speed(_ program: String, _ arguments: [String], _ made: String) throws -> Double {
      let time = try seconds { _ = try output(of: program, arguments) }
      let size = (try FileManager.default.attributesOfItem(atPath: made)[.size] as? Int) ?? 0
      if size < mebibytes << 20 { throw Failure("\(program) wrote only \(size) bytes") }
      try FileManager.default.removeItem(atPath: made)
      return Double(mebibytes << 20) / 1e6 / time
    }
    for run in 0..<runs {
      ours.append(try speed(settings.crashctl, ["dump", number, "-o", file, "--style", "full"], file))
      floor.append(try speed(settings.client, ["copy", number, file], file))
      gcore.append(try speed("/usr/bin/env", ["gcore", "-o", file, number], "\(file).\(number)"))
      if let program = settings.lldb, run == 0 {
        lldb.append(
          try speed(
            program, ["-b", "-p", number, "-o", "process save-core --style full \(file)", "-o", "detach"], file))
      }
    }
    let name = "full-memory/\(place)"
    emit(Row(name: name, unit: "MB/s", ours: ours, floor: floor))
    emit(Row(name: name, unit: "MB/s", ours: ours, peer: "gcore", theirs: gcore))
    if !lldb.isEmpty { emit(Row(name: name, unit: "MB/s", ours: ours, peer: "lldb 19, once", theirs: lldb)) }
  }
}
