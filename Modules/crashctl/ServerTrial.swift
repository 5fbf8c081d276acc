// Provides the doctor's trial of a server.
internal import LinuxSystem
internal import SentryEnvelope
internal import Uploader

/// Sends an envelope without items: the server checks the key, and no event comes of it.
enum ServerTrial {
  static func checks(_ text: String) -> [DoctorCheck] {
    let dsn: DSN
    do throws(DSN.ParseError) { dsn = try DSN(text) } catch {
      return [.bad("dsn", "\(error)", remedy: "copy it from the project's settings: https://KEY@HOST/PROJECT")]
    }
    return [.good("dsn", "project \(dsn.projectID) at \(dsn.host):\(dsn.port)"), ask(dsn)]
  }

  private static func ask(_ dsn: DSN) -> DoctorCheck {
    let client = HTTPClient()
    client.configuration.connectTimeoutMilliseconds = 10_000
    client.configuration.timeoutMilliseconds = 15_000
    let response: HTTPResponse
    do throws(UploaderError) {
      let upload = EnvelopeUpload(
        url: dsn.envelopeURL, authentication: dsn.authenticationHeader(userAgent: UploadCommand.client),
        envelope: .bytes(Array("{}\n".utf8)), compresses: false)
      response = try client.send(upload.makeRequest())
    } catch {
      let remedy =
        switch error.code {
        case .libraryMissing: "install libcurl4"
        case .timedOut: "let the firewall and the proxy (https_proxy, no_proxy) pass \(dsn.host):\(dsn.port)"
        default: "see that \(dsn.host):\(dsn.port) is reachable from here; certificates come from ca-certificates"
        }
      return .bad("server", "\(dsn.host):\(dsn.port) cannot be reached: \(error)", remedy: remedy)
    }
    let reason = response.header("x-sentry-error").map { ": \($0)" } ?? ""
    let detail = "it answered with status \(response.status)\(reason)"
    switch response.status {
    case 200...299: return .good("server", detail)
    case 401, 403: return .bad("server", detail, remedy: "the key is not valid there; copy the DSN again")
    case 404: return .bad("server", detail, remedy: "there is no such project, or no Sentry behind this address")
    case 429: return .good("server", detail, remedy: "it accepts nothing for the moment; reports wait meanwhile")
    case 300...399: return .bad("server", detail, remedy: "redirects are not followed; use the address that it names")
    case 500...: return .bad("server", detail, remedy: "the server has a problem of its own; reports wait meanwhile")
    // It speaks the protocol and dislikes an envelope without items.
    default: return .good("server", detail + ", as some do to a request without a report")
    }
  }
}
