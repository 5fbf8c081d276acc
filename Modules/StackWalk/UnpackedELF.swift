// Provides an ELF file whose packed sections of debug information are unpacked while they are read.
internal import CLinuxShims
internal import ELFImage
internal import LinuxSystem

/// A file in memory as libelf takes one, with room behind it for what is unpacked. Not thread safe.
///
/// libdw unpacks every section of debug information when it opens a file, and of most needs a little: distributions pack
/// theirs. Here what a walk does not need stays packed and is hidden from libdw, and the two largest sections are
/// unpacked up to the unit that is wanted. Behind that there are zeros until somebody asks for more.
///
/// Source: gABI, chapters 4 (section headers) and "Section Compression".
final class UnpackedELF {
  /// The file and what was unpacked. Its section headers say where that is.
  let image: UnsafeMutableRawBufferPointer
  private let region: Region
  private var information: Inflater?
  private var lines: Inflater?
  private let informationBytes: ByteView
  private let linesBytes: ByteView?
  private let abbreviations: ByteView?

  /// What libdw needs for lines and inlined functions, as a whole.
  private static let whole: [StaticString] = [
    ".debug_abbrev", ".debug_str", ".debug_line_str", ".debug_rnglists", ".debug_ranges", ".debug_str_offsets",
    ".debug_addr", ".debug_types",
  ]
  /// All sections of a file together.
  private static let limit: UInt64 = 2 << 30

  /// Memory that is given back with the object.
  private final class Region {
    let bytes: UnsafeMutableRawBufferPointer
    init?(_ size: Int) {
      guard let address = linux_reserve_addresses(size) else { return nil }
      bytes = UnsafeMutableRawBufferPointer(start: address, count: size)
    }
    deinit { _ = munmap(bytes.baseAddress, bytes.count) }
  }

  private struct Packed {
    let index: Int
    let name: [UInt8]
    let content: PackedSection
    /// In the image.
    let place: Int
  }

  /// - Returns: `nil` for a file that libdw should read by itself: nothing is packed, or it is packed in another way, or
  ///   the file needs a second one beside it.
  init?(_ file: MappedELF) {
    let view = file.view
    let headers = file.elf.header.sectionHeaderOffset
    let sections = file.elf.sections
    // The field of the file header that says how large a section header is.
    guard file.elf.header.is64Bit, view.integer(at: 58, as: UInt16.self) == 64,
      let oldHeaders = view.slice(at: headers, count: UInt64(sections.count) * 64)?.bytes,
      let firstHeader = oldHeaders.baseAddress,
      file.elf.section(named: ".gnu_debugaltlink") == nil
    else { return nil }

    func rounded(_ size: UInt64) -> Int { (Int(size) + 4095) & ~4095 }
    var end = rounded(view.count)
    var packed: [Packed] = []
    var hidden: [Int] = []
    var total: UInt64 = 0
    for (index, section) in sections.enumerated() where section.isCompressed {
      guard section.name.starts(with: Array(".debug_".utf8)) else { continue }
      guard Self.isWanted(section.name) else {
        hidden.append(index)
        continue
      }
      guard let content = PackedSection(section, of: file) else { return nil }
      total += content.size
      guard total <= Self.limit else { return nil }
      packed.append(Packed(index: index, name: section.name, content: content, place: end))
      end += rounded(content.size)
    }
    guard !packed.isEmpty, let region = Region(end), let start = region.bytes.baseAddress,
      let descriptor = try? FileSystem.open(file.path), let status = try? descriptor.status(),
      status.size == Int64(view.count), linux_map_file_over(start, descriptor.rawValue, view.bytes.count) == 0
    else { return nil }
    let first = rounded(view.count)
    let headerPage = Int(headers) & ~4095
    let headerEnd = min((Int(headers) + oldHeaders.count + 4095) & ~4095, first)
    let writable = PROT_READ | PROT_WRITE
    guard mprotect(start + first, end - first, writable) == 0,
      mprotect(start + headerPage, headerEnd - headerPage, writable) == 0,
      // The same file still.
      memcmp(start + Int(headers), firstHeader, oldHeaders.count) == 0
    else { return nil }

    self.region = region
    image = region.bytes
    let mapped = ByteView(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(region.bytes)[..<view.bytes.count]))
    func content(_ name: StaticString) -> ByteView? {
      file.elf.section(named: name).flatMap { mapped.slice(at: $0.offset, count: $0.size) }
    }
    guard var informationBytes = content(".debug_info") else { return nil }
    var linesBytes = content(".debug_line")
    var abbreviations = content(".debug_abbrev")
    for index in hidden { Self.hide(start + Int(headers) + index * 64) }
    for section in packed {
      let header = start + Int(headers) + section.index * 64
      let output = UnsafeMutableRawBufferPointer(
        rebasing: region.bytes[section.place..<section.place + Int(section.content.size)])
      guard let bytes = mapped.slice(at: section.content.offset, count: section.content.packedSize)?.bytes,
        let inflater = Inflater(zlib: bytes, into: output)
      else {
        Self.hide(header)
        continue
      }
      let unpacked = ByteView(UnsafeRawBufferPointer(output))
      if section.name.elementsEqual(".debug_info".utf8) {
        information = inflater
        informationBytes = unpacked
      } else if section.name.elementsEqual(".debug_line".utf8) {
        lines = inflater
        linesBytes = unpacked
      } else {
        let isWhole = inflater.unpack(to: output.count)
        if section.name.elementsEqual(".debug_abbrev".utf8) { abbreviations = isWhole ? unpacked : nil }
        guard isWhole else {
          Self.hide(header)
          continue
        }
      }
      // sh_flags without SHF_COMPRESSED, sh_offset, sh_size, sh_addralign.
      let flags = header.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      header.storeBytes(of: flags & ~0x800, toByteOffset: 8, as: UInt64.self)
      header.storeBytes(of: UInt64(section.place), toByteOffset: 24, as: UInt64.self)
      header.storeBytes(of: section.content.size, toByteOffset: 32, as: UInt64.self)
      header.storeBytes(of: 1, toByteOffset: 48, as: UInt64.self)
    }
    self.informationBytes = informationBytes
    self.linesBytes = linesBytes
    self.abbreviations = abbreviations
  }

  private static func isWanted(_ name: [UInt8]) -> Bool {
    func isNamed(_ other: StaticString) -> Bool {
      name.elementsEqual(UnsafeBufferPointer(start: other.utf8Start, count: other.utf8CodeUnitCount))
    }
    return isNamed(".debug_info") || isNamed(".debug_line") || whole.contains(where: isNamed)
  }

  /// A section without content is none for libdw.
  private static func hide(_ header: UnsafeMutableRawPointer) {
    header.storeBytes(of: ELFSection.noBits, toByteOffset: 4, as: UInt32.self)
    let flags = header.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    header.storeBytes(of: flags & ~0x800, toByteOffset: 8, as: UInt64.self)
  }

  /// Bytes of `.debug_info` that are there, and that there will be; `nil` where it is not packed.
  var progress: (unpacked: Int, all: Int)? { information.map { ($0.produced, informationBytes.bytes.count) } }

  /// Whether the information has been unpacked up to an offset of `.debug_info`, or to its end.
  func haveInformation(to offset: UInt64) -> Bool {
    guard let information else { return true }
    return information.unpack(to: Int(min(offset, informationBytes.count)))
  }

  /// Whether the table of lines that starts at an offset of `.debug_line` is there.
  func haveLines(at offset: UInt64) -> Bool {
    guard let lines, let linesBytes else { return true }
    let (header, overflow) = offset.addingReportingOverflow(12)
    guard !overflow, header <= linesBytes.count, lines.unpack(to: Int(header)),
      let length: UInt32 = linesBytes.integer(at: offset)
    else { return false }
    let long = length == .max ? linesBytes.integer(at: offset + 4, as: UInt64.self) : nil
    let (end, tooLong) = header.addingReportingOverflow(long ?? UInt64(length))
    return !tooLong && lines.unpack(to: Int(min(end, linesBytes.count)))
  }

  /// Whether a unit may refer to others, or says so little that it might.
  ///
  /// - Parameter offset: of the unit's abbreviations.
  func refersToOthers(abbreviations offset: UInt64) -> Bool {
    guard information != nil else { return false }
    guard let abbreviations else { return true }
    return AbbreviationList(abbreviations, at: offset).refersToOthers
  }
}
