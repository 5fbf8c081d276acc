// Provides how long it takes to read a dump and print what is in it, beside readers of others.
import Foundation
import LinuxSystem
import MinidumpFormat

/// Our reader beside others, each as a process that opens the dump and prints every record: `dump-lister`, which is the
/// library alone, linked statically as the peers' are; and `crashctl show --json`.
func minidumpRead(_ settings: Settings, _ emit: (Row) -> Void) throws {
  let folder = try settings.folder("minidump-read")
  guard !settings.crashctl.isEmpty else { throw Failure("no crashctl to measure: --crashctl PATH") }
  // First: what the kernel tells of a child's memory is never less than this process had when it started it.
  try hostile(settings, emit)
  let cases = [
    ("threads-1000", manyThreads(1000)), ("modules-1000-threads-100", manyModules()),
    ("memory-100MB", memoryBeside(manyThreads(10), 100 << 20)),
  ]
  for (name, contents) in cases {
    let dump = "\(folder)/\(name).dmp"
    var contents = contents
    contents.systemInfo = MinidumpSystemInfo(architecture: .amd64, platform: .linux)
    // A reader that finds no module at all ends with an error.
    if contents.modules.isEmpty { contents.modules = [MinidumpModule(base: 0x40_0000, size: 1 << 20, name: "/bin/a")] }
    try MinidumpWriter.write(contents, to: try FileSink(FilePath(dump))) { address, buffer in
      buffer.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: address >> 16))
      return buffer.count
    }
    let peers = readers(settings, dump)
    var mine = [Reader(name: "crashctl", program: settings.crashctl, arguments: ["show", "--json", dump])]
    if !settings.lister.isEmpty {
      mine.insert(Reader(name: "library", program: settings.lister, arguments: [dump]), at: 0)
    }
    let all = mine + peers
    var times = [[Double]](repeating: [], count: all.count)
    for run in -1..<settings.runs {
      for (index, reader) in all.enumerated() {
        let time = try seconds { try succeed(reader.program, reader.arguments) }
        if run >= 0 { times[index].append(time * 1000) }
      }
    }
    for (index, reader) in mine.enumerated() {
      let name = "minidump-read/\(reader.name)/\(name)"
      if peers.isEmpty { emit(Row(name: name, unit: "ms", ours: times[index])) }
      for (peer, theirs) in zip(peers, times.dropFirst(mine.count)) {
        emit(Row(name: name, unit: "ms", ours: times[index], peer: peer.name, theirs: theirs))
      }
    }
  }
}

private struct Reader {
  let name: String
  let program: String
  let arguments: [String]
}

/// The readers that are installed here.
private func readers(_ settings: Settings, _ dump: String) -> [Reader] {
  var readers: [Reader] = []
  if let peer = settings.peerReader {
    readers.append(Reader(name: "minidump-stackwalk", program: peer, arguments: ["--dump", "--brief", dump]))
  }
  if let python = settings.peerPython {
    let program = """
      import sys
      from minidump.minidumpfile import MinidumpFile
      dump = MinidumpFile.parse(sys.argv[1])
      for part in (dump.threads, dump.modules, dump.memory_segments, dump.memory_segments_64, dump.sysinfo, dump.exception):
        if part: print(part)
      """
    readers.append(Reader(name: "minidump (Python)", program: python, arguments: ["-c", program, dump]))
  }
  if let lldb = settings.lldb {
    let script = ["target create --core \(dump)", "target modules list", "thread list"]
    readers.append(
      Reader(name: "lldb", program: lldb, arguments: ["--no-lldbinit", "--batch"] + script.flatMap { ["-o", $0] }))
  }
  return readers
}

/// Every damaged dump of the corpus: the longest time and the most memory of one.
private func hostile(_ settings: Settings, _ emit: (Row) -> Void) throws {
  guard let folder = settings.hostile else {
    print("minidump-read/hostile  not measured: the corpus is not here; --hostile FOLDER or MINIDUMP_CORPUS")
    return
  }
  let dumps = try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasSuffix(".json") }.sorted()
  guard !dumps.isEmpty else { throw Failure("no dump in \(folder)") }
  var time = Row(name: "minidump-read/hostile/time, \(dumps.count) files", unit: "ms")
  var memory = Row(name: "minidump-read/hostile/memory, \(dumps.count) files", unit: "KiB")
  var slowest = ("", 0.0)
  for dump in dumps {
    let path = "\(folder)/\(dump)"
    let words: [String] = [settings.crashctl, "show", "--json", path]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { arguments.forEach { free($0) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for number in 1...2 as ClosedRange<Int32> {
      posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0)
    }
    var process: pid_t = 0
    var status: Int32 = 0
    var usage = rusage()
    var failure: Int32 = 0
    let elapsed = seconds {
      failure = posix_spawn(&process, settings.crashctl, &actions, nil, arguments, environ)
      if failure == 0 { wait4(process, &status, 0, &usage) }
    }
    guard failure == 0, status & 0x7f == 0 else { throw Failure("crashctl show \(dump) was killed: status \(status)") }
    time.ours.append(elapsed * 1000)
    memory.ours.append(Double(usage.ru_maxrss))
    if elapsed > slowest.1 { slowest = (dump, elapsed) }
  }
  emit(time)
  emit(memory)
  print("minidump-read/hostile  slowest: \(slowest.0)")
}

/// The same with memory besides the stacks.
private func memoryBeside(_ contents: MinidumpContents, _ size: UInt64) -> MinidumpContents {
  var contents = contents
  contents.memory = [MinidumpAddressRange(start: 0x6000_0000_0000, size: size)]
  return contents
}

/// Runs a program with its output thrown away.
func succeed(_ program: String, _ arguments: [String]) throws {
  let child = try ChildProcess.spawn(
    FilePath(program), arguments: ([program] + arguments).map { FilePath($0) }, input: .null, output: .null,
    error: .null)
  let end = try child.wait()
  guard end == .exited(status: 0) else { throw Failure("\(program) \(arguments[0]) ended with \(end)") }
}
