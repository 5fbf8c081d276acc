// Provides a response as a value.

/// An answer of a server. It is hostile input: sizes and counts are capped.
public struct HTTPResponse: Sendable {
  /// The status code, 100 ... 999.
  public var status: Int
  /// Names in lower case; at most 100 lines and 64 KiB, the rest is dropped.
  public var headers: [HTTPHeader]
  /// The beginning of the body, as many bytes as the client was told to keep.
  public var body: [UInt8]
  /// Whether there was more body than was kept.
  public var isTruncated: Bool

  public init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = [], isTruncated: Bool = false) {
    self.status = status
    self.headers = headers
    self.body = body
    self.isTruncated = isTruncated
  }

  /// 200 ... 299.
  public var isSuccess: Bool { status >= 200 && status <= 299 }

  /// The values of all lines of that name, joined by commas as RFC 9110 section 5.3 allows; `nil` without one.
  public func header(_ name: String) -> String? {
    var result: String?
    for header in headers where header.name == name {
      result = result.map { "\($0), \(header.value)" } ?? header.value
    }
    return result
  }
}
