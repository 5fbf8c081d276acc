// Provides a dump as `crashctl show --json` tells it.
import Foundation
import LinuxSystem
import SentryNativeTesting

/// The part of the output that the tests look at; docs of crashctl describe all of it.
package struct ShownDump: Decodable, Sendable {
  package struct Process: Decodable, Sendable { package let pid: Int32 }
  package struct Exception: Decodable, Sendable {
    package let threadId: Int32
    package let code: Number
    package let flags: Number
    package let address: Number
    package let codeName: String?
  }
  package struct Thread: Decodable, Sendable {
    package let id: Int32
    package let name: String?
    package let registers: [String: Number]?
    package let stack: Stack?
  }
  package struct Stack: Decodable, Sendable {
    package let start: Number
    package let size: Number
  }
  package struct Module: Decodable, Sendable {
    package let base: Number
    package let name: String
    package let debugId: String?
  }

  package let process: Process
  package let exception: Exception?
  package let threads: [Thread]
  package let modules: [Module]
  package let softErrors: [String]?

  /// A number of the output: `"0x…"` where it may have 64 bits, a plain one elsewhere.
  package struct Number: Decodable, Sendable, Equatable {
    package let value: UInt64

    package init(from decoder: any Decoder) throws {
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
  package init(_ dump: FilePath) throws {
    let result = try RunningProcess.run(TestProducts.crashctl, ["show", dump.description, "--json"])
    guard result.succeeded else {
      throw TestKitError(.malformed, "crashctl show \(dump): \(result.termination) \(result.errorOutput)")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(ShownDump.self, from: Data(result.outputBytes))
  }
}
