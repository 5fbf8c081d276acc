// Provides the seam between what is sent and how.

/// Sends requests. The product's implementation is `HTTPClient`; tests bring their own.
public protocol HTTPTransport: AnyObject {
  /// Sends one request and waits for its answer.
  ///
  /// - Throws: `UploaderError` when there was no complete answer. Every status is an answer.
  func send(_ request: HTTPRequest) throws(UploaderError) -> HTTPResponse
}

/// Which proxy is used.
public enum HTTPProxy: Sendable, Equatable {
  /// What libcurl finds in the environment: `https_proxy`, `http_proxy`, `no_proxy` (`libcurl-env(3)`).
  case environment
  /// None, whatever the environment says.
  case none
  /// `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT]` with the schemes that libcurl knows: http, https, socks5, ...
  case url(String)

  /// The value of the handler's option `--http-proxy`: empty means the environment, `<empty>` means none.
  public init(option: String) {
    switch option {
    case "": self = .environment
    case "<empty>": self = .none
    default: self = .url(option)
    }
  }
}

/// How an `HTTPClient` behaves.
public struct HTTPConfiguration: Sendable {
  /// For the name, the connection and TLS together. 15 s.
  public var connectTimeoutMilliseconds: Int = 15_000
  /// For the whole request, 60 s; 0 means no limit.
  public var timeoutMilliseconds: Int = 60_000
  /// Seconds in which no byte goes or comes, after which a request is given up; 0 means no limit. For requests whose
  /// whole time is not limited.
  public var stallTimeoutSeconds: Int = 0
  public var proxy: HTTPProxy = .environment
  /// Path of a file of PEM certificates that replaces the system's authorities.
  public var certificateFile: String?
  /// The `User-Agent` header; see `UserAgent`.
  public var userAgent: String
  /// Whether libcurl and its version stand in that header too, behind the product, as Crashpad has it.
  public var namesLibrary = true
  /// How much of a response's body is kept, in bytes. 64 KiB.
  public var responseBodyLimit: Int = 64 * 1024
  /// Keeps the connection open for the next request. A handler does not; a transport of many envelopes does.
  public var keepsConnection = false
  /// Asked about once a second (and more often while bytes flow) on the sending thread; `true` ends the transfer with
  /// the error `cancelled`.
  public var isCancelled: (@Sendable () -> Bool)?

  /// A descriptor that can be read as soon as the transfer is to end with the error `cancelled`, at once and not when
  /// `isCancelled` is asked next. It must stay open as long as the client lives.
  public var cancellation: Int32?

  public init(userAgent: String = UserAgent.standard()) { self.userAgent = userAgent }
}
