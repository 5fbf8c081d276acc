import LinuxSystem
import SentryNativeTesting
import Testing
import Uploader

@Suite(.timeLimit(.minutes(10))) struct `The upload of a crash report` {
  let id = UniqueID.random()

  private func upload(to server: LoopbackIngestServer) -> MinidumpUpload {
    MinidumpUpload(
      url: server.minidumpURL, reportID: id, minidump: .bytes(Array("MDMP".utf8) + [UInt8](repeating: 5, count: 5000)),
      attachments: [.init(name: Array("__sentry-event".utf8), content: .bytes([0x80]))],
      fields: [.init("guid", "00000000-0000-0000-0000-000000000000")])
  }

  @Test func `is a compressed form without a length, and gets the server's id`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let (outcome, response) = impatientClient().attempt(upload(to: server))
    guard case .delivered(let serverID) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(serverID == Array(id.description.utf8))
    #expect(response?.status == 200)

    let request = try server.nextRequest()
    #expect(request.isComplete)
    #expect(request.path == "/api/1/minidump/")
    #expect(request.query == ["sentry_key": server.publicKey, "guid": "00000000-0000-0000-0000-000000000000"])
    #expect(request.header("content-encoding") == "gzip")
    #expect(request.header("transfer-encoding") == "chunked")
    #expect(request.header("content-length") == nil)
    #expect(request.header("x-sentry-auth") == nil)
    #expect(request.header("content-type")?.hasPrefix("multipart/form-data; boundary=---MultipartBoundary-") == true)
    #expect(request.encodedBody.count < request.body.count)
    #expect(request.form?.parts.map(\.name) == ["guid", "__sentry-event", "upload_file_minidump"])
    #expect(request.form?.parts.allSatisfy { $0.contentType == nil } == true)
    #expect(request.minidump?.count == 5004)
  }

  @Test func `can do without compression`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    var upload = upload(to: server)
    upload.compresses = false
    _ = impatientClient().attempt(upload)
    let request = try server.nextRequest()
    #expect(request.header("content-encoding") == nil)
    #expect(request.minidump?.count == 5004)
  }

  @Test func `tells the ways of failing apart`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    server.enqueue(.response(status: 500), .rateLimited(retryAfter: "5"), .resetAfterBody, .accepted)
    let client = impatientClient()
    var names: [String] = []
    for _ in 0..<4 {
      switch client.attempt(upload(to: server)).0 {
      case .refused(let status): names.append("refused \(status)")
      case .rateLimited: names.append("rate limited")
      case .failed(let error): names.append("failed \(error.code == .noConnection)")
      case .delivered: names.append("delivered")
      case .unable, .cancelled: names.append("?")
      }
    }
    #expect(names == ["refused 500", "rate limited", "failed true", "delivered"])
  }

  @Test func `breaks off when the dump cannot be read, and the server sees no whole form`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    var upload = upload(to: server)
    upload.minidump = .path("/nonexistent/dump")
    guard case .failed(let error) = impatientClient().attempt(upload).0 else {
      Issue.record("not failed")
      return
    }
    #expect(error.code == .bodyUnreadable)
    try waitUntil("the connection has ended") { server.requests.count == 1 || server.connectionCount == 0 }
    #expect(!server.requests.contains { $0.isComplete })
  }

  @Test func `needs no more memory for a large attachment`() async throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let file = directory.appending("large")
    // Random bytes do not shrink: all 50 MiB go over the wire.
    try FileSystem.write((0..<(1 << 20)).map { _ in UInt8.random(in: 0...255) }, to: file)
    let whole = try FileSystem.open(file, [.write, .append])
    let megabyte = try FileSystem.read(file)
    for _ in 1..<50 { try whole.writeAll(megabyte) }
    let url = server.minidumpURL
    let path = file.description
    await #expect(processExitsWith: .success) { [url = url as String, path = path as String] in
      let client = impatientClient(milliseconds: 600_000)
      let small = MinidumpUpload(url: url, reportID: .random(), minidump: .bytes([1]))
      guard case .delivered = client.attempt(small).0 else { fatalError("the small one failed") }
      let before = try PeakMemory.bytes()
      var large = small
      large.attachments = [.init(name: Array("large".utf8), content: .path(FilePath(path)))]
      guard case .delivered = client.attempt(large).0 else { fatalError("the large one failed") }
      let grown = try PeakMemory.bytes() - before
      precondition(grown < 4 << 20, "the peak grew by \(grown) bytes")
    }
    #expect(server.requests.last?.form?.file("large")?.content.count == 50 << 20)
  }

  @Test func `leaves no descriptor, signal or thread behind`() async throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    server.enqueue(.accepted, .resetAtBody, .resetAfterBody, .earlyResponse(status: 413), .brokenResponse, .silence)
    let url = server.minidumpURL
    await #expect(processExitsWith: .success) { [url = url as String] in
      let upload = MinidumpUpload(
        url: url, reportID: .random(), minidump: .path("/proc/self/exe"),
        attachments: [.init(name: [97], content: .path("/etc/passwd"))])
      _ = impatientClient().attempt(upload)
      let before = OpenDescriptors()
      for _ in 0..<5 { _ = impatientClient(milliseconds: 500).attempt(upload) }
      let leaked = OpenDescriptors().opened(since: before)
      precondition(leaked.isEmpty, "\(leaked)")
    }
  }
}

@Suite(.timeLimit(.minutes(10))) struct `The upload of an envelope` {
  private let envelope = Array("{\"event_id\":\"1\"}\n{\"type\":\"event\",\"length\":2}\n{}".utf8)

  @Test(arguments: [true, false]) func `carries key, type and length`(compresses: Bool) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let upload = EnvelopeUpload(
      url: server.envelopeURL,
      authentication: EnvelopeUpload.authentication(publicKey: server.publicKey, client: "test/1"),
      envelope: .bytes(envelope), compresses: compresses)
    #expect(try impatientClient().send(upload.makeRequest()).status == 200)
    let request = try server.nextRequest()
    #expect(request.body == envelope)
    #expect(request.header("content-type") == "application/x-sentry-envelope")
    #expect(request.header("content-encoding") == (compresses ? "gzip" : nil))
    #expect(request.header("content-length") == String(request.encodedBody.count))
    #expect(
      request.header("x-sentry-auth")
        == "Sentry sentry_key=\(server.publicKey), sentry_version=7, sentry_client=test/1")
  }

  @Test func `streams a file`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    try FileSystem.write(envelope, to: directory.appending("e"))
    let upload = EnvelopeUpload(
      url: server.envelopeURL, authentication: "Sentry sentry_key=k", envelope: .path(directory.appending("e")))
    #expect(try impatientClient().send(upload.makeRequest()).status == 200)
    #expect(try server.nextRequest().body == envelope)
  }
}
