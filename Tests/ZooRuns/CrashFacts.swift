// Provides what a program of the zoo says about its crash before it happens.
import Foundation
import SentryNativeTesting

/// The line of JSON that CrashZoo prints.
package struct CrashFacts: Decodable, Sendable {
  package let flavor: String
  package let process: Int32
  package let thread: Int32
  package let signal: Int32
  package let code: Int32?
  package let address: String?
  package let message: String?
  package let idleThreads: [Int32]
  package let registers: [String: RegisterFact]?

  package enum RegisterFact: Decodable, Sendable, Equatable {
    case general(String)
    case vector([String])

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self = .general(text)
      } else {
        self = .vector(try container.decode([String].self))
      }
    }
  }

  package init(output: String) throws {
    guard let line = output.split(separator: "\n").first else {
      throw TestKitError(.malformed, "CrashZoo said nothing before it died")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(CrashFacts.self, from: Data(line.utf8))
  }
}
