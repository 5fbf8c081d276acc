// Provides the reasons why something is not an ELF image that can be trusted.

/// Why an ELF image could not be read, or a part of it.
public struct ELFImageError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    /// Memory or file ends before the structure does, or is not readable.
    case unreadable
    /// The four bytes at the start are not those of ELF.
    case notELF
    /// A field of the header has a value that no loader accepts.
    case badHeader
    /// Segments are out of order, overflow, or do not cover the header.
    case badSegments
    /// The dynamic section is damaged.
    case badDynamicSection
    /// A hash table or a string points out of the image.
    case badTable
  }
  public let code: Code
  /// Where: of the image, or of the structure in it.
  public let address: UInt64
  public let message: String

  public init(_ code: Code, at address: UInt64, _ message: String) {
    self.code = code
    self.address = address
    self.message = message
  }

  public var description: String { "ELF image at 0x\(String(address, radix: 16)): \(message)" }
}
