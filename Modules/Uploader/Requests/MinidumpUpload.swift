// Provides the upload of one crash report.
public import LinuxSystem

/// A crash report on its way to a minidump endpoint: docs/formats/minidump-upload.md.
public struct MinidumpUpload: Sendable {
  /// A file that goes along.
  public struct Attachment: Sendable {
    /// Its name without a folder, as bytes.
    public var name: [UInt8]
    public var content: BodyContent
    /// MIME type; `nil` lets the server guess by the name.
    public var contentType: String?
    public init(name: [UInt8], content: BodyContent, contentType: String? = nil) {
      self.name = name
      self.content = content
      self.contentType = contentType
    }
  }

  /// Where to; with Sentry `http(s)://HOST/api/PROJECT/minidump/?sentry_key=KEY`.
  public var url: String
  /// Form fields: the annotations, and `guid` with the client id. At most one for each name; the last one counts.
  public var fields: [MultipartForm.Field]
  public var attachments: [Attachment]
  public var minidump: BodyContent
  /// Names the dump: `REPORT-ID.dmp`.
  public var reportID: UniqueID
  /// Repeats product, version and client id in the URL.
  public var identifiesClient = true
  /// Compresses the body. Without zlib it goes as it is.
  public var compresses = true

  public init(
    url: String, reportID: UniqueID, minidump: BodyContent, attachments: [Attachment] = [],
    fields: [MultipartForm.Field] = []
  ) {
    self.url = url
    self.reportID = reportID
    self.minidump = minidump
    self.attachments = attachments
    self.fields = fields
  }

  /// The name of the dump's part. Nothing else may have it.
  public static let minidumpPartName = "upload_file_minidump"

  /// The form, with a boundary of its own.
  public var form: MultipartForm {
    let reserved = Array(Self.minidumpPartName.utf8)
    var kept: [MultipartForm.Field] = []
    for field in fields where field.name != reserved {
      kept.removeAll { $0.name == field.name }
      kept.append(field)
    }
    var files = attachments.map { attachment in
      // A server takes one part of that name for the dump; an attachment of that name must not be it.
      let name = attachment.name == reserved ? reserved + Array("_".utf8) : attachment.name
      return MultipartForm.File(
        name: name, filename: attachment.name, contentType: attachment.contentType, content: attachment.content)
    }
    files.append(
      MultipartForm.File(
        name: reserved, filename: Array("\(reportID).dmp".utf8), content: minidump, isRequired: true))
    return MultipartForm(fields: kept, files: files)
  }

  /// The URL with the client's identity.
  public var identifiedURL: String {
    identifiesClient ? ClientIdentification.url(url, fields: fields) : url
  }

  /// A request for one attempt.
  ///
  /// - Throws: `compressionFailed`. Unreadable files show while the request is sent.
  public func makeRequest() throws(UploaderError) -> HTTPRequest {
    let form = form
    var headers = [HTTPHeader("content-type", form.contentType)]
    var body: any ByteSource = MultipartBody(form)
    if compresses {
      do throws(UploaderError) {
        body = try GzipSource(compressing: body)
        headers.append(HTTPHeader("content-encoding", "gzip"))
      } catch {
        // A report that is larger on the way is better than none.
        if error.code != .libraryMissing { throw error }
      }
    }
    return HTTPRequest(url: identifiedURL, headers: headers, body: body)
  }
}
