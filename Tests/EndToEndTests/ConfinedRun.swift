// Provides one crash where client, handler or both have fewer rights than usual, and the report of it.
import CLinuxShims
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

/// A program with our client that crashed under confinement.
struct ConfinedRun {
  let directory: TemporaryDirectory
  let victim: RunningProcess
  let termination: ProcessTermination
  private let milliseconds: Int64

  /// Runs the victim to its end.
  ///
  /// - Parameters:
  ///   - handlerUnder, clientUnder: a program that starts the other one, and its arguments. In the client's, `exec "$@"` of a
  ///     shell stands for it.
  ///   - steps: of the victim; the last one is its death.
  init(
    _ handler: FilePath, handlerUnder: [String] = [], clientUnder: [String] = [],
    steps: [String] = ["waiting-thread", "start", "die=segv"]
  ) throws {
    directory = try TemporaryDirectory(prefix: "confined")
    // Another user than this one must find its way and make its database.
    try #require(chmod(directory.path.description, 0o777) == 0)
    var start = handler.description
    if !handlerUnder.isEmpty {
      start = directory.appending("handler").description
      let words = (handlerUnder + [handler.description]).map { "'" + $0.replacing("'", with: "'\\''") + "'" }
      try ProgramFile.write(Array("#!/bin/sh\nexec \(words.joined(separator: " ")) \"$@\"\n".utf8), to: FilePath(start))
    }
    let command =
      clientUnder + [
        TestProducts.folder.appending("CrashVictim").description, "handler=\(start)",
        "database=\(directory.appending("database"))", "argument=--log-file=\(directory.appending("log"))",
        "dump-timeout=\(Self.patience)",
      ] + steps
    let begin = MonotonicInstant.now()
    victim = try RunningProcess(
      FilePath(command[0]), Array(command.dropFirst()), environment: ["SWIFT_BACKTRACE": "enable=no"])
    do { termination = try victim.wait() } catch {
      victim.end()
      throw error
    }
    milliseconds = (MonotonicInstant.now().nanoseconds - begin.nanoseconds) / 1_000_000
  }

  func end() {
    victim.end()
    directory.remove()
  }

  /// How long the client waits for its dump, in milliseconds.
  private static let patience: Int64 = 60_000

  /// Whether the program ended before the client's patience did.
  var isSoon: Bool { milliseconds < Self.patience * 3 / 4 }

  /// By its own signal.
  var died: Bool { if case .signaled(11, _) = termination { true } else { false } }

  var log: String {
    String(decoding: (try? FileSystem.read(directory.appending("log"))) ?? [], as: UTF8.self)
  }

  /// For messages of failed expectations.
  var story: String { "\(termination) \(victim.output) \(victim.errorOutput) \(log)" }

  func dumps() -> [FilePath] {
    let folder = directory.appending("database/pending")
    return ((try? FileSystem.entries(of: folder)) ?? []).map { folder.appending(bytes: $0) }.filter {
      $0.description.hasSuffix(".dmp")
    }
  }

  /// The annotations of a dump that say by which rung it came about.
  static func rungs(_ dump: FilePath) throws -> (threads: String?, memory: String?) {
    let bytes = try FileSystem.read(dump)
    return try bytes.withUnsafeBytes { buffer in
      let info = try MinidumpReader(MinidumpBytes(unowned: buffer)).crashpadInfo
      func value(_ key: String) -> String? { info?.simpleAnnotations.first { $0.key == key }?.value }
      return (value("capture_threads"), value("capture_memory"))
    }
  }

  /// What the dump says of what it lacks.
  static func softErrors(_ dump: FilePath) throws -> String {
    let bytes = try FileSystem.read(dump)
    return try bytes.withUnsafeBytes { buffer in
      let reader = try MinidumpReader(MinidumpBytes(unowned: buffer))
      return String(decoding: reader.streamBytes(.softErrors).map { [UInt8]($0) } ?? [], as: UTF8.self)
    }
  }

  /// Expects one whole report: the fault, the thread, its stack and modules, and how it was got.
  @discardableResult
  func expectReport(threads: String, memory: String, errors: String? = nil) throws -> ShownDump {
    defer { end() }
    #expect(died, "\(story)")
    let dumps = dumps()
    try #require(dumps.count == 1, "\(story)")
    let rungs = try Self.rungs(dumps[0])
    #expect(rungs.threads == threads, "\(story)")
    #expect(rungs.memory == memory, "\(story)")
    if let errors { #expect(try Self.softErrors(dumps[0]).contains(errors)) }
    let shown = try ShownDump(dumps[0])
    #expect(shown.exception?.code.value == 11)
    #expect(shown.exception?.address.value == 16)
    let crashed = shown.threads.first { $0.id == shown.exception?.threadId }
    #expect(crashed?.registers?["rip"]?.value ?? 0 > 4096)
    #expect(shown.modules.contains { $0.name.hasSuffix("CrashVictim") })
    #expect(shown.modules.contains { $0.name.contains("libc.so") })
    #expect(isSoon, "nobody waits for the end of the client's patience: \(story)")
    return shown
  }
}
