// Provides the server's side of one HTTP/1.1 connection.
internal import CLinuxShims
import LinuxSystem

/// Reads requests and writes answers on one socket. Ends every wait when `stopEvent` becomes readable.
final class HTTPConnection {
  private let socket: OwnedFileDescriptor
  private let stopEvent: Int32
  private var buffer: [UInt8] = []
  private var start = 0
  /// Milliseconds after each few bytes that are written; 0 for none.
  private var dripPause = 0

  /// A peer that sends nothing for so long is given up.
  private static let patienceMilliseconds: Int64 = 120_000
  private static let headLimit = 256 * 1024

  init(_ socket: consuming OwnedFileDescriptor, stopEvent: Int32) {
    self.socket = socket
    self.stopEvent = stopEvent
  }

  /// The request line and headers; `nil` when the peer has closed the connection or the server stops.
  func readHead() throws -> IngestRequest? {
    guard let first = try readLine() else { return nil }
    let words = first.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else {
      throw TestKitError(.malformed, "not a request line: \(first)")
    }
    var request = IngestRequest(
      method: String(words[0]), target: String(words[1]), headers: [], encodedBody: [], body: [], form: nil,
      isComplete: false, connection: 0)
    while let line = try readLine() {
      if line.isEmpty { return request }
      guard let colon = line.firstIndex(of: ":") else { throw TestKitError(.malformed, "not a header: \(line)") }
      let value = line[line.index(after: colon)...]
      request.headers.append(
        (name: line[..<colon].lowercased(), value: String(value.drop { $0 == " " })))
    }
    throw TestKitError(.malformed, "the headers have no end")
  }

  /// Reads the body in its transfer coding into `request` and decodes it. Sets `isComplete` when all is well.
  func readBody(of request: inout IngestRequest) throws {
    if request.header("expect")?.lowercased() == "100-continue" { write("HTTP/1.1 100 Continue\r\n\r\n") }
    if request.header("transfer-encoding")?.lowercased() == "chunked" {
      while true {
        guard let line = try readLine(), let size = Int(line.prefix { $0 != ";" }, radix: 16), size >= 0 else {
          throw TestKitError(.malformed, "a chunk has no size")
        }
        if size == 0 { break }
        try readBytes(size, into: &request.encodedBody)
        guard try readLine()?.isEmpty == true else { throw TestKitError(.malformed, "a chunk has no end") }
      }
      while let trailer = try readLine(), !trailer.isEmpty {}
    } else if let length = request.header("content-length").flatMap({ Int($0) }), length >= 0 {
      try readBytes(length, into: &request.encodedBody)
    }
    request.body =
      request.header("content-encoding") == "gzip" ? try Gzip.decompress(request.encodedBody) : request.encodedBody
    if let type = request.header("content-type"), type.hasPrefix("multipart/form-data") {
      request.form = try ReceivedForm(request.body, contentType: type)
    }
    request.isComplete = true
  }

  func write(_ text: String) { write(Array(text.utf8)) }

  /// Writes as much as the peer takes; a peer that hangs up is no error here.
  func write(_ bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
      let number = socket.rawValue
      let limit = dripPause > 0 ? 4 : Int.max
      if dripPause > 0 && offset > 0 { pause(milliseconds: dripPause) }
      let count = bytes.withUnsafeBytes { source in
        send(number, source.baseAddress.map { $0 + offset }, min(source.count - offset, limit), Int32(MSG_NOSIGNAL))
      }
      if count > 0 { offset += count } else if Errno.current != .interrupted { return }
    }
  }

  /// Writes a few bytes at a time from now on.
  func drip(milliseconds: Int) { dripPause = milliseconds }

  /// Sends RST instead of FIN when the connection is closed.
  func resetOnClose() { linux_socket_reset_on_close(socket.rawValue) }

  /// Ends our direction and waits until the peer has ended its own, so that what was written is not lost to an RST.
  func finish() {
    shutdown(socket.rawValue, Int32(SHUT_WR))
    while let count = try? fill(), count > 0 { drop() }
  }

  /// Waits for the server's end.
  func waitForStop() {
    var request = pollfd(fd: stopEvent, events: Int16(POLLIN), revents: 0)
    while poll(&request, 1, -1) < 0, Errno.current == .interrupted {}
  }

  /// Waits for the server's end, at most so long.
  func pause(milliseconds: Int) {
    let deadline = MonotonicInstant.now().advanced(milliseconds: Int64(milliseconds))
    var request = pollfd(fd: stopEvent, events: Int16(POLLIN), revents: 0)
    while poll(&request, 1, deadline.millisecondsFromNow()) < 0, Errno.current == .interrupted {}
  }

  private func readLine() throws -> String? {
    while true {
      if let end = buffer.firstRange(of: [0x0d, 0x0a], from: start) {
        defer { start = end + 2 }
        return String(decoding: buffer[start..<end], as: UTF8.self)
      }
      if buffer.count - start > Self.headLimit { throw TestKitError(.malformed, "a line without end") }
      if try fill() == 0 { return nil }
    }
  }

  private func readBytes(_ count: Int, into target: inout [UInt8]) throws {
    var left = count
    while left > 0 {
      if start == buffer.count, try fill() == 0 { throw TestKitError(.malformed, "the body is cut") }
      let taken = min(left, buffer.count - start)
      target.append(contentsOf: buffer[start..<(start + taken)])
      start += taken
      left -= taken
    }
  }

  private func drop() { start = buffer.count }

  /// Reads what there is; 0 at the end of the connection or of the server.
  private func fill() throws -> Int {
    if start == buffer.count {
      buffer.removeAll(keepingCapacity: true)
      start = 0
    }
    var requests = [
      pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0),
      pollfd(fd: stopEvent, events: Int16(POLLIN), revents: 0),
    ]
    while poll(&requests, 2, Int32(Self.patienceMilliseconds)) < 0, Errno.current == .interrupted {}
    if requests[1].revents != 0 || requests[0].revents == 0 { return 0 }
    let number = socket.rawValue
    let count = try withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { chunk in
      let count = try retryingInterrupts { recv(number, chunk.baseAddress, chunk.count, 0) }
      buffer.append(contentsOf: chunk[..<count])
      return count
    }
    return count
  }
}
