// Provides records that identify the build of a module.

/// What identifies the build of a module: the CodeView record.
public enum MinidumpCodeView: Hashable, Sendable {
  /// "LEpB": an ELF build ID of any length.
  case elfBuildID([UInt8])
  /// "RSDS": PDB 7.0, and the UUID of Mach-O images.
  case pdb70(guid: MinidumpGUID, age: UInt32, name: String)
  /// "NB10": PDB 2.0.
  case pdb20(offset: UInt32, signature: UInt32, age: UInt32, name: String)
  /// Anything else, the signature included.
  case raw([UInt8])

  internal enum Signature {
    static let elfBuildID: UInt32 = 0x4270_454c
    static let pdb70: UInt32 = 0x5344_5352
    static let pdb20: UInt32 = 0x3031_424e
  }

  /// - Returns: where the record lies in the buffer, and its size.
  internal func encode(into output: MinidumpEncoder) -> (Int, Int) {
    switch self {
    case .elfBuildID(let bytes):
      let record = output.reserve(4 + bytes.count)
      output.put(Signature.elfBuildID, at: record)
      output.put(bytes, at: record + 4)
      return (record, 4 + bytes.count)
    case .pdb70(let guid, let age, let name):
      let text = [UInt8](name.utf8)
      let size = 24 + text.count + 1
      let record = output.reserve(size)
      output.put(Signature.pdb70, at: record)
      guid.encode(into: output, at: record + 4)
      output.put(age, at: record + 20)
      output.put(text, at: record + 24)
      return (record, size)
    case .pdb20(let offset, let signature, let age, let name):
      let text = [UInt8](name.utf8)
      let size = 16 + text.count + 1
      let record = output.reserve(size)
      output.put(Signature.pdb20, at: record)
      output.put(offset, at: record + 4)
      output.put(signature, at: record + 8)
      output.put(age, at: record + 12)
      output.put(text, at: record + 16)
      return (record, size)
    case .raw(let bytes):
      let record = output.reserve(bytes.count)
      output.put(bytes, at: record)
      return (record, bytes.count)
    }
  }
}
