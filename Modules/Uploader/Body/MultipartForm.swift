// Provides a form of fields and files as Crashpad writes it.
internal import LinuxSystem

/// A `multipart/form-data` form (RFC 7578) in the order and with the escapes of Crashpad's:
/// docs/formats/minidump-upload.md.
public struct MultipartForm: Sendable {
  /// A form field. Names and values are bytes: values of annotations may hold anything, NUL too.
  public struct Field: Sendable, Equatable {
    public var name: [UInt8]
    public var value: [UInt8]
    public init(name: [UInt8], value: [UInt8]) {
      self.name = name
      self.value = value
    }
    public init(_ name: String, _ value: String) { self.init(name: Array(name.utf8), value: Array(value.utf8)) }
  }

  /// A file part.
  public struct File: Sendable {
    public var name: [UInt8]
    public var filename: [UInt8]
    /// The part's own `Content-Type`; `nil` leaves the line out, as Sentry's handler does.
    public var contentType: String?
    public var content: BodyContent
    /// Whether the whole form fails when this file cannot be read. Without it an unreadable file is left out, and one
    /// that becomes unreadable ends early.
    public var isRequired: Bool
    public init(
      name: [UInt8], filename: [UInt8], contentType: String? = nil, content: BodyContent, isRequired: Bool = false
    ) {
      self.name = name
      self.filename = filename
      self.contentType = contentType
      self.content = content
      self.isRequired = isRequired
    }
  }

  public var fields: [Field]
  public var files: [File]
  /// What separates the parts. It must not occur in them: 32 random characters see to that.
  public let boundary: String

  public init(fields: [Field] = [], files: [File] = [], boundary: String = MultipartForm.randomBoundary()) {
    self.fields = fields
    self.files = files
    self.boundary = boundary
  }

  /// The value of the request's `Content-Type` header.
  public var contentType: String { "multipart/form-data; boundary=\(boundary)" }

  /// `---MultipartBoundary-`, 32 characters of `[0-9A-Za-z]`, `---`.
  public static func randomBoundary() -> String {
    let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    var text = Array("---MultipartBoundary-".utf8)
    var left = 32
    while left > 0 {
      for byte in UniqueID.random().bytes where left > 0 && byte < 248 {
        // 248 is the largest multiple of 62 in a byte: no character is likelier than another. The two bytes of a UUID
        // with fixed bits are a little less random, which does no harm to a separator.
        text.append(alphabet[Int(byte) % 62])
        left -= 1
      }
    }
    text.append(contentsOf: Array("---".utf8))
    return String(decoding: text, as: UTF8.self)
  }

  /// `name` as it stands between quotes: CR, LF, `"` and `%` become `%` and two lower-case digits.
  internal static func escaped(_ name: [UInt8]) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    var result: [UInt8] = []
    for byte in name {
      switch byte {
      case 0x0d, 0x0a, UInt8(ascii: "\""), UInt8(ascii: "%"):
        result.append(UInt8(ascii: "%"))
        result.append(digits[Int(byte >> 4)])
        result.append(digits[Int(byte & 15)])
      default: result.append(byte)
      }
    }
    return result
  }
}
