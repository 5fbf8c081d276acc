// Provides what a program of the zoo says about its crash before it happens.
import Foundation
import SentryNativeTesting

/// The line of JSON that CrashZoo prints.
struct CrashFacts: Decodable, Sendable {
  let flavor: String
  let process: Int32
  let thread: Int32
  let signal: Int32
  let code: Int32?
  let address: String?
  let message: String?
  let idleThreads: [Int32]
  let registers: [String: RegisterFact]?

  enum RegisterFact: Decodable, Sendable, Equatable {
    case general(String)
    case vector([String])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self = .general(text)
      } else {
        self = .vector(try container.decode([String].self))
      }
    }
  }

  init(output: String) throws {
    guard let line = output.split(separator: "\n").first else {
      throw TestKitError(.malformed, "CrashZoo said nothing before it died")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(CrashFacts.self, from: Data(line.utf8))
  }
}
