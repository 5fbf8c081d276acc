// Provides the corpus of minidumps of many producers, where it is there.

import Foundation
import Testing

/// A folder with dumps and what other tools read from them. It is no part of this repository: tests over it run where
/// it lies beside the repository, or where `MINIDUMP_CORPUS` names it, and are skipped elsewhere.
enum Corpus {
  static let folder: URL? = {
    if let path = ProcessInfo.processInfo.environment["MINIDUMP_CORPUS"] {
      return URL(fileURLWithPath: path, isDirectory: true)
    }
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder = package.deletingLastPathComponent().appendingPathComponent("shared/corpus", isDirectory: true)
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }()

  static var isPresent: Bool { folder != nil }
  static let absence = "the corpus of dumps is not here: set MINIDUMP_CORPUS to its folder"

  struct Dump: CustomTestStringConvertible, Sendable {
    let file: String
    /// JSON text of the expectations.
    let json: Data
    var testDescription: String { file }
    func expected() throws -> Value { Value(try JSONSerialization.jsonObject(with: json)) }
    func bytes() throws -> [UInt8] {
      guard let folder = Corpus.folder else { return [] }
      return [UInt8](try Data(contentsOf: folder.appendingPathComponent("dumps/\(file)")))
    }
  }

  static let dumps: [Dump] = {
    guard let folder, let data = try? Data(contentsOf: folder.appendingPathComponent("expected.json")),
      let root = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let dumps = root["dumps"] as? [[String: Any]]
    else { return [] }
    return dumps.compactMap { dump in
      guard let file = dump["file"] as? String, let json = try? JSONSerialization.data(withJSONObject: dump) else {
        return nil
      }
      return Dump(file: file, json: json)
    }
  }()

  /// Damaged dumps, name and bytes.
  static func hostile() throws -> [(name: String, bytes: [UInt8])] {
    guard let archive = folder?.appendingPathComponent("hostile.tar.gz") else { return [] }
    let target = FileManager.default.temporaryDirectory.appendingPathComponent("minidump-hostile-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: target) }
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = ["tar", "xzf", archive.path, "-C", target.path]
    try tar.run()
    tar.waitUntilExit()
    let files = try FileManager.default.subpathsOfDirectory(atPath: target.path).filter { $0.hasSuffix(".dmp") }
    return try files.sorted().map { ($0, [UInt8](try Data(contentsOf: target.appendingPathComponent($0)))) }
  }
}

/// A JSON value that is read without ceremony: what is absent reads as nil.
struct Value {
  let raw: Any?
  init(_ raw: Any?) { self.raw = raw is NSNull ? nil : raw }
  subscript(_ key: String) -> Value { Value((raw as? [String: Any])?[key]) }
  subscript(_ index: Int) -> Value {
    guard let list = raw as? [Any], list.indices.contains(index) else { return Value(nil) }
    return Value(list[index])
  }
  var isNull: Bool { raw == nil }
  var list: [Value] { (raw as? [Any] ?? []).map { Value($0) } }
  var keys: [String] { (raw as? [String: Any] ?? [:]).keys.sorted() }
  var text: String? { raw as? String }
  var number: UInt64? { (raw as? NSNumber)?.uint64Value }
  /// A number, or text in hex.
  var hex: UInt64? { text.flatMap { UInt64($0.dropFirst(2), radix: 16) } }
}

/// SHA-256 (FIPS 180-4), to compare with digests in the expectations.
enum SHA256 {
  private static let primes: [UInt64] = {
    var found: [UInt64] = []
    var candidate: UInt64 = 2
    while found.count < 64 {
      if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
      candidate += 1
    }
    return found
  }()

  /// The first 32 bits of the fractional part of a root of a prime.
  private static func fraction(_ prime: UInt64, cube: Bool) -> UInt32 {
    // floor(root * 2^32) by binary search over integers; 128-bit arithmetic keeps it exact.
    var (low, high): (UInt128, UInt128) = (0, 1 << 37)
    while low + 1 < high {
      let middle = (low + high) / 2
      let fits: Bool
      if cube {
        fits = middle * middle * middle <= UInt128(prime) << 96
      } else {
        fits = middle * middle <= UInt128(prime) << 64
      }
      if fits { low = middle } else { high = middle }
    }
    return UInt32(truncatingIfNeeded: low)
  }

  private static let constants = primes.map { fraction($0, cube: true) }
  private static let start = primes.prefix(8).map { fraction($0, cube: false) }

  static func hex(_ bytes: some Collection<UInt8>) -> String {
    var message = [UInt8](bytes)
    let bits = UInt64(message.count) * 8
    message.append(0x80)
    while message.count % 64 != 56 { message.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) { message.append(UInt8(truncatingIfNeeded: bits >> shift)) }
    var state = start
    var words = [UInt32](repeating: 0, count: 64)
    for block in stride(from: 0, to: message.count, by: 64) {
      for index in 0..<16 {
        words[index] = (0..<4).reduce(0) { $0 << 8 | UInt32(message[block + index * 4 + $1]) }
      }
      for index in 16..<64 {
        let (a, b) = (words[index - 15], words[index - 2])
        let first = rotate(a, 7) ^ rotate(a, 18) ^ a >> 3
        let second = rotate(b, 17) ^ rotate(b, 19) ^ b >> 10
        words[index] = words[index - 16] &+ first &+ words[index - 7] &+ second
      }
      var s = state
      for index in 0..<64 {
        let first = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)
        let choice = s[4] & s[5] ^ ~s[4] & s[6]
        let one = s[7] &+ first &+ choice &+ constants[index] &+ words[index]
        let second = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)
        let majority = s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2]
        s = [one &+ second &+ majority, s[0], s[1], s[2], s[3] &+ one, s[4], s[5], s[6]]
      }
      for index in 0..<8 { state[index] &+= s[index] }
    }
    return state.map { word in
      let text = String(word, radix: 16)
      return String(repeating: "0", count: 8 - text.count) + text
    }.joined()
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }
}
