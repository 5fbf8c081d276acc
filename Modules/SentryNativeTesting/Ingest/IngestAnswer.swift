// Provides what the loopback server does with a request.

/// What a `LoopbackIngestServer` does with a request: what servers, proxies and networks really do.
public enum IngestAnswer: Sendable {
  /// 200 and an event id, in the form that Sentry's endpoint gives: text for a minidump, JSON for an envelope.
  case accepted
  /// Any status, after the body was read.
  case response(status: Int, headers: [String: String] = [:], body: String = "")
  /// 429 with `Retry-After` and `X-Sentry-Rate-Limits`, each if given.
  case rateLimited(retryAfter: String? = nil, limits: String? = nil)
  /// The body is read; the answer `then` comes after so many milliseconds.
  indirect case delayed(milliseconds: Int, then: IngestAnswer)
  /// The body is read; no answer comes until the server is stopped.
  case silence
  /// The connection is reset (RST) after the headers, without reading the body.
  case resetAtBody
  /// The body is read, then the connection is reset (RST).
  case resetAfterBody
  /// The status line and the headers announce more than is sent before the connection is closed.
  case brokenResponse
  /// The answer is sent and the connection closed without reading the body, as a proxy with a size limit does.
  case earlyResponse(status: Int)
  /// These bytes in place of an answer, then the end of the connection.
  case garbage(String)
  /// The answer `then`, a few bytes at a time with a pause after each.
  indirect case dripping(milliseconds: Int, then: IngestAnswer)

  /// The status that a client sees; `nil` when it sees none.
  public var status: Int? {
    switch self {
    case .accepted: 200
    case .response(let status, _, _): status
    case .rateLimited: 429
    case .delayed(_, let then), .dripping(_, let then): then.status
    case .earlyResponse(let status): status
    case .silence, .resetAtBody, .resetAfterBody, .brokenResponse, .garbage: nil
    }
  }
}
