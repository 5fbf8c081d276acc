// Provides the address of a project at a Sentry-compatible server.

/// A DSN: `{http|https}://{public key}[:{secret}]@{host}[:{port}][/{prefix}]/{project}[/]`.
///
/// A value of this type is a valid address. Rules: docs/formats/wire-formats.md, "DSN".
public struct DSN: Hashable, Sendable, CustomStringConvertible {
  /// As it was given; goes into envelope headers.
  public let text: String
  /// `http` or `https`.
  public let scheme: String
  /// Identifies the sender to the server.
  public let publicKey: String
  /// Of old servers. Never sent.
  public let secret: String?
  /// A name, an address, or an IPv6 literal in brackets.
  public let host: String
  /// Of the scheme when the text has none.
  public let port: UInt16
  /// The path before the project, without a slash at its end: empty, or `/prefix`.
  public let pathPrefix: String
  /// Not necessarily a number.
  public let projectID: String
  /// The organisation, from a host such as `o42.ingest.example.org`; `nil` when the host says none.
  public let organizationID: String?

  /// Why a text is no DSN.
  public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first thing that is wrong with it.
    public let reason: String
    public var description: String { "invalid DSN: \(reason)" }
  }

  /// Parses `scheme://publicKey[:secret]@host[:port][/path]/project`; what is in brackets may be missing.
  public init(_ text: String) throws(ParseError) {
    var rest = Array(text.utf8)[...]

    guard let colon = rest.firstIndex(of: UInt8(ascii: ":")), rest[colon...].starts(with: "://".utf8) else {
      throw ParseError(reason: "it does not begin with http:// or https://")
    }
    let scheme = Self.lowercased(rest[..<colon])
    guard scheme == "http" || scheme == "https" else {
      throw ParseError(reason: "the scheme is neither http nor https")
    }
    rest = rest[(colon + 3)...]

    let authorityEnd = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
    guard let at = rest[..<authorityEnd].firstIndex(of: UInt8(ascii: "@")) else {
      throw ParseError(reason: "there is no public key before an @")
    }
    let user = rest[..<at]
    let keyEnd = user.firstIndex(of: UInt8(ascii: ":")) ?? user.endIndex
    guard keyEnd > user.startIndex else { throw ParseError(reason: "the public key is empty") }
    publicKey = Self.string(user[..<keyEnd])
    secret = keyEnd < user.endIndex ? Self.string(user[(keyEnd + 1)...]) : nil

    var host = rest[(at + 1)..<authorityEnd]
    var portText: ArraySlice<UInt8>?
    let nameEnd: Int
    if host.first == UInt8(ascii: "[") {
      guard let bracket = host.firstIndex(of: UInt8(ascii: "]")) else {
        throw ParseError(reason: "the IPv6 address has no end")
      }
      nameEnd = bracket + 1
    } else {
      nameEnd = host.firstIndex(of: UInt8(ascii: ":")) ?? host.endIndex
    }
    if nameEnd < host.endIndex {
      guard host[nameEnd] == UInt8(ascii: ":") else { throw ParseError(reason: "something follows the IPv6 address") }
      portText = host[(nameEnd + 1)...]
      host = host[..<nameEnd]
    }
    guard !host.isEmpty else { throw ParseError(reason: "there is no host") }
    // A control character or a blank would end the request line of whoever puts the URL together.
    guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else {
      throw ParseError(reason: "it has blanks or control characters in it")
    }
    if let portText {
      guard let port = Self.port(portText) else { throw ParseError(reason: "the port is not a number up to 65535") }
      self.port = port
    } else {
      port = scheme == "https" ? 443 : 80
    }

    var path = rest[authorityEnd...]
    if let end = path.firstIndex(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) { path = path[..<end] }
    while path.last == UInt8(ascii: "/") { path.removeLast() }
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")), slash + 1 < path.endIndex else {
      throw ParseError(reason: "there is no project at the end")
    }
    pathPrefix = Self.string(path[..<slash])
    projectID = Self.string(path[(slash + 1)...])
    self.text = text
    self.scheme = scheme
    self.host = Self.string(host)
    organizationID = Self.organization(host)
  }

  public var description: String { text }

  private var base: String { "\(scheme)://\(host):\(port)\(pathPrefix)/api/\(projectID)" }

  /// Where envelopes go.
  public var envelopeURL: String { "\(base)/envelope/" }
  /// Where large attachments go.
  public var uploadURL: String { "\(base)/upload/" }

  /// Where dumps go.
  ///
  /// - Parameter userAgent: name and version of the SDK, `name/1.0`; taken as it is.
  public func minidumpURL(userAgent: String) -> String {
    "\(base)/minidump/?sentry_client=\(userAgent)&sentry_key=\(publicKey)"
  }

  /// The value of the `X-Sentry-Auth` header.
  public func authenticationHeader(userAgent: String) -> String {
    "Sentry sentry_key=\(publicKey), sentry_version=7, sentry_client=\(userAgent)"
  }

  private static func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.map { $0 >= 0x41 && $0 <= 0x5a ? $0 + 0x20 : $0 }, as: UTF8.self)
  }

  private static func port(_ digits: ArraySlice<UInt8>) -> UInt16? {
    if digits.isEmpty || digits.count > 5 { return nil }
    var value: UInt32 = 0
    for digit in digits {
      guard digit >= 0x30, digit <= 0x39 else { return nil }
      value = value * 10 + UInt32(digit - 0x30)
    }
    return UInt16(exactly: value)
  }

  /// What is between a leading `o` and the first dot, if it begins with a number other than zero or is one.
  private static func organization(_ host: ArraySlice<UInt8>) -> String? {
    guard host.first == UInt8(ascii: "o"), let dot = host.firstIndex(of: UInt8(ascii: ".")) else { return nil }
    let name = host[(host.startIndex + 1)..<dot]
    if name.isEmpty || name.count > 20 { return nil }
    let number = name.prefix { $0 >= 0x30 && $0 <= 0x39 }
    let isNumber = number.count == name.count
    if !isNumber && number.allSatisfy({ $0 == 0x30 }) { return nil }
    return string(name)
  }
}
