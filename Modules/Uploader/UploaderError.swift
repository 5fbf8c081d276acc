// Provides the error of this module.

/// Why something could not be sent. A response with a bad status is no error but an `HTTPResponse`.
public struct UploaderError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure, for decisions.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// libcurl (or zlib, where it was asked for) is not installed or too old. Nothing was sent.
    public static let libraryMissing = Code(rawValue: 1)
    /// The URL or a header is not one that can be sent. Nothing was sent.
    public static let invalidRequest = Code(rawValue: 2)
    /// A file that belongs to the body could not be read to its end.
    public static let bodyUnreadable = Code(rawValue: 3)
    /// No answer: the name, the connection, TLS or the proxy failed, or the connection broke.
    public static let noConnection = Code(rawValue: 4)
    /// No complete answer within the time limits.
    public static let timedOut = Code(rawValue: 5)
    /// The caller ended the transfer.
    public static let cancelled = Code(rawValue: 6)
    /// The compressor refused its input; only a lack of memory does that.
    public static let compressionFailed = Code(rawValue: 7)
  }

  /// The kind of failure.
  public let code: Code
  /// What happened and, where somebody can, what to do about it.
  public let message: String
  /// libcurl's number (`libcurl-errors(3)`); 0 when the failure is not libcurl's.
  public let curlCode: Int32

  public init(_ code: Code, _ message: String, curlCode: Int32 = 0) {
    self.code = code
    self.message = message
    self.curlCode = curlCode
  }

  public var description: String { curlCode == 0 ? message : "\(message) (libcurl error \(curlCode))" }
}
