// Provides what is missing on this system for reports to get to the server.
internal import LinuxSystem
internal import SentryEnvelope
internal import Uploader

extension SentryClient {
  /// Those of the health's issues that concern the way to the server only: reports wait in the database meanwhile.
  /// Libraries are opened to find out, once.
  public var deliveryIssues: [HealthIssue] {
    guard let dsn = options.dsn, case .standard = options.transport else { return [] }
    return lock.withLock {
      if let known = knownDeliveryIssues { return known }
      var issues: [HealthIssue] = []
      do throws(UploaderError) {
        try HTTPClient().prepare()
      } catch {
        issues.append(
          HealthIssue(
            .transport,
            "\(error). Reports wait in the database: install libcurl4, or bring it along (Scripts/install --bundle-libs)"
          ))
      }
      if dsn.scheme == "https", options.caCertificates == nil, CertificateFile.find() == nil {
        issues.append(
          HealthIssue(
            .transport,
            "there are no certificates to trust a server by. Install ca-certificates, name a file by SSL_CERT_FILE, or set"
              + " the SDK's option"))
      }
      knownDeliveryIssues = issues
      return issues
    }
  }
}
