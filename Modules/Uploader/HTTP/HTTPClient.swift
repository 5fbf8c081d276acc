// Provides HTTP over libcurl.
internal import CCurl
internal import CLinuxShims
internal import LinuxSystem

/// Sends requests by libcurl, which is opened when the first request is sent.
///
/// One thread at a time. Redirects are not followed. No signal is sent, handled or left pending: SIGALRM is not used,
/// SIGPIPE is held back while a request is under way.
public final class HTTPClient: HTTPTransport {
  public var configuration: HTTPConfiguration
  private var library: CurlLibrary?
  /// The connection's owner, kept when `keepsConnection` is set.
  private var handle: UnsafeMutableRawPointer?
  /// The connection's owner where a transfer waits for `configuration.cancellation` too.
  private var multi: UnsafeMutableRawPointer?

  public init(_ configuration: HTTPConfiguration = HTTPConfiguration()) { self.configuration = configuration }

  deinit { closeConnection() }

  /// Ends a connection that was kept open.
  public func closeConnection() {
    if let handle, let library { library.withTable { curl_table_easy_cleanup($0, handle) } }
    handle = nil
    if let multi, let library { library.withTable { curl_table_multi_cleanup($0, multi) } }
    multi = nil
  }

  /// Opens libcurl now, to learn early whether anything can be sent.
  ///
  /// - Returns: its name and version, `libcurl/7.88.1`.
  /// - Throws: `libraryMissing`.
  @discardableResult
  public func prepare() throws(UploaderError) -> String { try openLibrary().version }

  private func openLibrary() throws(UploaderError) -> CurlLibrary {
    if let library { return library }
    let opened = try CurlLibrary()
    library = opened
    return opened
  }

  public func send(_ request: HTTPRequest) throws(UploaderError) -> HTTPResponse {
    try request.validate()
    let library = try openLibrary()
    let handle = try takeHandle(library)
    defer {
      // A handle that is kept must not point to this request's callbacks.
      library.withTable { curl_table_easy_reset($0, handle) }
      if !configuration.keepsConnection { closeConnection() }
    }

    let transfer = HTTPTransfer(
      body: request.body, bodyLimit: configuration.responseBodyLimit, isCancelled: configuration.isCancelled)
    let options = CurlOptions(library: library, handle: handle)
    defer { options.release() }
    try options.apply(configuration)
    try options.apply(request)
    try options.connect(transfer)

    let code = withSignalHeld(SIGPIPE) { perform(library, handle) }
    var status = 0
    _ = library.withTable { curl_table_get_long($0, handle, CURLINFO_RESPONSE_CODE, &status) }
    return try transfer.result(code, status: status, text: library.text(of: code))
  }

  private func perform(_ library: CurlLibrary, _ handle: UnsafeMutableRawPointer) -> CURLcode {
    guard let descriptor = configuration.cancellation, library.waitsForDescriptors else {
      return library.withTable { curl_table_perform($0, handle) }
    }
    if multi == nil { multi = library.withTable { curl_table_multi_init($0) } }
    guard let multi else { return library.withTable { curl_table_perform($0, handle) } }
    return library.withTable { curl_table_perform_until($0, multi, handle, descriptor) }
  }

  private func takeHandle(_ library: CurlLibrary) throws(UploaderError) -> UnsafeMutableRawPointer {
    if let handle { return handle }
    guard let created = library.withTable({ curl_table_easy_init($0) }) else {
      throw UploaderError(.libraryMissing, "libcurl has no memory for a request")
    }
    handle = created
    return created
  }
}

/// Blocks a signal in this thread during `body` and forgets one that came meanwhile: OpenSSL writes to sockets without
/// MSG_NOSIGNAL, and libcurl ignores SIGPIPE for the whole process unless it is told to leave signals alone.
private func withSignalHeld<Result>(_ signal: Int32, _ body: () -> Result) -> Result {
  var only = sigset_t()
  var old = sigset_t()
  var pending = sigset_t()
  sigemptyset(&only)
  sigaddset(&only, signal)
  sigpending(&pending)
  let wasPending = sigismember(&pending, signal) == 1
  pthread_sigmask(SIG_BLOCK, &only, &old)
  let result = body()
  if !wasPending && sigismember(&old, signal) == 0 {
    var none = timespec()
    while sigtimedwait(&only, nil, &none) < 0 && Errno.current == .interrupted {}
  }
  pthread_sigmask(SIG_SETMASK, &old, nil)
  return result
}
