// Provides the command line of sentry-ingest.
import SentryNativeTesting

/// What the program was asked to do.
struct Options {
  var directory: String?
  var port: UInt16 = 0
  var requests: Int?
  var timeout = 60
  var answer = IngestAnswer.accepted
  var help = false

  /// An argument that is not understood.
  struct UsageError: Error, CustomStringConvertible {
    let argument: String
    var description: String { "cannot use \"\(argument)\"; try --help" }
  }

  init(_ arguments: some Sequence<String>) throws {
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count > 1 ? String(parts[1]) : nil
      switch (parts[0], value) {
      case ("--help", nil): help = true
      case ("--silent", nil): answer = .silence
      case ("--directory", let path?): directory = path
      case ("--port", let text?): port = try Self.number(text, argument)
      case ("--requests", let text?): requests = try Self.number(text, argument) as Int
      case ("--timeout", let text?): timeout = min(try Self.number(text, argument), 86_400)
      case ("--answer", let text?):
        let status: Int = try Self.number(text, argument)
        answer =
          switch status {
          case 200: .accepted
          case 429: .rateLimited(retryAfter: "60")
          default: .response(status: status)
          }
      default: throw UsageError(argument: argument)
      }
    }
  }

  private static func number<Number: FixedWidthInteger>(_ text: String, _ argument: String) throws -> Number {
    guard let number = Number(text), number >= 0 else { throw UsageError(argument: argument) }
    return number
  }
}
