// Provides an HTTP client of the application, and what its functions are given.
internal import CLinuxShims
internal import CSentry
internal import LinuxSystem
internal import SentryClient
internal import Uploader

/// The client that the application's factory has made, with its functions.
internal final class HTTPClientBox: @unchecked Sendable {
  // @unchecked: set up in one thread; requests come from one thread, the end from another, as the interface says.
  typealias Start = @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Int32
  typealias End = @convention(c) (UnsafeMutableRawPointer?) -> Void

  let client: UnsafeMutableRawPointer
  let send: sentry_http_client_send_func_t
  let free: End?
  var startFunction: Start?
  var shutdownFunction: End?

  init(_ client: UnsafeMutableRawPointer, send: @escaping sentry_http_client_send_func_t, free: End?) {
    self.client = client
    self.send = send
    self.free = free
  }

  deinit { free?(client) }

  func start(_ options: OpaquePointer) -> Bool {
    guard let startFunction else { return true }
    return startFunction(client, options) == 0
  }

  /// The engine's client that calls the application's.
  var engineClient: CustomHTTPClient {
    CustomHTTPClient(shutdown: { self.shutdown() }) { (request) throws(UploaderError) -> HTTPResponse in
      try self.execute(request)
    }
  }

  private func execute(_ request: HTTPRequest) throws(UploaderError) -> HTTPResponse {
    let given = HTTPRequestBox(request)
    let response = HTTPResponseBox()
    let isAnswered = send(
      client, OpaquePointer(Unmanaged.passUnretained(given).toOpaque()),
      OpaquePointer(Unmanaged.passUnretained(response).toOpaque()))
    withExtendedLifetime((given, response)) {}
    guard isAnswered != 0 else { throw UploaderError(.noConnection, "the application's client has no answer") }
    return HTTPResponse(status: Int(response.status), headers: response.headers)
  }

  /// Once.
  func shutdown() {
    if let shutdownFunction { shutdownFunction(client) }
    shutdownFunction = nil
  }
}

/// What `sentry_http_request_t` points to, for one call.
internal final class HTTPRequestBox: @unchecked Sendable {
  // @unchecked: lives for one call in one thread.
  let method: CText?
  let url: CText?
  let headers: [(name: CText, value: CText)]
  /// Ends with a NUL that does not count.
  let body: CText?
  let file: (path: CText, size: Int)?

  init(_ request: HTTPRequest) {
    method = CText.copy(request.method)
    url = CText.copy(request.url)
    headers = request.headers.compactMap { header in
      guard let name = CText.copy(header.name), let value = CText.copy(header.value) else { return nil }
      return (name: name, value: value)
    }
    var body: CText?
    var file: (path: CText, size: Int)?
    switch request.content {
    case .bytes(let bytes): body = CText.copy(bytes: bytes)
    case .path(let path):
      let size = Int(clamping: request.body.byteCount ?? 0)
      file = CText.copy(bytes: path.bytes).map { (path: $0, size: size) }
    case .descriptor, .strictPath, nil: body = CText.copy(bytes: request.body.all())
    }
    self.body = body
    self.file = file
  }

  static func borrow(_ pointer: OpaquePointer?) -> HTTPRequestBox? {
    pointer.map { Unmanaged<HTTPRequestBox>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }
}

extension ByteSource {
  /// Everything, for clients that take a body in one piece; empty when it cannot be read.
  fileprivate func all() -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = buffer.withUnsafeMutableBufferPointer { (try? read(into: UnsafeMutableRawBufferPointer($0))) ?? 0 }
      if count <= 0 { return bytes }
      bytes.append(contentsOf: buffer[..<count])
    }
  }
}

/// What `sentry_http_response_t` points to, for one call.
internal final class HTTPResponseBox: @unchecked Sendable {
  // @unchecked: lives for one call in one thread.
  var status: Int32 = 0
  var headers: [HTTPHeader] = []

  static func borrow(_ pointer: OpaquePointer?) -> HTTPResponseBox? {
    pointer.map { Unmanaged<HTTPResponseBox>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }
}
