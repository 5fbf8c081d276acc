// Provides the fuzz target of debug information that our own code reads: packed sections and the tables beside them.
@testable import StackWalk

/// The first byte chooses: packed data, `.debug_aranges`, `.debug_abbrev`. The second says where to stop on the way.
let packedSections = FuzzTarget(
  name: "packed-sections",
  seeds: {
    // 40 lines of text, packed by zlib at its best: one block with codes of its own.
    let words = """
      78da5d92418ac3301004ef79459ee0999646d283366030396dfebf59ba75689f04856c4d15f3799fbfcfe3799def9feff13aafeff1f8fc
      c3200cc24198848d300841b8082761d3e7459aa49d343be9222d52e82e4887ded27f43734de2d20c8d74914e8d1b1a2da406e22e2ab7dc
      1e9a2eb6de202f61098ef440524c2b14524458a39063a5550a49ae6e99429280750a598ec342a52423bd544ab3c352a52c5779ab94666b
      162ba5b9c263a5441b2c564a74358b9512ed87ef9344a7c54a7956b75890670e8b0569ce69b120cdde2c166499b75890e65c160bb2acdb
      6261ef6cb7589066dc62617b96c5c216ad1deb0f864b0aae
      """
    let digits = words.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }.map { UInt8($0) }
    let packed = stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    var ranges: [UInt8] = [44, 0, 0, 0, 2, 0, 0x10, 0, 0, 0, 8, 0, 0, 0, 0, 0]
    for number in [0x1000, 0x100, 0, 0] as [UInt64] { ranges.append(number) }
    return [
      ("codes", [0, 100] + packed),
      ("fixed-codes", [0, 2, 0x78, 0xda, 0x4b, 0x4c, 0x4a, 0x4e, 0x84, 0x21, 0, 0x1d, 0xe0, 4, 0x99]),
      ("stored", [0, 3, 0x78, 1, 1, 6, 0, 0xf9, 0xff] + Array("stored".utf8) + [9, 0x3c, 2, 0x92]),
      ("ranges", [1, 0] + ranges),
      ("abbreviations", [2, 0, 1, 0x11, 1, 3, 0x0e, 0x1c, 0x21, 0xac, 2, 0, 0, 2, 0x2e, 0, 0x49, 0x13, 0, 0, 0]),
    ]
  },
  body: { bytes in
    guard bytes.count >= 2 else { return }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[2...])
    switch bytes[0] % 3 {
    case 0:
      let whole = unpack(rest, steps: [4096])
      precondition(unpack(rest, steps: [Int(bytes[1]), 4096]) == whole, "data changed by being unpacked in two steps")
    case 1:
      let ranges = UnitRanges(ByteView(rest))
      for address: UInt64 in [0, 0x1000, 0x10ff, .max] { use(ranges.unit(at: address)) }
    default: use(AbbreviationList(ByteView(rest), at: UInt64(bytes[1])).refersToOthers)
    }
  })

/// What was made of packed data, at most 4096 bytes.
private func unpack(_ packed: UnsafeRawBufferPointer, steps: [Int]) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
    guard let inflater = Inflater(zlib: packed, into: UnsafeMutableRawBufferPointer(buffer)) else { return }
    for step in steps { _ = inflater.unpack(to: step) }
    count = inflater.produced
  }
}
