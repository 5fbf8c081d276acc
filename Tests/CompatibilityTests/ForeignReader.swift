// Provides readers of minidumps that are not ours.
import Foundation
import LinuxSystem
import SentryNativeTesting
import Testing

/// What a reader saw, in the form that Tests/CompatibilityReaders/README.md describes.
struct ForeignReading: Decodable, Sendable {
  struct Crash: Decodable, Sendable {
    let thread: Int32
    let signal: String
    let address: String?
  }
  struct Thread: Decodable, Sendable {
    let id: Int32
    let name: String?
    let registers: [String: String]
  }
  struct Module: Decodable, Sendable {
    let name: String
    let base: String
    let debugId: String?
  }

  let file: String
  let error: String?
  let os: String?
  let cpu: String?
  let process: Int32?
  let crash: Crash?
  let threads: [Thread]?
  let frames: [String]?
  let modules: [Module]?
}

enum ForeignReader: String, CaseIterable, CustomTestStringConvertible, Sendable {
  case breakpad = "the Breakpad processor"
  case rustMinidump = "rust-minidump"
  case pythonMinidump = "PyPI's minidump"
  case lldb = "LLDB"

  var testDescription: String { rawValue }

  /// Reads all dumps with one process of the reader.
  func read(_ dumps: [FilePath]) throws -> [ForeignReading] {
    let names = dumps.map(\.description)
    switch self {
    case .breakpad: return try readings(Peers.python(), [Peers.reader("read_symbolic.py").description] + names)
    case .pythonMinidump: return try readings(Peers.python(), [Peers.reader("read_minidump.py").description] + names)
    case .rustMinidump:
      let arguments = [Peers.reader("read_stackwalk.py"), try Peers.minidumpStackwalk()].map(\.description)
      return try readings(Peers.python(), arguments + names)
    case .lldb:
      let folder = try TemporaryDirectory(prefix: "lldb")
      defer { folder.remove() }
      let output = folder.appending("readings")
      // LLDB must not look at the modules' files: what counts is what the dump says.
      let result = try RunningProcess.run(
        Peers.lldb(),
        [
          "-b", "-O", "settings set target.exec-search-paths /nonexistent",
          "-o", "command script import \(Peers.reader("read_lldb.py"))",
          "-o", "read_dumps \(output) \(names.joined(separator: " "))",
        ], environment: ["PYTHONDONTWRITEBYTECODE": "1"], timeout: .seconds(200))
      guard let bytes = try? FileSystem.read(output) else {
        throw TestKitError(.malformed, "lldb-19: \(result.output) \(result.errorOutput)")
      }
      return try Self.parse(bytes)
    }
  }

  private func readings(_ program: FilePath, _ arguments: [String]) throws -> [ForeignReading] {
    let result = try RunningProcess.run(program, arguments, timeout: .seconds(200))
    guard result.succeeded else { throw TestKitError(.malformed, "\(rawValue): \(result.errorOutput)") }
    return try Self.parse(result.outputBytes)
  }

  private static func parse(_ bytes: [UInt8]) throws -> [ForeignReading] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try bytes.split(separator: UInt8(ascii: "\n")).map {
      try decoder.decode(ForeignReading.self, from: Data($0))
    }
  }
}
