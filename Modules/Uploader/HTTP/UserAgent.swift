// Provides the name under which requests are made.
internal import CLinuxShims

/// The `User-Agent` header.
public enum UserAgent {
  /// `PRODUCT/VERSION Linux/RELEASE (ARCHITECTURE)`, for example `sentry-native-swift/0.1.0 Linux/6.1.0 (x86_64)`.
  /// The client puts libcurl's name and version in the middle, as Crashpad does.
  public static func standard(product: String = "sentry-native-swift", version: String = "0.1.0") -> String {
    var record = utsname()
    guard uname(&record) == 0 else { return "\(product)/\(version)" }
    let release = text(of: record.release)
    let machine = text(of: record.machine)
    return "\(product)/\(version) Linux/\(release) (\(machine))"
  }

  /// Puts `library` between the product and the rest.
  internal static func adding(_ library: String, to userAgent: String) -> String {
    let text = Array(userAgent.utf8)
    guard let space = text.firstIndex(of: UInt8(ascii: " ")) else { return "\(userAgent) \(library)" }
    return String(decoding: text[..<space], as: UTF8.self) + " \(library)"
      + String(decoding: text[space...], as: UTF8.self)
  }

  /// The printable characters of a field of `struct utsname`, which imports as a tuple.
  private static func text<Field>(of field: Field) -> String {
    withUnsafeBytes(of: field) { bytes in
      String(decoding: bytes.prefix { $0 > 0x20 && $0 < 0x7f }, as: UTF8.self)
    }
  }
}
