// Provides where a system keeps the certificates that servers are checked by.
public import LinuxSystem

/// The system's certificates.
public enum CertificateFile {
  /// Where distributions keep them: Debian and Alpine, Fedora, openSUSE, and the place that OpenSSL names itself.
  public static let places: [FilePath] = [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
  ]

  /// The file that `SSL_CERT_FILE` names, or the first that is there; `nil`: no server can be trusted.
  ///
  /// A libcurl of one distribution knows that distribution's place only; in another one's image it has to be told.
  public static func find() -> FilePath? {
    if let named = EnvironmentVariable.value("SSL_CERT_FILE"), FileSystem.isRegularFile(named) { return named }
    return places.first { FileSystem.isRegularFile($0) }
  }
}
