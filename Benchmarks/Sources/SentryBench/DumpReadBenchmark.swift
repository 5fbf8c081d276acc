// Provides how long it takes to read a dump and print what is in it, beside readers of others.
import LinuxSystem
import MinidumpFormat

/// `crashctl show --json` beside rust-minidump's `--dump --brief`: both print every record and no memory contents.
func dumpRead(_ settings: Settings, _ emit: (Row) -> Void) throws {
  let folder = try settings.folder("dump-read")
  guard !settings.crashctl.isEmpty else { throw Failure("no crashctl to measure: --crashctl PATH") }
  for (name, contents) in [("threads-1000", manyThreads(1000)), ("modules-1000-threads-100", manyModules())] {
    let dump = "\(folder)/\(name).dmp"
    try MinidumpWriter.write(contents, to: try FileSink(FilePath(dump))) { address, buffer in
      buffer.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: address >> 16))
      return buffer.count
    }
    var row = Row(name: "dump-read/\(name)", unit: "ms", peer: "minidump-stackwalk 0.25")
    for run in -1..<settings.runs {
      let ours = try seconds { try succeed(settings.crashctl, ["show", "--json", dump]) }
      var theirs: Double?
      if let peer = settings.peerReader { theirs = try seconds { try succeed(peer, ["--dump", "--brief", dump]) } }
      if run < 0 { continue }
      row.ours.append(ours * 1000)
      if let theirs { row.theirs.append(theirs * 1000) }
    }
    emit(row)
  }
}

/// Runs a program with its output thrown away.
private func succeed(_ program: String, _ arguments: [String]) throws {
  let child = try ChildProcess.spawn(
    FilePath(program), arguments: ([program] + arguments).map { FilePath($0) }, output: .null, error: .null)
  let end = try child.wait()
  guard end == .exited(status: 0) else { throw Failure("\(program) \(arguments[0]) ended with \(end)") }
}
