// Provides what libsentry.so costs a C program, for each way that it is built.
import Foundation
import LinuxSystem

/// Size, load, start, memory, and the calls that are made often, each run in a process of its own. What is told of time
/// and memory is beside the same program without the library: what that needs is not in the numbers.
func cABI(_ settings: Settings, _ emit: (Row) -> Void) throws {
  guard !settings.libraries.isEmpty, !settings.libraryClient.isEmpty, let handler = settings.handlers.first else {
    throw Failure("no library to measure: --library NAME=PATH, --library-client PATH, --handler NAME=PATH")
  }
  let folder = try settings.folder("c-abi")
  let columns = [
    ("load", "ms"), ("load/rss", "KiB"), ("load/private-dirty", "KiB"), ("init", "ms"), ("init/rss", "KiB"),
    ("init/private-dirty", "KiB"), ("set_tag", "ns"), ("add_breadcrumb", "ns"), ("capture_event", "ns"),
    ("log_info", "ns"), ("span", "ns"),
  ]
  for (index, library) in settings.libraries.enumerated() {
    let stripped = "\(folder)/\(index)-libsentry.so"
    _ = try output(of: "/usr/bin/env", ["strip", "-o", stripped, library.path])
    // Pages that have not been written to the disk yet count as private dirty memory of whoever maps them.
    _ = try output(of: "/usr/bin/env", ["sync", stripped])
    let size = try FileSystem.status(FilePath(stripped)).size
    emit(Row(name: "c-abi/size, stripped/\(library.name)", unit: "KiB", ours: [Double(size) / 1024]))
    var samples: [[Double]] = []
    for run in -1..<settings.runs {
      let database = try settings.folder("c-abi/database")
      let text = try output(of: settings.libraryClient, [stripped, handler.path, database])
      let numbers = text.split(whereSeparator: { $0.isWhitespace }).compactMap { Double($0) }
      guard numbers.count == columns.count else { throw Failure("unexpected: \(text)") }
      if run >= 0 { samples.append(numbers) }
    }
    for (column, (name, unit)) in columns.enumerated() {
      emit(Row(name: "c-abi/\(name)/\(library.name)", unit: unit, ours: samples.map { $0[column] }))
    }
  }
  try start(settings, handler, emit)
}

/// The start of the SDK for Swift beside `sentry_init` of the first library, with the same handler.
private func start(_ settings: Settings, _ handler: Program, _ emit: (Row) -> Void) throws {
  let program = (CommandLine.arguments[0] as NSString).deletingLastPathComponent + "/sdk-bench"
  _ = try output(of: "/usr/bin/env", ["sync", program])
  var time = Row(name: "sdk/start", unit: "ms", peer: "sentry_init")
  var memory = Row(name: "sdk/start/private-dirty", unit: "KiB", peer: "sentry_init")
  for run in -1..<settings.runs {
    let mine = try numbers(of: program, [handler.path, try settings.folder("sdk-start"), "start"])
    let theirs = try numbers(
      of: settings.libraryClient, [settings.libraries[0].path, handler.path, try settings.folder("c-abi/database")])
    guard mine.count == 2, theirs.count > 5 else { throw Failure("a start said too little") }
    // The first brings the programs into memory.
    if run < 0 { continue }
    time.ours.append(mine[0])
    time.theirs.append(theirs[3])
    memory.ours.append(mine[1])
    memory.theirs.append(theirs[2] + theirs[5])
  }
  emit(time)
  emit(memory)
}

private func numbers(of program: String, _ arguments: [String]) throws -> [Double] {
  try output(of: program, arguments).split(whereSeparator: { $0.isWhitespace }).compactMap { Double($0) }
}
