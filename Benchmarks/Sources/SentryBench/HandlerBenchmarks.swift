// Provides what a handler costs: its start, its memory, and the stop of the process that it captures.
import Foundation

/// Start and memory of an idle handler.
func idle(_ settings: Settings, _ emit: (Row) -> Void) throws {
  let samples = try handlerSamples(settings, "idle", ["idle", "\(settings.runs)"])
  for (column, (name, unit)) in [("start", "ms"), ("rss", "KiB"), ("pss", "KiB"), ("anonymous", "KiB")].enumerated() {
    handlerRows("idle/\(name)", unit, column, samples, settings).forEach(emit)
  }
}

/// A dump of a healthy process with so many threads and modules.
func capture(_ settings: Settings, _ emit: (Row) -> Void) throws {
  let modules = try makeModules(200, settings)
  for (threads, libraries) in [(2, 0), (100, 0), (1000, 0), (10, 200)] {
    let name = libraries == 0 ? "capture/threads-\(threads)" : "capture/threads-\(threads)-modules-\(libraries)"
    let samples = try handlerSamples(
      settings, "capture-\(threads)-\(libraries)",
      ["capture", "\(threads)", "\(settings.runs)", libraries == 0 ? "" : modules, "0", "0"])
    handlerRows("\(name)/complete", "ms", 0, samples, settings).forEach(emit)
    handlerRows("\(name)/stopped", "ms", 1, samples, settings).forEach(emit)
  }
}

/// Small shared objects, each a module of its own with a build ID.
func makeModules(_ count: Int, _ settings: Settings) throws -> String {
  let folder = try settings.folder("modules")
  let sources = try settings.folder("modules-source")
  // One object, linked as many times: the linker is most of the cost.
  let object = "\(sources)/module.o"
  try "int bench_module_value(void) { return 42; }\n".write(
    toFile: "\(sources)/module.c", atomically: false, encoding: .utf8)
  _ = try output(of: "/usr/bin/env", ["clang", "-O1", "-fPIC", "-c", "\(sources)/module.c", "-o", object])
  for index in 0..<count {
    let file = "\(folder)/libbench\(index).so"
    // To link ten thousand takes minutes, and a copy is a module of its own to the loader.
    if index >= 1000 {
      try FileManager.default.copyItem(atPath: "\(folder)/libbench\(index % 1000).so", toPath: file)
      continue
    }
    _ = try output(
      of: "/usr/bin/env",
      [
        "clang", "-shared", "-nostdlib", "-Wl,--build-id=sha1,-soname=libbench\(index).so", object, "-o", file,
      ])
  }
  return folder
}

/// Columns of numbers for each handler: ours, the peers, the floor, and what else is measured.
func handlerSamples(
  _ settings: Settings, _ name: String, _ arguments: [String], besides others: [Program] = []
) throws -> [[[Double]]] {
  var programs = settings.handlers
  programs += settings.peerHandlers
  if let floor = settings.floorHandler { programs.append(floor) }
  if programs.isEmpty { throw Failure("no handler to measure: --handler NAME=PATH") }
  programs += others
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
  return samples
}

/// A row for each of our handlers and each peer.
///
/// - Parameter base: what is not the handlers' and comes off each value.
func handlerRows(
  _ name: String, _ unit: String, _ column: Int, _ samples: [[[Double]]], _ settings: Settings, less base: Double = 0
) -> [Row] {
  func values(_ index: Int) -> [Double] { samples[index].map { $0[column] - base } }
  let floor = settings.floorHandler == nil ? [] : values(settings.handlers.count + settings.peerHandlers.count)
  return settings.handlers.enumerated().flatMap { index, handler -> [Row] in
    let own = "\(name)/\(handler.name)"
    if settings.peerHandlers.isEmpty { return [Row(name: own, unit: unit, ours: values(index), floor: floor)] }
    return settings.peerHandlers.enumerated().map { number, peer in
      Row(
        name: own, unit: unit, ours: values(index), peer: peer.name,
        theirs: values(settings.handlers.count + number), floor: floor)
    }
  }
}

/// From the crash of a process to its end, less what the same crash takes without a handler; and CPU time of the handler.
/// Each process and each handler is a new one.
func crash(_ settings: Settings, _ emit: (Row) -> Void) throws {
  let modules = try makeModules(200, settings)
  let shapes: [(name: String, threads: Int, modules: Bool, mappings: Int, heap: Int)] = [
    ("threads-1", 1, false, 0, 0), ("threads-100", 100, false, 0, 0), ("threads-1000", 1000, false, 0, 0),
    ("modules-200", 1, true, 0, 0), ("mappings-50000", 1, false, 50_000, 0), ("heap-2GiB", 1, false, 0, 2048),
  ]
  for shape in shapes {
    let samples = try handlerSamples(
      settings, "crash-\(shape.name)",
      [
        "crash", "\(shape.threads)", "\(settings.runs)", shape.modules ? modules : "", "\(shape.mappings)",
        "\(shape.heap)",
      ], besides: [Program(name: "without", path: "none")])
    let without = samples.last?.map { $0[0] }.median ?? 0
    handlerRows("crash/\(shape.name)/end", "ms", 0, samples, settings, less: without).forEach(emit)
    handlerRows("crash/\(shape.name)/cpu", "ms", 1, samples, settings).forEach(emit)
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
