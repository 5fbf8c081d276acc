// Provides the upload of an envelope.

/// An envelope on its way to an envelope endpoint. Its content is not looked at.
public struct EnvelopeUpload: Sendable {
  /// Where to; with Sentry `http(s)://HOST/api/PROJECT/envelope/`.
  public var url: String
  /// The value of `x-sentry-auth`: `Sentry sentry_key=KEY, sentry_version=7, sentry_client=NAME/VERSION`.
  public var authentication: String
  public var envelope: BodyContent
  /// Compresses the body. Without zlib it goes as it is.
  public var compresses: Bool

  public init(url: String, authentication: String, envelope: BodyContent, compresses: Bool = true) {
    self.url = url
    self.authentication = authentication
    self.envelope = envelope
    self.compresses = compresses
  }

  /// The `x-sentry-auth` value for a public key.
  public static func authentication(publicKey: String, client: String) -> String {
    "Sentry sentry_key=\(publicKey), sentry_version=7, sentry_client=\(client)"
  }

  /// A request for one attempt.
  ///
  /// - Throws: `bodyUnreadable` when the envelope is a file that cannot be opened.
  public func makeRequest() throws(UploaderError) -> HTTPRequest {
    var headers = [
      HTTPHeader("x-sentry-auth", authentication), HTTPHeader("content-type", "application/x-sentry-envelope"),
    ]
    var body: any ByteSource = try ContentSource(envelope)
    var content: BodyContent? = envelope
    if compresses {
      do throws(UploaderError) {
        if case .bytes(let bytes) = envelope {
          // In memory already: compress at once, so that the length is known and proxies need no chunked coding.
          let compressed = BodyContent.bytes(try GzipSource.compress(bytes))
          body = try ContentSource(compressed)
          content = compressed
        } else {
          body = try GzipSource(compressing: body)
          content = nil
        }
        headers.append(HTTPHeader("content-encoding", "gzip"))
      } catch {
        if error.code != .libraryMissing { throw error }
      }
    }
    var request = HTTPRequest(url: url, headers: headers, body: body)
    request.content = content
    return request
  }
}
