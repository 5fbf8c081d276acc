// Provides a dump as `crashctl show --json` tells it.
import Foundation
import LinuxSystem
import SentryNativeTesting

/// The part of the output that the tests look at; docs of crashctl describe all of it.
struct ShownDump: Decodable, Sendable {
  struct Process: Decodable, Sendable { let pid: Int32 }
  struct Exception: Decodable, Sendable {
    let threadId: Int32
    let code: Number
    let flags: Number
    let address: Number
    let codeName: String?
  }
  struct Thread: Decodable, Sendable {
    let id: Int32
    let name: String?
    let registers: [String: Number]?
  }
  struct Module: Decodable, Sendable {
    let base: Number
    let name: String
    let debugId: String?
  }

  let process: Process
  let exception: Exception?
  let threads: [Thread]
  let modules: [Module]
  let softErrors: [String]?

  /// A number of the output: `"0x…"` where it may have 64 bits, a plain one elsewhere.
  struct Number: Decodable, Sendable, Equatable {
    let value: UInt64

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        guard text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16) else {
          throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no hexadecimal number")
        }
        self.value = value
      } else {
        value = try container.decode(UInt64.self)
      }
    }
  }

  /// Has crashctl read the dump.
  init(_ dump: FilePath) throws {
    let result = try RunningProcess.run(TestProducts.crashctl, ["show", dump.description, "--json"])
    guard result.succeeded else {
      throw TestKitError(.malformed, "crashctl show \(dump): \(result.termination) \(result.errorOutput)")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(ShownDump.self, from: Data(result.outputBytes))
  }
}
