// Provides the bytes of an HTTP response.
import LinuxSystem

/// A response of the loopback server.
struct IngestResponse {
  var status: Int
  var headers: [String: String] = [:]
  var body: String = ""

  /// What Sentry's endpoints answer: the event's id.
  static func accepting(_ request: IngestRequest) -> IngestResponse {
    switch request.endpoint {
    case .minidump:
      let name = request.form?.file("upload_file_minidump")?.filename ?? ""
      let id = UniqueID(String(name.prefix(36))) ?? .random()
      return IngestResponse(status: 200, headers: ["Content-Type": "text/plain"], body: id.description)
    case .envelope, .other:
      let id = UniqueID.random().description.filter { $0 != "-" }
      return IngestResponse(status: 200, headers: ["Content-Type": "application/json"], body: "{\"id\":\"\(id)\"}")
    }
  }

  var bytes: [UInt8] {
    var text = "HTTP/1.1 \(status) Status\r\nContent-Length: \(body.utf8.count)\r\n"
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) { text += "\(name): \(value)\r\n" }
    return Array((text + "\r\n" + body).utf8)
  }
}
