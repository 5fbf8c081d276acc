// Provides `crashctl upload`.
internal import LinuxSystem
internal import MinidumpFormat
internal import SentryEnvelope
internal import Uploader

/// Sends minidumps and envelopes to a Sentry-compatible server.
enum UploadCommand {
  private static let help = """
    Usage: crashctl upload FILE... --dsn DSN [--field KEY=VALUE]... [--attachment FILE]... [--json]

    Sends minidumps and envelope files, each in a request of its own, and prints the server's answers.
    A minidump goes along with the annotations that it holds, as a handler sends it.

      --dsn DSN           https://KEY@HOST/PROJECT; by default what the variable SENTRY_DSN says
      --field KEY=VALUE   a form field of each minidump, such as sentry[release]=shop@1.4.2; may be repeated
      --attachment FILE   a file that goes along with each minidump; may be repeated
      --timeout SECONDS   for each request; 60 by default
      --json              [{"file","kind":"minidump|envelope","ok","status","answer"}]; status 0: no answer

    Exit status: 0 the server took all, 1 it refused one or could not be reached, 2 wrong usage.

    """

  /// Who sends, `NAME/VERSION`: the first word of the user agent.
  static var client: String { String(UserAgent.standard().prefix { $0 != " " }) }

  /// What became of one file.
  private struct Delivery {
    let file: String
    var kind: String?
    var status = 0
    var isOK = false
    /// What the server said, or why it could not be asked.
    var answer = ""

    var json: JSONValue {
      .object([
        ("file", .text(file)), ("kind", .optional(kind)), ("ok", .bool(isOK)),
        ("status", .integer(UInt64(clamping: status))), ("answer", .text(answer)),
      ])
    }
  }

  private struct Request {
    var dsn: DSN
    var fields: [MultipartForm.Field] = []
    var attachments: [MinidumpUpload.Attachment] = []
    var client = HTTPClient()
  }

  static func run(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help") || arguments.contains("-h") { return Terminal.write(help) }
    do throws(CommandUsageError) {
      let options = try CommandArguments(
        arguments, flags: ["--json"], options: ["--dsn", "--field", "--attachment", "--timeout"])
      if options.operands.isEmpty { throw CommandUsageError(message: "which file?") }
      let request = try request(options)
      var deliveries: [Delivery] = []
      for file in options.operands {
        let delivery = send(file, request)
        deliveries.append(delivery)
        if options.has("--json") { continue }
        let answer = delivery.answer.isEmpty ? "" : ": \(delivery.answer)"
        if delivery.isOK {
          let line = TextReport.printable("\(file): accepted (\(delivery.status))\(answer)")
          if Terminal.write(line + "\n") != 0 { return 1 }
        } else {
          let refusal = delivery.status == 0 ? "not sent" : "refused (\(delivery.status))"
          Terminal.complain("crashctl upload: \(file): \(refusal)\(answer)")
        }
      }
      let status: Int32 = deliveries.allSatisfy { $0.isOK } ? 0 : 1
      return options.has("--json") ? Terminal.write(.list(deliveries.map { $0.json }), status: status) : status
    } catch {
      return Terminal.usage("upload", error)
    }
  }

  private static func request(_ options: CommandArguments) throws(CommandUsageError) -> Request {
    guard let text = options.value("--dsn") ?? EnvironmentVariable.value("SENTRY_DSN")?.description, !text.isEmpty
    else { throw CommandUsageError(message: "--dsn is missing, and SENTRY_DSN is not set") }
    var request: Request
    do throws(DSN.ParseError) { request = Request(dsn: try DSN(text)) } catch {
      throw CommandUsageError(message: "\(error)")
    }
    for field in options.values("--field") {
      guard let equals = field.firstIndex(of: "="), equals > field.startIndex else {
        throw CommandUsageError(message: "--field takes KEY=VALUE, not \(field)")
      }
      request.fields.append(MultipartForm.Field(String(field[..<equals]), String(field[field.index(after: equals)...])))
    }
    for file in options.values("--attachment") {
      let path = FilePath(file)
      request.attachments.append(MinidumpUpload.Attachment(name: path.lastComponent, content: .path(path)))
    }
    if let seconds = try options.number("--timeout", as: Int32.self) {
      request.client.configuration.timeoutMilliseconds = Int(seconds) * 1000
    }
    return request
  }

  private static func send(_ file: String, _ request: Request) -> Delivery {
    var delivery = Delivery(file: file)
    do {
      // The transport takes an attachment for optional; here somebody named it.
      for attachment in request.attachments {
        if case .path(let path) = attachment.content { _ = try FileSystem.open(path) }
      }
      let mapped = try MappedFile(FilePath(file))
      let message: HTTPRequest
      if mapped.bytes.starts(with: "MDMP".utf8) {
        delivery.kind = "minidump"
        message = try minidump(file, mapped, request).makeRequest()
      } else {
        let bytes = Array(mapped.bytes)
        do throws(EnvelopeError) { _ = try Envelope(bytes: bytes) } catch {
          delivery.answer = "it is neither a minidump nor an envelope (\(error.description))"
          return delivery
        }
        delivery.kind = "envelope"
        message = try EnvelopeUpload(
          url: request.dsn.envelopeURL, authentication: request.dsn.authenticationHeader(userAgent: client),
          envelope: .bytes(bytes)
        ).makeRequest()
      }
      let response = try request.client.send(message)
      delivery.status = response.status
      delivery.isOK = response.isSuccess
      delivery.answer = String(decoding: response.body, as: UTF8.self)
      if let reason = response.header("x-sentry-error"), !delivery.answer.contains(reason) {
        delivery.answer += delivery.answer.isEmpty ? reason : " (\(reason))"
      }
    } catch {
      delivery.answer = "\(error)"
    }
    return delivery
  }

  private static func minidump(_ file: String, _ mapped: MappedFile, _ request: Request) -> MinidumpUpload {
    let path = FilePath(file)
    let name = String(decoding: path.lastComponent, as: UTF8.self)
    let id = name.hasSuffix(".dmp") ? UniqueID(String(name.dropLast(4))) : nil
    let reader = try? MinidumpReader(MinidumpBytes(unowned: mapped.bytes, keepingAlive: mapped))
    let fields = reader?.crashpadInfo.map { annotations(of: $0) } ?? []
    // Of two fields of one name the last one counts.
    return MinidumpUpload(
      url: request.dsn.minidumpURL(userAgent: client), reportID: id ?? .random(),
      minidump: file == "-" || !FileSystem.isRegularFile(path) ? .bytes(Array(mapped.bytes)) : .path(path),
      attachments: request.attachments, fields: fields + request.fields)
  }

  /// Form fields as handlers make them.
  private static func annotations(of info: MinidumpCrashpadInfo) -> [MultipartForm.Field] {
    info.mergedAnnotations.map { MultipartForm.Field(name: Array($0.name.utf8), value: $0.value) }
      + [MultipartForm.Field("guid", "\(info.clientID)")]
  }
}
