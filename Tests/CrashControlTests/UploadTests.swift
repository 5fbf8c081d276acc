// Tests `crashctl upload` against a real server.
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `crashctl upload` {
  @Test func `a minidump goes to the minidump endpoint as a handler sends it`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let dump = folder.appending("\(UniqueID.random()).dmp")
    try FileSystem.write(Array("MDMP and more".utf8), to: dump)
    let notes = folder.appending("notes.txt")
    try FileSystem.write(Array("12345".utf8), to: notes)
    let result = try crashctl([
      "upload", "\(dump)", "--dsn", server.dsn, "--field", "sentry[release]=shop@1.0", "--attachment", "\(notes)",
    ])
    #expect(result.succeeded, "\(result.errorOutput)")
    #expect(result.output.hasPrefix("\(dump): accepted (200): "))
    let request = try server.nextRequest()
    #expect(request.endpoint == .minidump && request.query["sentry_key"] == server.publicKey)
    #expect(request.minidump == Array("MDMP and more".utf8))
    #expect(request.form?.fields["sentry[release]"] == "shop@1.0")
    #expect(request.form?.file("notes.txt")?.text == "12345")
    #expect(request.form?.file("upload_file_minidump")?.filename == String(decoding: dump.lastComponent, as: UTF8.self))
  }

  @Test func `the annotations of a dump become form fields, and the command line's win`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    var contents = MinidumpContents()
    let client = MinidumpGUID(data1: 1, data2: 2, data3: 3, data4: 4)
    contents.crashpadInfo = MinidumpCrashpadInfo(
      clientID: client,
      simpleAnnotations: [
        MinidumpSimpleAnnotation(key: "prod", value: "Shop"), MinidumpSimpleAnnotation(key: "ver", value: "1"),
      ],
      modules: [
        MinidumpModuleCrashpadInfo(
          moduleIndex: 0, listAnnotations: ["one", "two"],
          simpleAnnotations: [MinidumpSimpleAnnotation(key: "prod", value: "other")],
          annotations: [
            MinidumpAnnotation(name: "text", value: Array("word".utf8)),
            MinidumpAnnotation(name: "number", kind: .init(rawValue: 0x8000), value: [1]),
          ])
      ])
    let sink = MinidumpMemorySink()
    try MinidumpWriter.write(contents, to: sink) { _, _ in 0 }
    let dump = folder.appending("a.dmp")
    try FileSystem.write(sink.bytes, to: dump)
    #expect(try crashctl(["upload", "\(dump)", "--dsn", server.dsn, "--field", "ver=2"]).succeeded)
    let request = try server.nextRequest()
    #expect(
      request.form?.fields == [
        "prod": "Shop", "ver": "2", "text": "word", "list_annotations": "one\ntwo", "guid": "\(client)",
      ])
    #expect(request.query["product"] == "Shop" && request.query["version"] == "2")
  }

  @Test func `an envelope goes to the envelope endpoint as it is, and the DSN may come from the environment`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let file = folder.appending("an.envelope")
    let content = Array(
      "{\"event_id\":\"0123456789abcdef0123456789abcdef\"}\n{\"type\":\"event\",\"length\":2}\n{}".utf8)
    try FileSystem.write(content, to: file)
    let result = try crashctl(["upload", "\(file)", "--json"], environment: ["SENTRY_DSN": server.dsn])
    #expect(result.succeeded, "\(result.errorOutput)")
    let delivery = try #require(try result.objects().first)
    #expect(delivery["kind"] as? String == "envelope" && delivery["ok"] as? Bool == true)
    #expect(delivery["status"] as? Int == 200)
    let request = try server.nextRequest()
    #expect(request.endpoint == .envelope && request.body == content)
    #expect(request.header("x-sentry-auth")?.contains("sentry_key=\(server.publicKey)") == true)
  }

  @Test func `a refusal is status 1 with the server's reason, and the other files go all the same`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    server.enqueue(.response(status: 403, headers: ["X-Sentry-Error": "key disabled"], body: "no"))
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let dump = folder.appending("a.dmp")
    try FileSystem.write(Array("MDMP".utf8), to: dump)
    let other = folder.appending("other.txt")
    try FileSystem.write(Array("something else".utf8), to: other)
    let result = try crashctl(["upload", "\(dump)", "\(other)", "\(dump)", "--dsn", server.dsn])
    #expect(result.termination == .exited(status: 1))
    #expect(result.errorOutput.contains("refused (403): no (key disabled)"))
    #expect(result.errorOutput.contains("neither a minidump nor an envelope"))
    #expect(result.output.contains("accepted (200)"))
    #expect(server.requests.count == 2)
  }

  @Test func `a server that is not there is status 1`() throws {
    let port = try ClosedPort()
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let dump = folder.appending("a.dmp")
    try FileSystem.write(Array("MDMP".utf8), to: dump)
    let result = try crashctl(["upload", "\(dump)", "--dsn", "http://key@127.0.0.1:\(port.port)/1"])
    #expect(result.termination == .exited(status: 1) && result.errorOutput.contains("not sent"))
    let missing = try crashctl(["upload", "\(folder.path)/none", "--dsn", "http://key@127.0.0.1:\(port.port)/1"])
    #expect(missing.termination == .exited(status: 1) && missing.errorOutput.contains("ENOENT"))
  }

  @Test(arguments: [
    [], ["x"], ["x", "--dsn", "nonsense"], ["x", "--dsn", "http://k@h/1", "--field", "=x"], ["--dsn", "http://k@h/1"],
  ])
  func `misuse is status 2`(arguments: [String]) throws {
    let result = try crashctl(["upload"] + arguments)
    #expect(result.termination == .exited(status: 2) && result.errorOutput.contains("crashctl upload --help"))
  }
}
