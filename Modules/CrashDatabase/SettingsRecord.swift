// Provides the bytes of `settings.dat`.
public import LinuxSystem

/// The settings that all processes on one database share.
///
/// Format: docs/formats/crash-database.md, "Settings".
public struct SettingsRecord: Hashable, Sendable {
  /// Options as bits; unknown ones are kept.
  public var options: UInt32 = 0
  /// Seconds since 1970; 0 for never.
  public var lastUploadAttempt: Int64 = 0
  /// Identifies the installation to the server. Written into every dump.
  public var clientID: UniqueID

  public init(clientID: UniqueID) { self.clientID = clientID }

  /// Bit 0: reports may be sent without being asked for one by one.
  public var uploadsEnabled: Bool {
    get { options & 1 != 0 }
    set { options = newValue ? options | 1 : options & ~1 }
  }

  /// Bit 1, of Sentry's dialect: reports wait in `pending` instead of being given up.
  public var uploadsPaused: Bool {
    get { options & 2 != 0 }
    set { options = newValue ? options | 2 : options & ~2 }
  }

  internal static let size = 40

  /// Parses the first 40 bytes; longer files of later versions are accepted. `nil` when it is something else.
  public init?(bytes: [UInt8]) {
    guard bytes.count >= Self.size, bytes[0..<4].elementsEqual("sdPC".utf8),
      littleEndian(bytes, at: 4, as: UInt32.self) == 1,
      let options = littleEndian(bytes, at: 8, as: UInt32.self),
      let time = littleEndian(bytes, at: 16, as: Int64.self),
      let client = UniqueID(mixedEndianBytes: Array(bytes[24..<40]))
    else { return nil }
    self.options = options
    lastUploadAttempt = time
    clientID = client
  }

  public var bytes: [UInt8] {
    var result = Array("sdPC".utf8)
    result.reserveCapacity(Self.size)
    appendLittleEndian(UInt32(1), to: &result)
    appendLittleEndian(options, to: &result)
    appendLittleEndian(UInt32(0), to: &result)
    appendLittleEndian(lastUploadAttempt, to: &result)
    result.append(contentsOf: clientID.mixedEndianBytes)
    return result
  }
}
