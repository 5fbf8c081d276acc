import LinuxSystem
import SentryNativeTesting
import Testing

/// curl(1) is a client that is not ours.
private func curl(_ arguments: String...) throws -> RunningProcess.Result {
  try RunningProcess.run("/usr/bin/curl", ["-sS", "--noproxy", "*", "--max-time", "90"] + arguments)
}

@Suite(.timeLimit(.minutes(10))) struct `The loopback ingest server` {
  @Test func `understands another client's form`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let id = UniqueID.random()
    let result = try curl(
      "-F", "guid=1-2", "-F", "note=a=b", "-F", "upload_file_minidump=@/bin/true;filename=\(id).dmp",
      server.minidumpURL)
    #expect(result.output == id.description)
    let request = try server.nextRequest()
    #expect(request.endpoint == .minidump)
    #expect(request.form?.fields == ["guid": "1-2", "note": "a=b"])
    #expect(request.minidump == (try FileSystem.read("/bin/true")))
    #expect(request.query["sentry_key"] == server.publicKey)
  }

  @Test func `understands chunks, compression and a client that waits for 100 Continue`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let file = directory.appending("e")
    try FileSystem.write(Array("{}\n{\"type\":\"session\",\"length\":2}\n{}".utf8), to: file)
    _ = try RunningProcess.run("/bin/gzip", ["-k", file.description])
    let result = try curl(
      "-H", "Content-Encoding: gzip", "-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue",
      "--data-binary", "@\(file).gz", server.envelopeURL)
    #expect(result.output.hasPrefix("{\"id\":\""))
    let request = try server.nextRequest()
    #expect(request.endpoint == .envelope)
    #expect(request.body == (try FileSystem.read(file)))
  }

  @Test func `answers by its script and then as usual`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    server.enqueue(.response(status: 500), .rateLimited(retryAfter: "9", limits: "9:error:key"))
    let write = ["-d", "x", "-o", "/dev/null", "-w", "%{http_code} %header{retry-after} %header{x-sentry-rate-limits}"]
    func status() throws -> String {
      try RunningProcess.run("/usr/bin/curl", ["-sS", "--noproxy", "*"] + write + [server.envelopeURL]).output
    }
    #expect(try status() == "500  ")
    #expect(try status() == "429 9 9:error:key")
    #expect(try status() == "200  ")
  }

  @Test func `can break connections in the ways of the network`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    server.enqueue(.resetAfterBody, .brokenResponse)
    #expect(try curl("-d", "x", server.envelopeURL).termination == .exited(status: 56))
    #expect(try curl("-d", "x", server.envelopeURL).termination == .exited(status: 18))
    let closed = try ClosedPort()
    defer { withExtendedLifetime(closed) {} }
    #expect(try curl("-d", "x", closed.minidumpURL).termination == .exited(status: 7))
  }

  @Test func `stops in the middle of silence, and its port refuses then`() throws {
    let server = try LoopbackIngestServer(answer: .silence)
    defer { server.stop() }
    let client = try RunningProcess(
      "/usr/bin/curl", ["-sS", "--noproxy", "*", "--max-time", "90", "-d", "x", server.envelopeURL])
    defer { client.end() }
    _ = try server.nextRequest()
    #expect(client.termination == nil)
    server.stop()
    #expect(try client.wait() == .exited(status: 52))
    #expect(try curl("-d", "x", server.envelopeURL).termination == .exited(status: 7))
  }

  @Test func `comes back on the same port`() throws {
    let first = try LoopbackIngestServer()
    _ = try curl("-d", "x", first.envelopeURL)
    first.stop()
    let second = try LoopbackIngestServer(port: first.port)
    defer { second.stop() }
    #expect(try curl("-d", "x", first.envelopeURL).succeeded)
  }

  @Test func `leaves no descriptor and no thread behind`() async {
    await #expect(processExitsWith: .success) {
      let before = OpenDescriptors()
      for _ in 0..<10 {
        let server = try LoopbackIngestServer()
        _ = try curl("-d", "x", server.envelopeURL)
        server.stop()
      }
      let leaked = OpenDescriptors().opened(since: before)
      precondition(leaked.isEmpty, "\(leaked)")
      // Dispatch opens a few of its own; ten servers would have left ten.
      precondition(OpenDescriptors().opened(since: before, includingEvents: true).count < 10)
      let threads = try FileSystem.entries(of: "/proc/self/task").count
      do {
        let server = try LoopbackIngestServer()
        server.stop()
      }
      try waitUntil("the threads are gone") { try FileSystem.entries(of: "/proc/self/task").count <= threads }
    }
  }

  @Test func `refuses forms that others would refuse`() {
    let wrong = [
      "", "--B", "--B\r\n", "--B\r\n\r\n\r\n--B--\r\n", "--B\r\nno header\r\n\r\nx\r\n--B--\r\n", "--B--\r\nx",
    ]
    for body in wrong {
      #expect(throws: TestKitError.self, "\(body)") {
        try ReceivedForm(Array(body.utf8), contentType: "multipart/form-data; boundary=B")
      }
    }
  }
}

@Suite(.timeLimit(.minutes(10))) struct `The program sentry-ingest` {
  @Test func `writes what it gets and ends after the number of requests`() throws {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let server = try RunningProcess(
      try productsDirectory().appending("sentry-ingest"),
      ["--directory=\(directory.path)", "--requests=2", "--timeout=90"])
    defer { server.end() }
    try server.waitForOutput(containing: "ENVELOPE_URL=")
    var values: [String: String] = [:]
    for line in server.output.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1)
      values[String(parts[0])] = String(parts[1])
    }
    _ = try curl("--form-string", "guid=\"1\"", "-F", "upload_file_minidump=@/bin/true", values["MINIDUMP_URL"] ?? "")
    _ = try curl("-d", "{}", values["ENVELOPE_URL"] ?? "")
    #expect(try server.wait() == .exited(status: 0))
    let first = directory.appending("0000")
    #expect(try FileSystem.read(first.appending("files/upload_file_minidump")) == FileSystem.read("/bin/true"))
    #expect(try FileSystem.read(first.appending("fields.json")) == Array("{\"guid\": \"\\\"1\\\"\"}".utf8))
    #expect(try FileSystem.read(directory.appending("0001/envelope")) == Array("{}".utf8))
  }

  @Test func `fails when too few requests came in time`() throws {
    let result = try RunningProcess.run(
      try productsDirectory().appending("sentry-ingest"), ["--requests=1", "--timeout=0"])
    #expect(result.termination == .exited(status: 1))
  }

  @Test func `refuses what it does not know`() throws {
    let result = try RunningProcess.run(try productsDirectory().appending("sentry-ingest"), ["--nonsense"])
    #expect(result.termination == .exited(status: 2))
  }
}
