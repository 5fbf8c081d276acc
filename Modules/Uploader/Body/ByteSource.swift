// Provides the bytes of a request's body, pulled piece by piece.
public import LinuxSystem

/// Something that is read once from its beginning to its end. A request that is tried again takes a new source.
///
/// Used by one thread at a time.
public protocol ByteSource: AnyObject {
  /// How many bytes there will be, or `nil` when that shows only at the end (the request is chunked then).
  var byteCount: Int64? { get }

  /// Fills the start of `buffer`, which is never empty.
  ///
  /// - Returns: how many bytes were stored; 0 at the end.
  /// - Throws: `bodyUnreadable` when a part that must not be missing cannot be read.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(UploaderError) -> Int
}

/// The content of a file part or of a body, by reference where it can be large.
public enum BodyContent: Sendable {
  /// A regular file, opened when its turn comes and closed after it.
  case path(FilePath)
  /// The same, in a folder that others may write to: a symbolic link is not followed.
  case strictPath(FilePath)
  /// An open regular file, read from offset 0 without moving its position. The caller keeps it open.
  case descriptor(Int32)
  /// Bytes in memory.
  case bytes([UInt8])
}

/// A whole body that is `BodyContent`.
public final class ContentSource: ByteSource {
  public let byteCount: Int64?
  private let reader: ContentReader

  /// Opens the content.
  ///
  /// - Throws: `bodyUnreadable` when the file is missing, not regular or not readable.
  public init(_ content: BodyContent) throws(UploaderError) {
    reader = try ContentReader(content)
    byteCount = reader.size
  }

  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(UploaderError) -> Int {
    try reader.read(into: buffer)
  }
}
