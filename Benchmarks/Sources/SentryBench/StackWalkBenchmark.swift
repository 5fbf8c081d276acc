// Provides how long it takes to walk and name all stacks of a dump, beside three others that do the same.
import Foundation
import LinuxSystem

/// A hundred threads in C++, 27 frames each on average, with debug information: machine frames, inlined functions, files
/// and lines. Each program opens the dump and the files of its modules anew.
func stackWalk(_ settings: Settings, _ emit: (Row) -> Void) throws {
  guard let walker = settings.walker else { throw Failure("no walker to measure: --walker PATH") }
  let folder = try settings.folder("stackwalk")
  let dump = try dumpOfThreads(settings, folder)
  let sources = FilePath(#filePath).directory.directory.directory.appending("StackWalk").description
  var peers: [(name: String, program: String, arguments: [String])] = []
  if let peer = settings.peerReader {
    peers.append(("minidump-stackwalk", peer, ["--use-local-debuginfo", "--json", dump]))
  }
  if let python = settings.peerPython {
    peers.append(("Breakpad processor", python, ["\(sources)/walk_breakpad.py", dump]))
  }
  if let lldb = settings.lldb {
    let search = "settings set target.exec-search-paths \(folder)"
    peers.append(
      ("lldb", lldb, ["--no-lldbinit", "--batch", "-O", search, "-c", dump, "-o", "thread backtrace all"]))
  }
  var ours: [Double] = []
  var theirs = [[Double]](repeating: [], count: peers.count)
  var inside = Row(name: "stackwalk/threads-100/caches made", unit: "ms", peer: "Breakpad processor")
  for run in -1..<settings.runs {
    let time = try seconds { try succeed(walker, [dump, "--json"]) }
    if run >= 0 { ours.append(time * 1000) }
    for (index, peer) in peers.enumerated() {
      let time = try seconds { try succeed(peer.program, peer.arguments) }
      guard run >= 0 else { continue }
      theirs[index].append(time * 1000)
      if peer.name == inside.peer {
        let text = try output(of: peer.program, peer.arguments)
        if let first = text.split(separator: " ").first.flatMap({ Double($0) }) { inside.theirs.append(first) }
      }
    }
  }
  if peers.isEmpty { emit(Row(name: "stackwalk/threads-100", unit: "ms", ours: ours)) }
  for (peer, times) in zip(peers, theirs) {
    emit(Row(name: "stackwalk/threads-100", unit: "ms", ours: ours, peer: peer.name, theirs: times))
  }
  inside.ours = ours
  if !inside.theirs.isEmpty { emit(inside) }
}

/// Compiles the program, waits until its threads are where they should be, and has it dumped.
private func dumpOfThreads(_ settings: Settings, _ folder: String) throws -> String {
  let source = FilePath(#filePath).directory.directory.directory.appending("StackWalk/threads.cc").description
  let program = "\(folder)/threads"
  // symbolic 8.7.1 reads no newer DWARF.
  _ = try output(
    of: "/usr/bin/env",
    ["clang++", "-O1", "-g", "-gdwarf-4", "-Wl,--build-id=sha1", source, "-o", program, "-lpthread"])
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = ["100"]
  let pipe = Pipe()
  process.standardOutput = pipe
  try process.run()
  defer {
    process.terminate()
    process.waitUntilExit()
  }
  guard !pipe.fileHandleForReading.availableData.isEmpty else { throw Failure("\(program) did not start") }
  let dump = "\(folder)/threads.dmp"
  _ = try output(of: settings.crashctl, ["dump", "\(process.processIdentifier)", "-o", dump, "--style", "stacks"])
  return dump
}
