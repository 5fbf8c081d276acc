// Provides the extended state of AMD64 registers: AVX and what came later.

/// What `XSAVE` stores beyond the 512 bytes of `FXSAVE`: upper halves of vector registers, masks, shadow stack.
///
/// Windows puts it behind the context and says so by a flag of the context (0x40), a flag of the header and a table in
/// MiscInfo; readers that do not know of it see the first 1232 bytes as ever. Nothing writes it on Linux by default.
/// Layout: `docs/formats/minidump.md`, section "Extended state".
public struct MinidumpXState: Hashable, Sendable {
  /// `XSTATE_BV`: components that are not in their initial state; bit 2 is AVX.
  public var mask: UInt64
  /// `XCOMP_BV`: bit 63 says that `area` has only the components of the other bits, one behind the other; 0 says that
  /// each lies at its fixed offset.
  public var compaction: UInt64
  /// The bytes behind the 64 bytes of the XSAVE header: from offset 576 of an XSAVE area on.
  public var area: [UInt8]

  public init(mask: UInt64, compaction: UInt64 = 0, area: [UInt8]) {
    self.mask = mask
    self.compaction = compaction
    self.area = area
  }

  /// The extended part of a whole XSAVE area, as `PTRACE_GETREGSET` gives it for `NT_X86_XSTATE`.
  ///
  /// - Returns: nil when there is nothing beyond the header.
  public init?(xsaveArea bytes: [UInt8]) {
    guard bytes.count > Self.areaOffset else { return nil }
    let (mask, compaction) = bytes.withUnsafeBufferPointer { buffer in
      let record = MinidumpRecord(bytes: UnsafeRawBufferPointer(buffer), order: .little)
      return (record.u64(Self.legacySize), record.u64(Self.legacySize + 8))
    }
    self.init(mask: mask, compaction: compaction, area: Array(bytes[Self.areaOffset...]))
  }

  /// Bytes of the legacy part of an XSAVE area, which is the context's `fxsave`.
  internal static let legacySize = 512
  internal static let headerSize = 64
  internal static let areaOffset = legacySize + headerSize
  /// Between the end of the context and the XSAVE header: `CONTEXT_EX` (24 bytes) and a gap, which on x86 aligns the
  /// header to 64.
  internal static func gap(behind fixedSize: Int) -> Int { fixedSize == X86Context.size ? 52 : 64 }
  /// Bytes that a context of AMD64 with this state takes.
  public var contextSize: Int { contextSize(behind: AMD64Context.size) }
  internal func contextSize(behind fixedSize: Int) -> Int {
    fixedSize + Self.gap(behind: fixedSize) + Self.headerSize + area.count
  }

  /// Upper half of `ymm` registers 0...15, 16 bytes each; nil when AVX is not there. Registers in their initial state
  /// have zeros.
  ///
  /// - Parameter configuration: of MiscInfo; without one the fixed offset of AVX counts.
  public func upperHalf(ofYMM index: Int, _ configuration: MinidumpXStateConfiguration?) -> [UInt8]? {
    let feature = configuration?.features.first { $0.index == 2 }
    if configuration != nil, feature == nil { return nil }
    let start = Int(feature?.offset ?? UInt32(Self.areaOffset)) - Self.areaOffset + index * 16
    guard index >= 0, index < 16, start >= 0, start <= area.count - 16 else { return nil }
    return mask & 4 == 0 ? Array(repeating: 0, count: 16) : Array(area[start..<start + 16])
  }
}

extension MinidumpXStateConfiguration {
  /// The table for XSAVE areas in the standard form, in which every component has the offset that the CPU gives it.
  ///
  /// - Parameters:
  ///   - enabledFeatures: `XCR0`: the first eight bytes of the 48 that Linux leaves at offset 464 of the area.
  ///   - state: a state of this dump, whose size bounds the table.
  public init(standardForm enabledFeatures: UInt64, for state: MinidumpXState) {
    // Intel SDM volume 1, section 13.5; the same offsets on every CPU that has these components.
    let known: [(index: Int, offset: UInt32, size: UInt32)] = [
      (0, 0, 160), (1, 160, 256), (2, 576, 256), (3, 960, 64), (4, 1024, 64), (5, 1088, 64), (6, 1152, 512),
      (7, 1664, 1024), (9, 2688, 8),
    ]
    let size = UInt32(clamping: MinidumpXState.areaOffset + state.area.count)
    self.init(
      contextSize: UInt32(clamping: state.contextSize), enabledFeatures: enabledFeatures,
      features: known.filter { enabledFeatures >> UInt64($0.index) & 1 != 0 && $0.offset + $0.size <= size }
        .map { MinidumpXStateFeature(index: $0.index, offset: $0.offset, size: $0.size) })
  }
}

extension MinidumpXState {
  /// `CONTEXT_EX`, then the XSAVE header and the area.
  ///
  /// - Parameters:
  ///   - record: start of the context.
  ///   - fixedSize: bytes of the context before its extension.
  internal func encode(into output: MinidumpEncoder, at record: Int, behind fixedSize: Int) {
    let extra = record + fixedSize
    let gap = Self.gap(behind: fixedSize)
    let back = Int32(-fixedSize)
    let length = UInt32(clamping: Self.headerSize + area.count)
    // Three pairs of offset from `CONTEXT_EX` and length: everything, the context, the extended state.
    output.put(back, at: extra)
    output.put(UInt32(clamping: contextSize(behind: fixedSize)), at: extra + 4)
    output.put(back, at: extra + 8)
    output.put(UInt32(fixedSize), at: extra + 12)
    output.put(Int32(gap), at: extra + 16)
    output.put(length, at: extra + 20)
    output.put(mask, at: extra + gap)
    output.put(compaction, at: extra + gap + 8)
    output.put(area, at: extra + gap + Self.headerSize)
  }

  /// - Parameters:
  ///   - context: a whole context; nil when its `CONTEXT_EX` does not name an extended state inside it.
  ///   - extra: where `CONTEXT_EX` lies: bytes of the context before its extension.
  internal init?(decoding context: MinidumpRecord, behind extra: Int) {
    guard context.count >= extra &+ 24 else { return nil }
    let start = extra &+ Int(Int32(bitPattern: context.u32(extra &+ 16)))
    let length = Int(context.u32(extra &+ 20))
    guard start >= extra &+ 24, length > Self.headerSize, start <= context.count, length <= context.count &- start
    else { return nil }
    self.init(
      mask: context.u64(start), compaction: context.u64(start &+ 8),
      area: context.part(start &+ Self.headerSize, count: length &- Self.headerSize).copied())
  }
}
