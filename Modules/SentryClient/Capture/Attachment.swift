// Provides a file or bytes that go with an event.
public import LinuxSystem

/// Something that goes with an event: a file, read when it is sent, or bytes.
public struct Attachment: Hashable, Sendable {
  /// Where the bytes are.
  public enum Content: Hashable, Sendable {
    /// Read when the event is sent; a file that is missing or empty then is left out.
    case file(FilePath)
    /// The content itself, as it was when it was attached.
    case bytes([UInt8])
  }

  /// The bytes, or where they are.
  public var content: Content
  /// The name it has at the server.
  public var filename: String
  /// `event.attachment`, `event.minidump`, `event.view_hierarchy`, …; `nil`: the first of them.
  public var attachmentType: String?
  /// A MIME type; `nil`: the server guesses.
  public var contentType: String?

  /// - Parameter filename: `nil`: the last component of the path.
  public init(
    path: FilePath, filename: String? = nil, attachmentType: String? = nil, contentType: String? = nil
  ) {
    content = .file(path)
    self.filename = filename ?? String(decoding: path.lastComponent, as: UTF8.self)
    self.attachmentType = attachmentType
    self.contentType = contentType
  }

  /// A file. `filename` is `nil` for the last component of the path.
  public init(path: String, filename: String? = nil, contentType: String? = nil) {
    self.init(path: FilePath(path), filename: filename, contentType: contentType)
  }

  /// Bytes under a name.
  public init(
    bytes: [UInt8], filename: String, attachmentType: String? = nil, contentType: String? = nil
  ) {
    content = .bytes(bytes)
    self.filename = filename
    self.attachmentType = attachmentType
    self.contentType = contentType
  }

  /// The file; `nil` for bytes.
  public var path: FilePath? { if case .file(let path) = content { path } else { nil } }
}
