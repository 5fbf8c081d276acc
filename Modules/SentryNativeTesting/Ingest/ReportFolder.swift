// Provides received reports as files.
import LinuxSystem

/// Writes what a `LoopbackIngestServer` received into a folder, for scripts and for looking at it.
public struct ReportFolder: Sendable {
  private let path: FilePath

  /// Makes the folder if it is not there.
  public init(_ path: FilePath) throws {
    try FileSystem.createDirectories(path)
    self.path = path
  }

  /// Writes one request into a folder of its own, named by its number: `request.json` (method, target, headers,
  /// completeness), `fields.json` (the form's fields), `files/NAME` for each file part, `envelope` for an envelope.
  /// The folder appears whole: it is renamed into place.
  ///
  /// - Returns: the folder.
  @discardableResult
  public func write(_ request: IngestRequest, number: Int) throws -> FilePath {
    let name = String(repeating: "0", count: max(0, 4 - String(number).count)) + String(number)
    let temporary = path.appending(".\(name).tmp")
    try FileSystem.createDirectories(temporary)
    var headers: [(String, String)] = []
    for header in request.headers { headers.append((header.name, header.value)) }
    let summary: [(String, JSONText)] = [
      ("method", .string(request.method)), ("target", .string(request.target)),
      ("complete", .raw(request.isComplete ? "true" : "false")),
      ("encoded_size", .raw(String(request.encodedBody.count))), ("size", .raw(String(request.body.count))),
      ("headers", .object(headers.map { ($0.0, .string($0.1)) })),
    ]
    try FileSystem.write(Array(JSONText.object(summary).text.utf8), to: temporary.appending("request.json"))
    if let form = request.form {
      let fields = form.fields.sorted { $0.key < $1.key }.map { ($0.key, JSONText.string($0.value)) }
      try FileSystem.write(Array(JSONText.object(fields).text.utf8), to: temporary.appending("fields.json"))
      let files = temporary.appending("files")
      try FileSystem.createDirectories(files)
      for file in form.files { try FileSystem.write(file.content, to: files.appending(Self.safe(file.name))) }
    } else {
      let name = request.endpoint == .envelope ? "envelope" : "body"
      try FileSystem.write(request.body, to: temporary.appending(name))
    }
    let final = path.appending(name)
    try FileSystem.rename(temporary, to: final)
    return final
  }

  /// A name that cannot leave its folder.
  private static func safe(_ name: String) -> String {
    let text = String(name.map { $0 == "/" || $0 == "\0" ? "_" : $0 })
    return text == "" || text == "." || text == ".." ? "_\(text)" : text
  }
}

/// Just enough JSON to describe a request.
private indirect enum JSONText {
  case string(String)
  case raw(String)
  case object([(String, JSONText)])

  var text: String {
    switch self {
    case .raw(let text): return text
    case .object(let members):
      return "{" + members.map { "\(JSONText.string($0.0).text): \($0.1.text)" }.joined(separator: ", ") + "}"
    case .string(let value):
      var result = "\""
      for scalar in value.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        default:
          if scalar.value < 0x20 {
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
          } else {
            result.unicodeScalars.append(scalar)
          }
        }
      }
      return result + "\""
    }
  }
}
