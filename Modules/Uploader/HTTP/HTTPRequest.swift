// Provides a request as a value.

/// A header line. Names compare without case; this module writes them in lower case.
public struct HTTPHeader: Sendable, Equatable {
  public var name: String
  public var value: String
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// A request. Its body can be read once, so each attempt makes a new one.
public struct HTTPRequest {
  /// `POST`, or `PATCH` for the bytes of a resumable upload.
  public var method = "POST"
  /// An absolute URL of scheme `http` or `https`.
  public var url: String
  public var headers: [HTTPHeader]
  public var body: any ByteSource
  /// What the body is made of, for transports that rather have it in one piece; `nil` when it only comes as a stream.
  public var content: BodyContent?

  public init(url: String, headers: [HTTPHeader], body: any ByteSource) {
    self.url = url
    self.headers = headers
    self.body = body
  }

  /// Refuses what would change the meaning of the request: other schemes (libcurl also knows `file:`), control
  /// characters, line ends in headers.
  internal func validate() throws(UploaderError) {
    guard !method.isEmpty, method.utf8.allSatisfy({ $0 >= 0x41 && $0 <= 0x5a }) else {
      throw UploaderError(.invalidRequest, "the method must be a word of capital letters")
    }
    let text = Array(url.utf8)
    let scheme = String(decoding: text.prefix { $0 != UInt8(ascii: ":") }.map { $0 | 0x20 }, as: UTF8.self)
    guard scheme == "http" || scheme == "https" else {
      throw UploaderError(.invalidRequest, "the URL must begin with http:// or https://")
    }
    guard text.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
      throw UploaderError(.invalidRequest, "the URL has spaces or control characters in it")
    }
    for header in headers {
      guard (header.name + header.value).utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
        throw UploaderError(.invalidRequest, "the header \(header.name) has control characters in it")
      }
    }
  }
}
