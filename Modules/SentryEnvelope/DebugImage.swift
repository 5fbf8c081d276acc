// Provides the images of a process, by which a server finds symbols.
public import StructuredValue

/// A file of code that was mapped into the process.
public struct DebugImage: Hashable, Sendable {
  /// `elf` on Linux.
  public var type: String
  /// The file's path.
  public var codeFile: String?
  /// The whole build ID in lower-case hexadecimal digits.
  public var codeID: String?
  /// A UUID made of the build ID; docs/formats/wire-formats.md, "Debug identifiers".
  public var debugID: String?
  /// Where its first segment was mapped.
  public var imageAddress: UInt64?
  /// Bytes.
  public var imageSize: UInt64?

  /// An image of which nothing but its file is known.
  public init(type: String = "elf", codeFile: String? = nil) {
    self.type = type
    self.codeFile = codeFile
  }

  /// Takes what is well formed.
  public init(value: StructuredValue) {
    type = value["type"]?.string ?? "elf"
    codeFile = value["code_file"]?.string
    codeID = value["code_id"]?.string
    debugID = value["debug_id"]?.string
    imageAddress = value["image_addr"]?.address
    imageSize = value["image_size"]?.uint64
  }

  /// As `debug_meta.images` of an event has it.
  public var value: StructuredValue {
    var object = StructuredObject()
    object["type"] = .string(type)
    object.set("code_file", codeFile)
    object.set("code_id", codeID)
    object.set("debug_id", debugID)
    object.set("image_addr", address: imageAddress)
    if let imageSize { object["image_size"] = StructuredValue(imageSize) }
    return .object(object)
  }
}
