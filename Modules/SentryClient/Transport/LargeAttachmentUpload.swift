// Provides the upload of a large attachment: TUS, the protocol of resumable uploads.
internal import LinuxSystem
internal import SentryEnvelope
internal import Uploader

/// Sends a file in two requests: one that makes a place for it, one with its bytes. tus.io, version 1.0.0.
internal struct LargeAttachmentUpload {
  let dsn: DSN
  let userAgent: String

  enum Outcome {
    /// The server has the file, at this place.
    case done(location: String)
    /// The file is gone, too large, or the server does not want it.
    case refused(String)
    /// There was no answer, or one that may be better later.
    case failed(String)
  }

  func send(_ file: FilePath, attachmentType: String?, by client: any HTTPTransport) -> Outcome {
    guard let status = try? FileSystem.status(file, followLinks: false), status.kind == .regular, status.size > 0 else {
      return .refused("its file is gone")
    }
    if status.size > LargeAttachment.limit { return .refused("it is larger than 1 GiB") }
    do throws(UploaderError) {
      let created = try client.send(creation(size: status.size, attachmentType: attachmentType))
      guard created.status == 201, let location = created.header("location").flatMap({ resolve($0) }) else {
        return Self.outcome(created, "making a place for it")
      }
      let stored = try client.send(transfer(file, to: location))
      // The reference has the place as the server said it.
      return stored.isSuccess
        ? .done(location: created.header("location") ?? location) : Self.outcome(stored, "sending it")
    } catch {
      return error.code == .bodyUnreadable ? .refused(error.description) : .failed(error.description)
    }
  }

  private static func outcome(_ response: HTTPResponse, _ what: String) -> Outcome {
    let text = "\(what): the server answered \(response.status)"
    return response.status >= 500 || response.status == 429 || response.status == 408 ? .failed(text) : .refused(text)
  }

  private func creation(size: Int64, attachmentType: String?) throws(UploaderError) -> HTTPRequest {
    var headers = [
      HTTPHeader("x-sentry-auth", dsn.authenticationHeader(userAgent: userAgent)),
      HTTPHeader("tus-resumable", "1.0.0"), HTTPHeader("upload-length", "\(size)"),
    ]
    if let attachmentType {
      let metadata = Base64.encode(Array("{\"attachment_type\":\"\(Self.quoted(attachmentType))\"}".utf8))
      headers.append(HTTPHeader("upload-metadata", "sentry \(metadata)"))
    }
    var request = HTTPRequest(url: dsn.uploadURL, headers: headers, body: try ContentSource(.bytes([])))
    request.content = .bytes([])
    return request
  }

  private func transfer(_ file: FilePath, to location: String) throws(UploaderError) -> HTTPRequest {
    let headers = [
      HTTPHeader("tus-resumable", "1.0.0"), HTTPHeader("content-type", "application/offset+octet-stream"),
      HTTPHeader("upload-offset", "0"),
    ]
    var request = HTTPRequest(url: location, headers: headers, body: try ContentSource(.path(file)))
    request.method = "PATCH"
    request.content = .path(file)
    return request
  }

  /// A place on this server, or the whole address that the server gave; `nil` when it is neither.
  private func resolve(_ location: String) -> String? {
    if location.utf8.starts(with: "http://".utf8) || location.utf8.starts(with: "https://".utf8) { return location }
    guard location.utf8.first == UInt8(ascii: "/"), !location.utf8.starts(with: "//".utf8) else { return nil }
    return "\(dsn.scheme)://\(dsn.host):\(dsn.port)\(location)"
  }

  private static func quoted(_ text: String) -> String {
    let safe = text.utf8.filter { $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    return String(decoding: safe, as: UTF8.self)
  }
}

/// RFC 4648 section 4.
internal enum Base64 {
  static func encode(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      let count = min(3, bytes.count - index)
      var group = 0
      for offset in 0..<3 { group = group << 8 | (offset < count ? Int(bytes[index + offset]) : 0) }
      for place in 0..<4 {
        result.append(place <= count ? alphabet[group >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
      index += 3
    }
    return String(decoding: result, as: UTF8.self)
  }
}
