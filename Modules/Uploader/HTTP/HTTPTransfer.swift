// Provides one request under way: what libcurl calls for the body and with the answer.
internal import CCurl

/// The other end of libcurl's callbacks. They run on the sending thread, inside `curl_easy_perform`.
internal final class HTTPTransfer {
  internal let isCancelled: (@Sendable () -> Bool)?
  private let source: any ByteSource
  private let bodyLimit: Int
  private var sourceError: UploaderError?
  private var headers: [HTTPHeader] = []
  private var headerBytes = 0
  private var body: [UInt8] = []
  private var isTruncated = false
  private var received = 0

  /// Lines and bytes of headers that are kept.
  private static let headerLineLimit = 100
  private static let headerByteLimit = 64 * 1024
  /// A body that goes on beyond this ends the transfer; the status is known by then.
  private static let receivedLimit = 4 << 20

  internal init(body: any ByteSource, bodyLimit: Int, isCancelled: (@Sendable () -> Bool)?) {
    source = body
    self.bodyLimit = bodyLimit
    self.isCancelled = isCancelled
  }

  /// What became of the transfer.
  internal func result(_ code: CURLcode, status: Int, text: String) throws(UploaderError) -> HTTPResponse {
    if let sourceError { throw sourceError }
    // A server may answer and hang up before it has read all of the body; the answer counts.
    let answered = status >= 100 && (code == CURLE_OK || isTruncated && code == CURLE_WRITE_ERROR)
    if answered {
      return HTTPResponse(status: status, headers: headers, body: body, isTruncated: isTruncated)
    }
    let number = Int32(truncatingIfNeeded: code.rawValue)
    switch code {
    case CURLE_OPERATION_TIMEDOUT:
      throw UploaderError(.timedOut, "the server did not answer in time: \(text)", curlCode: number)
    case CURLE_ABORTED_BY_CALLBACK:
      throw UploaderError(.cancelled, "the transfer was cancelled", curlCode: number)
    case CURLE_URL_MALFORMAT:
      throw UploaderError(.invalidRequest, "libcurl does not take the URL: \(text)", curlCode: number)
    default:
      throw UploaderError(.noConnection, "the server could not be reached: \(text)", curlCode: number)
    }
  }

  private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    if buffer.isEmpty { return 0 }
    do throws(UploaderError) {
      return try source.read(into: buffer)
    } catch {
      sourceError = error
      return Int(CURL_READFUNC_ABORT)
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    received = received.addingReportingOverflow(bytes.count).partialValue
    let room = max(0, bodyLimit - body.count)
    body.append(contentsOf: bytes.prefix(room))
    if bytes.count > room { isTruncated = true }
    // Anything but the count given ends the transfer.
    return received > Self.receivedLimit ? 0 : bytes.count
  }

  private func takeHeader(_ line: UnsafeRawBufferPointer) {
    var end = line.count
    while end > 0, line[end - 1] == 0x0d || line[end - 1] == 0x0a { end -= 1 }
    if line.count >= 5, line[..<5].elementsEqual("HTTP/".utf8) {
      // The next response: after "100 Continue", or after a proxy's answer to CONNECT.
      headers = []
      headerBytes = 0
      return
    }
    guard let colon = line[..<end].firstIndex(of: UInt8(ascii: ":")), headers.count < Self.headerLineLimit,
      headerBytes <= Self.headerByteLimit - end
    else { return }
    headerBytes += end
    let name = line[..<colon].map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
    var start = colon + 1
    while start < end, line[start] == 0x20 || line[start] == 0x09 { start += 1 }
    while end > start, line[end - 1] == 0x20 || line[end - 1] == 0x09 { end -= 1 }
    headers.append(
      HTTPHeader(String(decoding: name, as: UTF8.self), String(decoding: line[start..<end], as: UTF8.self)))
  }

  private static func transfer(_ context: UnsafeMutableRawPointer?) -> HTTPTransfer? {
    context.map { Unmanaged<HTTPTransfer>.fromOpaque($0).takeUnretainedValue() }
  }

  internal static let readCallback: curl_table_transfer = { buffer, size, count, context in
    guard let transfer = HTTPTransfer.transfer(context) else { return 0 }
    return transfer.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size &* count))
  }

  internal static let writeCallback: curl_table_transfer = { buffer, size, count, context in
    guard let transfer = HTTPTransfer.transfer(context) else { return 0 }
    return transfer.take(UnsafeRawBufferPointer(start: buffer, count: size &* count))
  }

  internal static let headerCallback: curl_table_transfer = { buffer, size, count, context in
    guard let transfer = HTTPTransfer.transfer(context) else { return 0 }
    transfer.takeHeader(UnsafeRawBufferPointer(start: buffer, count: size &* count))
    return size &* count
  }

  internal static let progressCallback: curl_table_progress = { context, _, _, _, _ in
    HTTPTransfer.transfer(context)?.isCancelled?() == true ? 1 : 0
  }
}
