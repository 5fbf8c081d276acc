import LinuxSystem
import SentryNativeTesting
import Synchronization
import Testing
import Uploader

/// A client whose patience is for tests.
func impatientClient(milliseconds: Int = 90_000) -> HTTPClient {
  var configuration = HTTPConfiguration()
  configuration.timeoutMilliseconds = milliseconds
  configuration.proxy = .none
  return HTTPClient(configuration)
}

func post(_ server: LoopbackIngestServer, _ text: String) throws -> HTTPRequest {
  HTTPRequest(
    url: server.envelopeURL, headers: [HTTPHeader("x-test", "1")], body: try ContentSource(.bytes(Array(text.utf8))))
}

@Suite(.timeLimit(.minutes(10))) struct `An HTTP request` {
  @Test func `brings body and headers there and the answer back`() throws {
    let server = try LoopbackIngestServer(
      answer: .response(status: 202, headers: ["X-A": " 1 ", "x-a": "2", "Retry-After": "7"], body: "hello"))
    defer { server.stop() }
    let response = try impatientClient().send(post(server, "content"))
    #expect(response.status == 202 && response.isSuccess)
    #expect(response.body == Array("hello".utf8))
    #expect(response.header("retry-after") == "7")
    #expect(response.header("x-a") == "1, 2")
    #expect(response.header("x-b") == nil)
    let request = try server.nextRequest()
    #expect(request.method == "POST")
    #expect(request.target == "/api/1/envelope/")
    #expect(request.body == Array("content".utf8))
    #expect(request.header("content-length") == "7")
    #expect(request.header("x-test") == "1")
    #expect(request.header("expect") == nil)
    #expect(request.header("accept-encoding")?.contains("gzip") == true)
  }

  @Test func `names us, libcurl, the kernel and the architecture`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    _ = try impatientClient().send(post(server, ""))
    let agent = try #require(try server.nextRequest().header("user-agent"))
    let words = agent.split(separator: " ")
    #expect(words.count == 4)
    #expect(words[0].hasPrefix("sentry-native-swift/"))
    #expect(words[1].hasPrefix("libcurl/"))
    #expect(words[2].hasPrefix("Linux/"))
    #expect(words[3] == "(x86_64)" || words[3] == "(aarch64)")
  }

  @Test(arguments: [400, 413, 500, 503, 301]) func `takes every status for an answer`(status: Int) throws {
    let server = try LoopbackIngestServer(
      answer: .response(status: status, headers: ["Location": "http://127.0.0.1:1/"], body: "why"))
    defer { server.stop() }
    let response = try impatientClient().send(post(server, "x"))
    #expect(response.status == status)
    #expect(!response.isSuccess)
    #expect(response.body == Array("why".utf8))
    // Redirects are not followed.
    #expect(server.requests.count == 1)
  }

  @Test func `that gets no answer ends in time`() throws {
    let server = try LoopbackIngestServer(answer: .silence)
    defer { server.stop() }
    let start = MonotonicInstant.now()
    let error = #expect(throws: UploaderError.self) {
      try impatientClient(milliseconds: 200).send(post(server, "x"))
    }
    #expect(error?.code == .timedOut)
    #expect(MonotonicInstant.now() < start.advanced(milliseconds: 60_000))
  }

  /// A program that an application started during an upload kept the connection open for as long as it ran.
  @Test func `hands its connection down to no program that is started meanwhile`() throws {
    let server = try LoopbackIngestServer(answer: .silence)
    defer { server.stop() }
    let client = impatientClient()
    let inherited = Mutex<Bool?>(nil)
    client.configuration.isCancelled = {
      // proc(5): of each connection the remote address is the third field, and the inode the tenth.
      let table = String(decoding: (try? FileSystem.read("/proc/net/tcp")) ?? [], as: UTF8.self)
      let connections = table.split(separator: "\n").map { $0.split(separator: " ") }.filter { fields in
        fields.count > 9 && Int(fields[2].suffix(4), radix: 16) == Int(server.port)
      }.map { "socket:[\($0[9])]" }
      guard let connection = OpenDescriptors().targets.values.first(where: { connections.contains($0) }),
        let child = try? RunningProcess("/bin/sleep", ["1000"])
      else { return false }
      inherited.withLock { $0 = OpenDescriptors(of: child.processID).targets.values.contains(connection) }
      child.end()
      return true
    }
    let error = #expect(throws: UploaderError.self) { try client.send(post(server, "x")) }
    #expect(error?.code == .cancelled)
    #expect(inherited.withLock { $0 } == false)
  }

  @Test func `can be cancelled`() throws {
    let server = try LoopbackIngestServer(answer: .silence)
    defer { server.stop() }
    let client = impatientClient()
    client.configuration.isCancelled = { !server.requests.isEmpty }
    let error = #expect(throws: UploaderError.self) { try client.send(post(server, "x")) }
    #expect(error?.code == .cancelled)
  }

  @Test func `is cancelled by a descriptor that becomes readable, and not by one that does not`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let ends = try Pipe.open()
    let reading = OwnedFileDescriptor(owning: ends.reading)
    let writing = OwnedFileDescriptor(owning: ends.writing)
    let client = HTTPClient()
    client.configuration.timeoutMilliseconds = 0
    client.configuration.keepsConnection = true
    client.configuration.cancellation = reading.rawValue
    for _ in 0..<3 { #expect(try client.send(post(server, "x")).status == 200) }
    server.answer(.silence)
    // No thread asks anything, and no time is set: only the descriptor ends it.
    let cancelling = try WorkerThread(name: "cancel") { [number = writing.rawValue] in
      while server.requests.count < 4 { pause(milliseconds: 1) }
      try? FileSystem.open(FilePath("/proc/self/fd/\(number)"), [.write]).writeAll([1])
    }
    let error = #expect(throws: UploaderError.self) { try client.send(post(server, "x")) }
    cancelling.join()
    #expect(error?.code == .cancelled)
    _ = consume writing
  }

  @Test(arguments: [IngestAnswer.resetAtBody, .resetAfterBody, .brokenResponse])
  func `to a server that breaks off is an error`(answer: IngestAnswer) throws {
    let server = try LoopbackIngestServer(answer: answer)
    defer { server.stop() }
    let error = #expect(throws: UploaderError.self) { try impatientClient().send(post(server, "x")) }
    #expect(error?.code == .noConnection)
    #expect(error?.curlCode != 0)
  }

  @Test func `to a closed port is an error at once`() throws {
    let port = try ClosedPort()
    let error = #expect(throws: UploaderError.self) {
      try impatientClient().send(
        HTTPRequest(url: port.minidumpURL, headers: [], body: try ContentSource(.bytes([]))))
    }
    #expect(error?.code == .noConnection)
  }

  @Test func `that is answered before it was read has an answer`() throws {
    let server = try LoopbackIngestServer(answer: .earlyResponse(status: 413))
    defer { server.stop() }
    let large = MinidumpUpload(
      url: server.minidumpURL, reportID: .random(), minidump: .bytes([UInt8](repeating: 1, count: 8 << 20)))
    var upload = large
    upload.compresses = false
    #expect(try impatientClient().send(upload.makeRequest()).status == 413)
  }

  @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "", "http://a b/", "http://a\r\nX: y/", "/path"])
  func `to something else than HTTP is refused`(url: String) throws {
    let error = #expect(throws: UploaderError.self) {
      try impatientClient().send(HTTPRequest(url: url, headers: [], body: try ContentSource(.bytes([]))))
    }
    #expect(error?.code == .invalidRequest)
  }

  @Test func `cannot be given a header with a line end`() throws {
    let error = #expect(throws: UploaderError.self) {
      try impatientClient().send(
        HTTPRequest(
          url: "http://127.0.0.1:1/", headers: [HTTPHeader("a", "b\r\nc: d")], body: try ContentSource(.bytes([]))))
    }
    #expect(error?.code == .invalidRequest)
  }

  @Test func `keeps a large answer's beginning only`() throws {
    let server = try LoopbackIngestServer(
      answer: .response(status: 200, body: String(repeating: "x", count: 8 << 20)))
    defer { server.stop() }
    let response = try impatientClient().send(post(server, "x"))
    #expect(response.status == 200)
    #expect(response.isTruncated)
    #expect(response.body == [UInt8](repeating: UInt8(ascii: "x"), count: 64 * 1024))
  }

  @Test func `survives headers without end`() throws {
    var headers: [String: String] = [:]
    for index in 0..<500 { headers["h\(index)"] = "v" }
    let server = try LoopbackIngestServer(answer: .response(status: 200, headers: headers))
    defer { server.stop() }
    #expect(try impatientClient().send(post(server, "x")).headers.count == 100)
  }

  @Test func `goes through the proxy that was given`() throws {
    let proxy = try LoopbackIngestServer()
    defer { proxy.stop() }
    let client = impatientClient()
    client.configuration.proxy = HTTPProxy(option: "http://127.0.0.1:\(proxy.port)")
    let request = HTTPRequest(
      url: "http://ingest.invalid/api/1/envelope/", headers: [], body: try ContentSource(.bytes([1])))
    #expect(try client.send(request).status == 200)
    #expect(try proxy.nextRequest().target == "http://ingest.invalid/api/1/envelope/")
  }

  @Test func `uses one connection for many when told so`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let client = impatientClient()
    for _ in 0..<3 { _ = try client.send(post(server, "x")) }
    #expect(server.connectionCount == 3)
    client.configuration.keepsConnection = true
    for _ in 0..<3 { _ = try client.send(post(server, "x")) }
    #expect(server.connectionCount == 4)
  }

  @Test func `knows the option of the handler's command line`() {
    #expect(HTTPProxy(option: "") == .environment)
    #expect(HTTPProxy(option: "<empty>") == .none)
    #expect(HTTPProxy(option: "socks5://127.0.0.1:9") == .url("socks5://127.0.0.1:9"))
  }
}
