// Provides an application's own HTTP in place of libcurl.
public import Uploader

/// Executes the transport's requests; queue, limits, retries, cache and reports stay the transport's.
public final class CustomHTTPClient: HTTPTransport, @unchecked Sendable {
  // @unchecked: the functions are called by one thread at a time, but for `shutdown`.
  /// Executes one request and waits for its answer; throws where there is none.
  public typealias Send = (HTTPRequest) throws(UploaderError) -> HTTPResponse

  private let execute: Send
  private let starting: ((TransportContext) -> Bool)?
  private let ending: (() -> Void)?

  /// - Parameters:
  ///   - start: called once when the SDK starts; `false` when nothing can be sent.
  ///   - shutdown: called once at the end, perhaps while a request is under way.
  ///   - send: called on the transport's thread.
  public init(
    start: ((TransportContext) -> Bool)? = nil, shutdown: (() -> Void)? = nil, send: @escaping Send
  ) {
    execute = send
    starting = start
    ending = shutdown
  }

  public func send(_ request: HTTPRequest) throws(UploaderError) -> HTTPResponse { try execute(request) }

  internal func start(_ context: TransportContext) -> Bool { starting?(context) ?? true }
  internal func shutdown() { ending?() }
}
