// Provides why a minidump, or a part of one, could not be read.

/// Why a file is no minidump at all. Everything beyond that is a `MinidumpSoftError`.
public struct MinidumpReadError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    /// Shorter than a header.
    case truncated
    /// The first four bytes are not those of a minidump, in either byte order.
    case notAMinidump
    /// The first four bytes are zero: the writer did not come to the end.
    case unfinished
    /// The version's low half is not 0xa793.
    case unknownVersion
    /// The directory lies outside the file.
    case directoryOutsideFile
  }
  public let code: Code
  /// The number that was wrong.
  public let value: UInt64

  internal init(_ code: Code, _ value: UInt64) {
    self.code = code
    self.value = value
  }

  public var description: String {
    switch code {
    case .truncated: "\(value) bytes are too few for a minidump: was the file copied completely?"
    case .notAMinidump: "the file does not start with MDMP but with 0x\(String(value, radix: 16)): give a minidump file"
    case .unfinished: "the minidump has no signature: its writer was interrupted, what is in it cannot be trusted"
    case .unknownVersion: "version 0x\(String(value, radix: 16)) of minidumps is unknown, 0xa793 was expected"
    case .directoryOutsideFile: "the directory at 0x\(String(value, radix: 16)) lies outside the file"
    }
  }
}

/// A part of a minidump that could not be read. The rest is good.
public struct MinidumpSoftError: Hashable, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    /// The bytes lie outside the file, entirely or in part.
    case outsideFile
    /// The stream is too small for what it must hold.
    case tooSmall
    /// A count is larger than what fits; what fits was read.
    case countTooLarge
    /// An entry's size or a version that this reader does not know.
    case unknownLayout
    /// Reading would need more memory than the reader allows itself for a file of this size.
    case tooMuchMemory
    /// A text is not well formed; the parts that are not were replaced.
    case badText
    /// Something points to what is not there, such as a module's index.
    case badReference
  }

  public let code: Code
  /// The stream in which it happened; nil for the directory.
  public let stream: MinidumpStreamType?
  /// The entry of the stream's list, from 0.
  public let index: Int?
  /// What could not be read, such as `name`.
  public let field: String
  /// The number that was wrong: an offset, a size, a count.
  public let value: UInt64

  public var description: String {
    var place = stream.map { $0.name ?? "stream 0x\(String($0.rawValue, radix: 16))" } ?? "directory"
    if let index { place += "[\(index)]" }
    let number = "0x\(String(value, radix: 16))"
    return switch code {
    case .outsideFile: "\(place): \(field) at \(number) lies outside the file"
    case .tooSmall: "\(place): \(number) bytes are too few for \(field)"
    case .countTooLarge: "\(place): the count \(value) of \(field) is larger than its room"
    case .unknownLayout: "\(place): \(field) has an unknown layout (\(number))"
    case .tooMuchMemory: "\(place): \(field) would need more memory than a file of this size may"
    case .badText: "\(place): \(field) at \(number) is not well-formed text"
    case .badReference: "\(place): \(field) \(value) refers to nothing"
    }
  }
}
