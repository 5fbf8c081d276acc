// Provides tests of what our client tells every handler through its memory.
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `Annotations of our client` {
  private static let stream = MinidumpStreamType(rawValue: 0x4b6b_0077)

  private func read<Result>(_ dump: FilePath, _ body: (MinidumpReader) throws -> Result) throws -> Result {
    try FileSystem.read(dump).withUnsafeBytes { try body(MinidumpReader(MinidumpBytes(unowned: $0))) }
  }

  private func dictionary(_ annotations: [MinidumpSimpleAnnotation]) -> [String: String] {
    Dictionary(annotations.map { ($0.key, $0.value) }) { first, _ in first }
  }

  @Test(arguments: ServingHandler.all)
  func `are in the dump of every handler`(_ handler: ServingHandler) throws {
    let run = try VictimRun(["annotate", "die=segv"], handler: handler)
    defer { run.end() }
    #expect(run.termination.signal == 11)
    try #require(run.dumps().count == 1, "\(run.process.errorOutput)")
    try read(run.dumps()[0]) { reader in
      let module = try #require(reader.crashpadInfo?.modules.first { $0.moduleIndex == 0 })
      #expect(
        dictionary(module.simpleAnnotations) == ["simple": "second", "long": String(repeating: "x", count: 255)])
      let objects = Dictionary(module.annotations.map { ($0.name, $0) }) { first, _ in first }
      #expect(objects.count == module.annotations.count)
      let texts = objects.mapValues { String(decoding: $0.value, as: UTF8.self) }.filter { $0.key != "own" }
      #expect(
        texts == [
          "text": "Gehäuse \u{1F600}", "replaced": "second", "cut": "1234567", "negative": "\(Int.min)",
          "largest": "\(UInt64.max)", "flag": "true", "constant": "constant",
        ])
      #expect(objects.values.filter { $0.name != "own" }.allSatisfy { $0.kind == .string })
      #expect(objects["own"]?.kind.rawValue == 0x8000)
      #expect(objects["own"]?.value == [UInt8](repeating: 7, count: 20480))
      #expect(reader.streamBytes(Self.stream).map { [UInt8]($0) } == Array("content".utf8))

      let address = try #require(run.said("extra").flatMap { UInt64($0) })
      let memory = reader.memoryMap.bytes(at: address)?.prefix(3 * 4096)
      switch handler.origin {
      case .ours: #expect(memory.map { Array($0) } == [UInt8](repeating: 0x5a, count: 3 * 4096))
      // Both pass the ranges over on Linux.
      case .chromium, .sentry: #expect(memory == nil)
      }
    }
  }

  @Test(arguments: ServingHandler.all)
  func `are whole in every dump while threads change them`(_ handler: ServingHandler) throws {
    let run = try VictimRun(
      ["storm-of-annotations=4"] + [String](repeating: "dump", count: 8) + ["die=segv"], handler: handler)
    defer { run.end() }
    #expect(run.termination.signal == 11)
    let dumps = run.dumps()
    try #require(dumps.count == 9, "\(run.process.output) \(run.process.errorOutput)")
    for dump in dumps {
      try read(dump) { reader in
        let module = try #require(reader.crashpadInfo?.modules.first { $0.moduleIndex == 0 })
        #expect(Set(module.annotations.map(\.name)) == ["contested", "contested records"])
        let value = { (name: String) in module.annotations.first { $0.name == name }?.value }
        let records = try #require(value("contested records").flatMap { recordsInRing($0) })
        #expect(module.simpleAnnotations.map(\.key) == ["contested"])
        let stream = reader.streamBytes(MinidumpStreamType(rawValue: 0x4b6b_0078)).map { [UInt8]($0) }
        let dictionary = module.simpleAnnotations.first.map { Array($0.value.utf8) }
        for value in [value("contested"), dictionary, stream] + records {
          let value = try #require(value)
          let letter = try #require(value.first)
          #expect(value == [UInt8](repeating: letter, count: 1 + (Int(letter) - 0x61) * 9))
        }
      }
    }
  }

  @Test(arguments: ServingHandler.all)
  func `can say that there shall be no report`(_ handler: ServingHandler) throws {
    let run = try VictimRun(
      ["crashpad-info=disabled", "dump", "crashpad-info=enabled", "dump", "say=alive"], handler: handler)
    defer { run.end() }
    #expect(run.termination == .exited(status: 0))
    #expect(run.process.output.hasSuffix("ok\nok\nalive\n"), "\(run.process.output)")
    #expect(run.dumps().count == 1)
  }

  @Test(arguments: ServingHandler.all)
  func `can ask for what registers point to`(_ handler: ServingHandler) throws {
    func size(_ steps: [String]) throws -> UInt64 {
      let run = try VictimRun(steps + ["die=segv"], handler: handler)
      defer { run.end() }
      try #require(run.dumps().count == 1)
      return try read(run.dumps()[0]) { reader in
        let stacks = Set((reader.threads ?? []).map(\.stack?.start))
        return (reader.memoryList ?? []).filter { !stacks.contains($0.start) }.reduce(0) { $0 + $1.size }
      }
    }
    let gathered = try size(["threads=2", "crashpad-info=gather"])
    #expect(gathered > 0)
    // Ours takes what the crashing thread's registers point to without being asked.
    if handler.origin != .ours { #expect(try size(["threads=2"]) == 0) }
  }

  @Test(arguments: ServingHandler.all)
  func `can ask for less of the stacks`(_ handler: ServingHandler) throws {
    func largest(_ steps: [String]) throws -> UInt64 {
      let run = try VictimRun(steps + ["die=segv"], handler: handler)
      defer { run.end() }
      try #require(run.dumps().count == 1)
      return try read(run.dumps()[0]) { ($0.threads ?? []).reduce(0) { max($0, $1.stack?.size ?? 0) } }
    }
    #expect(try largest([]) > 4096)
    let limited = try largest(["crashpad-info=stack-limit"])
    #expect(limited > 0)
    if handler.origin == .ours { #expect(limited <= 4096) }
  }

  /// A library with its own note: the same C file, built into it.
  private static func library(in folder: TemporaryDirectory) throws -> FilePath {
    let library = folder.appending("libannotated.so")
    let shims = Peers.package.appending("Modules/CLinuxShims")
    let source = folder.appending("library.c")
    let text = """
      #include "crashpad_info.h"
      static struct crashpad_annotation node = {
          .name = "library", .value = "its own", .size = 7, .kind = CRASHPAD_KIND_STRING};
      __attribute__((constructor)) static void start(void) { crashpad_push_annotation(&node); }
      """
    try FileSystem.write(Array(text.utf8), to: source)
    let result = try RunningProcess.run(
      "/usr/bin/env",
      [
        "clang", "-shared", "-fPIC", "-O2", "-I\(shims.appending("include"))", "-o", library.description,
        source.description, shims.appending("crashpad_info.c").description,
      ])
    guard result.succeeded else { throw TestKitError(.system, result.errorOutput) }
    return library
  }

  @Test(arguments: ServingHandler.all)
  func `of a library are its own, beside those of the program`(_ handler: ServingHandler) throws {
    let folder = try TemporaryDirectory(prefix: "annotated")
    defer { folder.remove() }
    let library = try Self.library(in: folder)
    let run = try VictimRun(["load=\(library)", "annotate", "die=segv"], handler: handler)
    defer { run.end() }
    #expect(run.said("loaded") == "true")
    try #require(run.dumps().count == 1, "\(run.process.errorOutput)")
    try read(run.dumps()[0]) { reader in
      let modules = try #require(reader.crashpadInfo?.modules)
      #expect(modules.count == 2)
      let own = try #require(modules.first { $0.moduleIndex != 0 })
      #expect(own.annotations.map(\.name) == ["library"])
      #expect(own.annotations.map { String(decoding: $0.value, as: UTF8.self) } == ["its own"])
      #expect(own.simpleAnnotations.isEmpty)
      let name = try #require(reader.modules)[Int(own.moduleIndex)].name
      #expect(name.hasSuffix("libannotated.so"), "\(name)")
      #expect(modules.first { $0.moduleIndex == 0 }?.annotations.isEmpty == false)
    }
  }
}
