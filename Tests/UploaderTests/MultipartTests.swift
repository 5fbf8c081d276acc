import LinuxSystem
import SentryNativeTesting
import Testing
import Uploader

/// Everything that a source gives, in pieces of `piece` bytes.
func readAll(_ source: any ByteSource, piece: Int = 4096) throws -> [UInt8] {
  var result: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: piece)
  while true {
    let count = try buffer.withUnsafeMutableBytes { (target) throws -> Int in try source.read(into: target) }
    if count == 0 { return result }
    result += buffer[..<count]
  }
}

@Suite struct `A multipart form` {
  @Test func `has Crashpad's bytes`() throws {
    let form = MultipartForm(
      fields: [.init("b", "two"), .init("a", "one")],
      files: [
        .init(
          name: Array("z".utf8), filename: Array("z.txt".utf8), contentType: "text/plain", content: .bytes([1, 2])),
        .init(name: Array("y".utf8), filename: Array("y".utf8), content: .bytes([])),
      ], boundary: "B")
    let expected =
      "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n"
      + "--B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\ntwo\r\n"
      + "--B\r\nContent-Disposition: form-data; name=\"y\"; filename=\"y\"\r\n\r\n\r\n"
      + "--B\r\nContent-Disposition: form-data; name=\"z\"; filename=\"z.txt\"\r\nContent-Type: text/plain\r\n\r\n"
      + "\u{1}\u{2}\r\n--B--\r\n"
    #expect(try readAll(MultipartBody(form)) == Array(expected.utf8))
  }

  @Test(arguments: [1, 2, 7, 64 * 1024]) func `does not depend on the size of the pieces`(piece: Int) throws {
    let form = MultipartForm(
      fields: [.init(name: Array("value".utf8), value: [0, 255, 10])],
      files: [.init(name: Array("f".utf8), filename: Array("f".utf8), content: .bytes([UInt8](0...255)))])
    let parsed = try ReceivedForm(
      readAll(MultipartBody(form), piece: piece), contentType: form.contentType)
    #expect(parsed.parts.map(\.content) == [[0, 255, 10], [UInt8](0...255)])
  }

  @Test func `escapes names so that they cannot end the header`() throws {
    let evil = Array("a\"; x=\"\r\n%".utf8)
    let form = MultipartForm(
      fields: [.init(name: evil, value: [])], files: [.init(name: evil, filename: evil, content: .bytes([]))])
    let parsed = try ReceivedForm(readAll(MultipartBody(form)), contentType: form.contentType)
    #expect(parsed.parts[0].name == "a%22; x=%22%0d%0a%25")
    #expect(parsed.parts[1].filename == "a%22; x=%22%0d%0a%25")
  }

  @Test func `leaves out an attachment that cannot be read and says so`() throws {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    _ = try RunningProcess.run("/usr/bin/mkfifo", [directory.appending("pipe").description])
    let names = ["missing", "pipe", "."]
    let form = MultipartForm(
      files: names.map {
        .init(name: Array($0.utf8), filename: Array($0.utf8), content: .path(directory.appending($0)))
      } + [.init(name: Array("there".utf8), filename: Array("there".utf8), content: .bytes([1]))])
    let body = MultipartBody(form)
    let parsed = try ReceivedForm(readAll(body), contentType: form.contentType)
    #expect(parsed.parts.map(\.name) == ["there"])
    #expect(body.softErrors.map(\.code) == [.bodyUnreadable, .bodyUnreadable, .bodyUnreadable])
  }

  @Test func `fails when the dump cannot be read`() throws {
    let upload = MinidumpUpload(url: "http://127.0.0.1/", reportID: .random(), minidump: .path("/nonexistent/dump"))
    #expect(throws: UploaderError.self) { try readAll(MultipartBody(upload.form)) }
  }

  @Test func `reads a descriptor from its beginning and leaves its position alone`() throws {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    try FileSystem.write([1, 2, 3, 4], to: directory.appending("f"))
    let file = try FileSystem.open(directory.appending("f"))
    var one: UInt8 = 0
    _ = try withUnsafeMutableBytes(of: &one) { try file.read(into: $0) }
    #expect(try readAll(ContentSource(.descriptor(file.rawValue))) == [1, 2, 3, 4])
    _ = try withUnsafeMutableBytes(of: &one) { try file.read(into: $0) }
    #expect(one == 2)
  }

  @Test func `has a boundary of its own each time`() {
    let boundary = MultipartForm.randomBoundary()
    #expect(boundary.count == 56)
    #expect(boundary.hasPrefix("---MultipartBoundary-") && boundary.hasSuffix("---"))
    #expect(boundary.dropFirst(21).dropLast(3).allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
    #expect(MultipartForm.randomBoundary() != boundary)
  }
}

@Suite struct `A crash report's form` {
  let id = UniqueID.random()

  private func names(_ upload: MinidumpUpload) throws -> [String] {
    let form = upload.form
    return try ReceivedForm(readAll(MultipartBody(form)), contentType: form.contentType).parts.map(\.name)
  }

  @Test func `has fields first and Sentry's files in order, the dump last`() throws {
    let upload = MinidumpUpload(
      url: "http://127.0.0.1/", reportID: id, minidump: .bytes([1]),
      attachments: ["__sentry-event", "app.log", "__sentry-breadcrumb2", "__sentry-breadcrumb1"].map {
        .init(name: Array($0.utf8), content: .bytes([]))
      }, fields: [.init("guid", "g"), .init("abc", "1")])
    #expect(
      try names(upload) == [
        "abc", "guid", "__sentry-breadcrumb1", "__sentry-breadcrumb2", "__sentry-event", "app.log",
        "upload_file_minidump",
      ])
  }

  @Test func `lets nothing else be the dump`() throws {
    let reserved = Array(MinidumpUpload.minidumpPartName.utf8)
    let upload = MinidumpUpload(
      url: "http://127.0.0.1/", reportID: id, minidump: .bytes([7]),
      attachments: [
        .init(name: reserved, content: .bytes([6])), .init(name: Array("\(id).dmp".utf8), content: .bytes([5])),
      ],
      fields: [.init(name: reserved, value: [4])])
    let form = upload.form
    let parsed = try ReceivedForm(readAll(MultipartBody(form)), contentType: form.contentType)
    #expect(parsed.parts.filter { $0.name == MinidumpUpload.minidumpPartName }.map(\.content) == [[7]])
    #expect(parsed.parts.map(\.content) == [[5], [7], [6]])
    #expect(parsed.file(MinidumpUpload.minidumpPartName)?.filename == "\(id).dmp")
  }

  @Test func `keeps the last of two fields with one name`() throws {
    let upload = MinidumpUpload(
      url: "http://127.0.0.1/", reportID: id, minidump: .bytes([]), fields: [.init("guid", "1"), .init("guid", "2")])
    let form = upload.form
    #expect(
      try ReceivedForm(readAll(MultipartBody(form)), contentType: form.contentType).fields == ["guid": "2"])
  }

  @Test func `names the client in the URL unless told not to`() {
    var upload = MinidumpUpload(
      url: "http://h/api/1/minidump/?sentry_key=k", reportID: id, minidump: .bytes([]),
      fields: [.init("guid", "0-1"), .init("ver", "1.0 é/~"), .init("other", "x"), .init("prod", "a&b")])
    #expect(
      upload.identifiedURL
        == "http://h/api/1/minidump/?sentry_key=k&product=a%26b&version=1.0%20%C3%A9%2F~&guid=0-1")
    upload.url = "http://h/"
    #expect(upload.identifiedURL == "http://h/?product=a%26b&version=1.0%20%C3%A9%2F~&guid=0-1")
    upload.identifiesClient = false
    #expect(upload.identifiedURL == "http://h/")
  }
}

@Suite struct `Compression` {
  @Test(arguments: [0, 1, 65_535, 65_536, 1_000_000]) func `is undone by another inflater`(size: Int) throws {
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<size).map { $0 % 3 == 0 ? UInt8.random(in: 0...255, using: &generator) : 7 }
    #expect(try Gzip.decompress(GzipSource.compress(bytes)) == bytes)
    let streamed = try readAll(GzipSource(compressing: ContentSource(.bytes(bytes))), piece: 13)
    #expect(try Gzip.decompress(streamed) == bytes)
  }

  @Test func `passes on that a file cannot be read`() throws {
    let upload = MinidumpUpload(url: "http://127.0.0.1/", reportID: .random(), minidump: .path("/nonexistent"))
    let source = try GzipSource(compressing: MultipartBody(upload.form))
    #expect(throws: UploaderError.self) { try readAll(source) }
  }
}
