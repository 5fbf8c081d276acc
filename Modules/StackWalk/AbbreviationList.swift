// Provides what the abbreviations of a unit of debug information tell of its references.

/// The abbreviations of one unit: which attributes its entries have, and in which form. Source: DWARF 5, section 7.5.3.
struct AbbreviationList {
  /// Whether an entry may refer to one of another unit or another file.
  private(set) var refersToOthers = true

  /// ref_addr, indirect (which can be anything), ref_sup4, strp_sup, ref_sig8, ref_sup8, and GNU's two of before DWARF 5.
  private static let foreign: [UInt64] = [0x10, 0x16, 0x1c, 0x1d, 0x20, 0x24, 0x1f20, 0x1f21]
  private static let implicitConstant: UInt64 = 0x21

  /// Damaged ones may refer to anything.
  init(_ section: ByteView, at offset: UInt64) {
    var position = offset
    func number() -> UInt64? {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while let byte: UInt8 = section.integer(at: position) {
        position += 1
        if shift < 64 { value |= UInt64(byte & 0x7f) << shift }
        shift += 7
        if byte & 0x80 == 0 { return value }
      }
      return nil
    }
    while let code = number() {
      if code == 0 {
        refersToOthers = false
        return
      }
      guard number() != nil, section.integer(at: position, as: UInt8.self) != nil else { return }
      position += 1
      while true {
        guard let attribute = number(), let form = number() else { return }
        if attribute == 0, form == 0 { break }
        if form == Self.implicitConstant, number() == nil { return }
        if Self.foreign.contains(form) { return }
      }
    }
  }
}
