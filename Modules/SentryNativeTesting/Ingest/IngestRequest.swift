// Provides a request that the loopback server received.

/// One request, decoded.
public struct IngestRequest: Sendable {
  /// `POST`.
  public var method: String
  /// The target of the request line: path and query.
  public var target: String
  /// Header lines in order, names in lower case.
  public var headers: [(name: String, value: String)]
  /// The body without transfer coding, as it was sent: compressed, if it was.
  public var encodedBody: [UInt8]
  /// The body without content coding.
  public var body: [UInt8]
  /// The form, when the body is `multipart/form-data`.
  public var form: ReceivedForm?
  /// Whether the whole body arrived and could be decoded.
  public var isComplete: Bool
  /// Numbers the connections of the server from 0: requests of one kept connection have the same.
  public var connection: Int
  /// The status of the answer that the server gave, or meant to give; `nil` when it gave none.
  public var answeredStatus: Int?

  /// The value of the first header of that name (lower case).
  public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  /// The target without its query.
  public var path: String { String(target.prefix { $0 != "?" }) }

  /// The query's parameters, as they were sent.
  public var query: [String: String] {
    guard let mark = target.firstIndex(of: "?") else { return [:] }
    var result: [String: String] = [:]
    for pair in target[target.index(after: mark)...].split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      result[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
    }
    return result
  }

  /// The kind of endpoint that was asked.
  public enum Endpoint: Sendable { case minidump, envelope, other }

  /// By the last component of the path.
  public var endpoint: Endpoint {
    switch path.split(separator: "/").last {
    case "minidump": .minidump
    case "envelope": .envelope
    default: .other
    }
  }

  /// The minidump's bytes, when the form has one.
  public var minidump: [UInt8]? { form?.file("upload_file_minidump")?.content }
}

/// A `multipart/form-data` body.
public struct ReceivedForm: Sendable {
  /// A part, field or file.
  public struct Part: Sendable {
    /// The field's name.
    public var name: String
    /// `nil` for a form field.
    public var filename: String?
    /// The part's own `Content-Type`; `nil` when there was none.
    public var contentType: String?
    /// What was sent, without the part's headers.
    public var content: [UInt8]
    /// The content as text.
    public var text: String { String(decoding: content, as: UTF8.self) }
  }

  /// All parts in the order in which they came.
  public var parts: [Part]

  /// The form fields' values as text.
  public var fields: [String: String] {
    var result: [String: String] = [:]
    for part in parts where part.filename == nil { result[part.name] = part.text }
    return result
  }

  /// The file parts.
  public var files: [Part] { parts.filter { $0.filename != nil } }

  /// The file part of that name.
  public func file(_ name: String) -> Part? { files.first { $0.name == name } }
}
