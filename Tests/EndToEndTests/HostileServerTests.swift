// Provides tests of servers that mean no good.
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A hostile server` {
  private static let long = String(repeating: "x", count: 1 << 20)

  /// Answers after which a report must still be in the database, or be what the server wanted it to be; none may cost more.
  private static let answers: [(name: String, answer: IngestAnswer)] = [
    ("garbage", .garbage("\u{0}\u{1}\u{2} HTTP/9.9 \(long)")),
    ("a header without an end", .garbage("HTTP/1.1 200 OK\r\nX-Sentry-Rate-Limits: \(long)")),
    (
      "a thousand headers",
      .response(
        status: 200,
        headers: Dictionary(
          uniqueKeysWithValues: (0..<1000).map { ("X-\($0)", "y") }), body: "id")
    ),
    ("an identifier that is a path", .response(status: 200, body: "../../../../etc/passwd\n\u{1b}[2J")),
    ("an identifier of a megabyte", .response(status: 200, body: long)),
    (
      "limits for ever",
      .rateLimited(
        retryAfter: "99999999999999999999", limits: "-1:::,99999999999999999999:error;\(long):key:\(long)")
    ),
    ("a status that is none", .garbage("HTTP/1.1 99999 NO\r\nContent-Length: 18446744073709551615\r\n\r\n")),
    ("a length that is a lie", .garbage("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nid")),
    ("a chunk without an end", .garbage("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx")),
    ("many interim answers", .garbage(String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 5000))),
  ]

  @Test(arguments: TestProducts.handlers)
  func `costs its own uploads and nothing else`(_ handler: FilePath) throws {
    for (name, answer) in Self.answers {
      let server = try LoopbackIngestServer(answer: answer)
      defer { server.stop() }
      let uploading = try UploadingHandler(handler)
      defer { uploading.remove() }
      let id = try uploading.store()
      let run = try uploading.start(server.minidumpURL)
      defer { run.process.end() }
      try waitUntil("\(name): the report is sent", timeout: .seconds(40)) { !server.requests.isEmpty }
      try run.leave()
      // It is there, pending or completed, with an answer of sane length.
      let report = try uploading.database.lookUp(id)
      #expect(report.metadata.remoteID.count <= 1024, "\(name)")
      #expect(!FileSystem.exists(uploading.database.path.appending("etc")))

      // The next server gets what is left, if nobody said for how long to wait.
      guard report.state == .pending, name != "limits for ever" else { continue }
      let good = try LoopbackIngestServer()
      defer { good.stop() }
      let next = try uploading.start(good.minidumpURL)
      defer { next.process.end() }
      try waitUntil("\(name): the next server has the report", timeout: .seconds(40)) { !good.requests.isEmpty }
      try next.leave()
    }
  }

  @Test(arguments: TestProducts.handlers, [301, 302, 307, 308])
  func `cannot send a report elsewhere`(_ handler: FilePath, _ status: Int) throws {
    let elsewhere = try LoopbackIngestServer()
    defer { elsewhere.stop() }
    let server = try LoopbackIngestServer(
      answer: .response(status: status, headers: ["Location": elsewhere.minidumpURL]))
    defer { server.stop() }
    let uploading = try UploadingHandler(handler)
    defer { uploading.remove() }
    try uploading.store()
    let run = try uploading.start(server.minidumpURL)
    defer { run.process.end() }
    try waitUntil("the report is sent", timeout: .seconds(40)) { !server.requests.isEmpty }
    try run.leave()
    #expect(elsewhere.requests.isEmpty)
  }
}
