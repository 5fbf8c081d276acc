// Provides the settings of one transfer in libcurl's terms.
internal import CCurl
internal import LinuxSystem

extension CurlLibrary {
  /// libcurl's text for a result.
  internal func text(of code: CURLcode) -> String {
    withTable { curl_table_strerror($0, code) }.map { String(cString: $0) } ?? "unknown error"
  }
}

/// Sets options of an easy handle. Sources: `curl_easy_setopt(3)` and the page of each option.
internal final class CurlOptions {
  private let library: CurlLibrary
  private let handle: UnsafeMutableRawPointer
  private var headerList: UnsafeMutablePointer<curl_slist>?

  internal init(library: CurlLibrary, handle: UnsafeMutableRawPointer) {
    self.library = library
    self.handle = handle
  }

  /// Frees what the handle pointed to; to be called after the transfer.
  internal func release() {
    let list = headerList
    library.withTable { curl_table_slist_free_all($0, list) }
    headerList = nil
  }

  internal func apply(_ configuration: HTTPConfiguration) throws(UploaderError) {
    try set(CURLOPT_NOSIGNAL, 1)
    let handle = handle
    try check(library.withTable { curl_table_close_on_exec($0, handle) })
    try set(CURLOPT_FOLLOWLOCATION, 0)
    try set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeoutMilliseconds)
    try set(CURLOPT_TIMEOUT_MS, configuration.timeoutMilliseconds)
    if configuration.stallTimeoutSeconds > 0 {
      try set(CURLOPT_LOW_SPEED_LIMIT, 1)
      try set(CURLOPT_LOW_SPEED_TIME, configuration.stallTimeoutSeconds)
    }
    try set(
      CURLOPT_USERAGENT,
      configuration.namesLibrary
        ? UserAgent.adding(library.version, to: configuration.userAgent) : configuration.userAgent)
    // Empty: every encoding that this libcurl can undo.
    try set(CURLOPT_ACCEPT_ENCODING, "")
    switch configuration.proxy {
    case .environment: break
    case .none: try set(CURLOPT_PROXY, "")
    case .url(let url): try set(CURLOPT_PROXY, url)
    }
    if let file = configuration.certificateFile ?? CertificateFile.find()?.description {
      try set(CURLOPT_CAINFO, file)
    }
  }

  internal func apply(_ request: HTTPRequest) throws(UploaderError) {
    try set(CURLOPT_URL, request.url)
    try set(CURLOPT_POST, 1)
    if request.method != "POST" { try set(CURLOPT_CUSTOMREQUEST, request.method) }
    for header in request.headers { try append("\(header.name): \(header.value)") }
    // No waiting for "100 Continue", which many servers do not send.
    try append("Expect:")
    if let count = request.body.byteCount {
      let handle = handle
      try check(library.withTable { curl_table_set_offset($0, handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(count)) })
    } else {
      try append("Transfer-Encoding: chunked")
    }
    let handle = handle
    let list = headerList
    try check(library.withTable { curl_table_set_list($0, handle, CURLOPT_HTTPHEADER, list) })
  }

  /// Lets the transfer provide the body and take the answer. It must outlive the transfer.
  internal func connect(_ transfer: HTTPTransfer) throws(UploaderError) {
    let context = Unmanaged.passUnretained(transfer).toOpaque()
    try set(CURLOPT_READFUNCTION, HTTPTransfer.readCallback, CURLOPT_READDATA, context)
    try set(CURLOPT_WRITEFUNCTION, HTTPTransfer.writeCallback, CURLOPT_WRITEDATA, context)
    try set(CURLOPT_HEADERFUNCTION, HTTPTransfer.headerCallback, CURLOPT_HEADERDATA, context)
    if transfer.isCancelled != nil {
      let handle = handle
      try check(library.withTable { curl_table_set_pointer($0, handle, CURLOPT_XFERINFODATA, context) })
      try check(
        library.withTable {
          curl_table_set_progress($0, handle, CURLOPT_XFERINFOFUNCTION, HTTPTransfer.progressCallback)
        })
      try set(CURLOPT_NOPROGRESS, 0)
    }
  }

  private func append(_ header: String) throws(UploaderError) {
    let list = headerList
    let longer = FilePath(header).withCString { text in
      library.withTable { curl_table_slist_append($0, list, text) }
    }
    guard let longer else { throw UploaderError(.libraryMissing, "libcurl has no memory for a header") }
    headerList = longer
  }

  private func set(_ option: CURLoption, _ value: Int) throws(UploaderError) {
    let handle = handle
    try check(library.withTable { curl_table_set_long($0, handle, option, value) })
  }

  private func set(_ option: CURLoption, _ value: String) throws(UploaderError) {
    let handle = handle
    // libcurl copies strings.
    let code = FilePath(value).withCString { text in
      library.withTable { curl_table_set_string($0, handle, option, text) }
    }
    try check(code)
  }

  private func set(
    _ option: CURLoption, _ function: curl_table_transfer, _ data: CURLoption, _ context: UnsafeMutableRawPointer
  ) throws(UploaderError) {
    let handle = handle
    try check(library.withTable { curl_table_set_transfer($0, handle, option, function) })
    try check(library.withTable { curl_table_set_pointer($0, handle, data, context) })
  }

  private func check(_ code: CURLcode) throws(UploaderError) {
    if code == CURLE_OK { return }
    throw UploaderError(
      .libraryMissing, "the libcurl that was found does not take a needed option: \(library.text(of: code))",
      curlCode: Int32(truncatingIfNeeded: code.rawValue))
  }
}
