// Provides the two ways in which clients and handlers talk.

/// Whose message layout a connection uses. A client chooses it when it starts; a server sees it in each packet's length.
///
/// Source: docs/formats/handler-protocol.md.
public enum Dialect: UInt8, Hashable, Sendable {
  /// Upstream Crashpad: client messages of exactly 40 bytes.
  case chromium = 0
  /// Sentry's fork: client messages of at least 4112 bytes; attachments, retry and writes exist only here.
  case sentry = 1
  /// Upstream Crashpad built for Android: 32 bytes, without the crash loop time.
  case android = 2

  /// Bytes of the fixed part of a client message.
  public var clientMessageSize: Int {
    switch self {
    case .chromium: 40
    case .sentry: 4112
    case .android: 32
    }
  }
}
