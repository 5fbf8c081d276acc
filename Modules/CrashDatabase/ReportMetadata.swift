// Provides the metadata of a report: the bytes of a `.meta` file.

/// What the database knows of a report beside its files.
///
/// Format: docs/formats/crash-database.md, "Metadata".
public struct ReportMetadata: Hashable, Sendable {
  /// How often an upload was tried.
  public var uploadAttempts: Int32 = 0
  /// Seconds since 1970 of the last attempt; 0 when there was none.
  public var lastUploadAttempt: Int64 = 0
  /// Seconds since 1970 when the report was finished.
  public var creation: Int64 = 0
  /// The server has the report.
  public var isUploaded = false
  /// Somebody asked for the upload, so that consent and rate limits do not apply.
  public var isUploadExplicitlyRequested = false
  /// What the server answered, at most `remoteIDLimit` bytes; empty when the report was never uploaded.
  public var remoteID: [UInt8] = []

  /// Longer answers of a server are cut: a confused proxy's page of HTML is no identifier.
  public static let remoteIDLimit = 1024

  public init(creation: Int64) { self.creation = creation }

  internal static let fixedSize = 32
  /// The fixed part where `time_t` has four bytes.
  private static let fixedSize32 = 24

  /// Parses the content of a `.meta` file; `nil` when it is cut or of another version.
  public init?(bytes: [UInt8]) {
    guard littleEndian(bytes, at: 0, as: Int32.self) == 1,
      let attempts = littleEndian(bytes, at: 4, as: Int32.self),
      let last = littleEndian(bytes, at: 8, as: Int64.self),
      let low = littleEndian(bytes, at: 16, as: UInt32.self),
      let high = littleEndian(bytes, at: 20, as: UInt32.self)
    else { return nil }
    uploadAttempts = max(0, attempts)
    lastUploadAttempt = last
    // A 32-bit handler has its attributes where a 64-bit one has the upper half of the time, which is 0 until 2106;
    // with no attribute set there is no identifier either, and the file is short.
    let is32Bit = bytes.count < Self.fixedSize || high != 0
    let attributes: UInt8
    if is32Bit {
      creation = Int64(low)
      attributes = bytes[20]
      remoteID = Array(bytes[Self.fixedSize32...].prefix(Self.remoteIDLimit))
    } else {
      creation = Int64(low)
      attributes = bytes[24]
      remoteID = Array(bytes[Self.fixedSize...].prefix(Self.remoteIDLimit))
    }
    isUploaded = attributes & 1 != 0
    isUploadExplicitlyRequested = attributes & 2 != 0
  }

  /// The content of a `.meta` file as 64-bit handlers write it.
  public var bytes: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(Self.fixedSize + remoteID.count)
    appendLittleEndian(Int32(1), to: &result)
    appendLittleEndian(uploadAttempts, to: &result)
    appendLittleEndian(lastUploadAttempt, to: &result)
    appendLittleEndian(creation, to: &result)
    result.append((isUploaded ? 1 : 0) | (isUploadExplicitlyRequested ? 2 : 0))
    result.append(contentsOf: [0, 0, 0, 0, 0, 0, 0])
    result.append(contentsOf: remoteID.prefix(Self.remoteIDLimit))
    return result
  }
}
