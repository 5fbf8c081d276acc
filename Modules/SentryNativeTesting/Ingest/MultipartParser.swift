// Provides reading of multipart forms, strictly: what a server might refuse is an error.

extension ReceivedForm {
  /// Parses a body (RFC 7578) whose boundary stands in `contentType`.
  ///
  /// - Throws: `TestKitError` with `.malformed` and what is wrong.
  public init(_ body: [UInt8], contentType: String) throws {
    guard let mark = contentType.range(of: "boundary=") else {
      throw TestKitError(.malformed, "no boundary in \(contentType)")
    }
    var boundary = String(contentType[mark.upperBound...].prefix { $0 != ";" })
    if boundary.hasPrefix("\""), boundary.hasSuffix("\"") { boundary = String(boundary.dropFirst().dropLast()) }
    let delimiter = Array("--\(boundary)".utf8)
    let separator = [0x0d, 0x0a] + delimiter
    guard body.starts(with: delimiter) else { throw TestKitError(.malformed, "the body does not begin with a part") }
    var position = delimiter.count
    var parts: [Part] = []
    while true {
      if body[position...].starts(with: Array("--\r\n".utf8)) {
        guard position + 4 == body.count else { throw TestKitError(.malformed, "bytes after the form's end") }
        break
      }
      guard body[position...].starts(with: [0x0d, 0x0a]) else {
        throw TestKitError(.malformed, "no line end after the boundary at byte \(position)")
      }
      position += 2
      guard let end = body.firstRange(of: separator, from: position) else {
        throw TestKitError(.malformed, "part \(parts.count) has no end")
      }
      parts.append(try Self.part(body[position..<end]))
      position = end + separator.count
    }
    self.parts = parts
  }

  private static func part(_ bytes: ArraySlice<UInt8>) throws -> Part {
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8), from: bytes.startIndex) else {
      throw TestKitError(.malformed, "a part has no headers")
    }
    var part = Part(name: "", filename: nil, contentType: nil, content: Array(bytes[(end + 4)...]))
    for line in String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n") {
      let pieces = line.split(separator: ":", maxSplits: 1)
      guard pieces.count == 2 else { throw TestKitError(.malformed, "not a header: \(line)") }
      let value = pieces[1].drop { $0 == " " }
      switch pieces[0].lowercased() {
      case "content-disposition":
        part.name = parameter("name", of: value) ?? ""
        part.filename = parameter("filename", of: value)
      case "content-type": part.contentType = String(value)
      default: throw TestKitError(.malformed, "unexpected part header \(line)")
      }
    }
    if part.name.isEmpty { throw TestKitError(.malformed, "a part has no name") }
    return part
  }

  /// The value of `; KEY="VALUE"` as it was sent.
  private static func parameter(_ key: String, of header: Substring) -> String? {
    guard let start = header.range(of: "; \(key)=\"") else { return nil }
    return String(header[start.upperBound...].prefix { $0 != "\"" })
  }
}

extension RandomAccessCollection<UInt8> where Index == Int {
  /// Where `pattern` begins at or after `start`.
  func firstRange(of pattern: [UInt8], from start: Int) -> Int? {
    guard let first = pattern.first else { return start }
    return withContiguousStorageIfAvailable { buffer -> Int? in
      let base = startIndex
      var index = start - base
      let last = buffer.count - pattern.count
      while index <= last {
        if buffer[index] == first, buffer[index..<(index + pattern.count)].elementsEqual(pattern) {
          return index + base
        }
        index += 1
      }
      return nil
    } ?? nil
  }
}

extension StringProtocol {
  /// Where `text` first occurs, byte for byte.
  func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
