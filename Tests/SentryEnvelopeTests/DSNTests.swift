import SentryEnvelope
import Testing

@Suite struct `Addresses of projects` {
  @Test func `a full one is taken apart and gives its addresses`() throws {
    let dsn = try DSN("HTTPS://key:secret@o42.ingest.example.org:8443/some/prefix/7/?query#fragment")
    #expect(dsn.scheme == "https")
    #expect(dsn.publicKey == "key")
    #expect(dsn.secret == "secret")
    #expect(dsn.host == "o42.ingest.example.org")
    #expect(dsn.port == 8443)
    #expect(dsn.pathPrefix == "/some/prefix")
    #expect(dsn.projectID == "7")
    #expect(dsn.organizationID == "42")
    #expect(dsn.envelopeURL == "https://o42.ingest.example.org:8443/some/prefix/api/7/envelope/")
    #expect(dsn.uploadURL == "https://o42.ingest.example.org:8443/some/prefix/api/7/upload/")
    #expect(
      dsn.minidumpURL(userAgent: "sdk/1.0")
        == "https://o42.ingest.example.org:8443/some/prefix/api/7/minidump/?sentry_client=sdk/1.0&sentry_key=key")
    #expect(
      dsn.authenticationHeader(userAgent: "sdk/1.0") == "Sentry sentry_key=key, sentry_version=7, sentry_client=sdk/1.0"
    )
  }

  @Test func `a short one has the port of its scheme`() throws {
    #expect(try DSN("http://k@localhost/1").envelopeURL == "http://localhost:80/api/1/envelope/")
    #expect(try DSN("https://k@localhost/1").port == 443)
    #expect(try DSN("https://k@[::1]:9000/name").host == "[::1]")
    #expect(try DSN("https://k@[::1]/name").port == 443)
    #expect(try DSN("http://k@host/1").secret == nil)
  }

  @Test(arguments: [
    "", "nonsense", "key@host/1", "ftp://k@h/1", "http://host/1", "http://@host/1", "http://:s@host/1", "http://k@/1",
    "http://k@:80/1", "http://k@host", "http://k@host/", "http://k@host//", "http://k@host:/1", "http://k@host:x/1",
    "http://k@host:65536/1", "http://k@host:999999999999/1", "http://k@host:-1/1", "http://k@[::1/1",
    "http://k@[::1]x/1",
    "http://host/k@1", "http:/k@host/1", "http://k@host/?1", "http://k@ho st/1", "http://k@host\r\nX: y/1", "http://",
  ])
  func `what is none is refused with a reason`(text: String) {
    do {
      let dsn = try DSN(text)
      Issue.record("\(dsn) was taken")
    } catch {
      #expect(!error.reason.isEmpty)
    }
  }

  @Test(
    arguments: [
      ("o42.x", "42"), ("o12abc.x", "12abc"), ("oabc.x", nil), ("o0.x", "0"), ("o0a.x", nil), ("o.x", nil),
      ("42.x", nil),
      ("o42", nil), ("o123456789012345678901.x", nil), ("o12345678901234567890.x", "12345678901234567890"),
    ] as [(String, String?)])
  func `the host may tell the organisation`(host: String, organization: String?) throws {
    #expect(try DSN("http://k@\(host)/1").organizationID == organization)
  }
}
