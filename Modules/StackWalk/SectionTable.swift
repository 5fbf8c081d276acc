// Provides the section table of an ELF file: by libelf, or without it where it is not installed.
internal import CElf
internal import LinuxSystem

/// A section of an ELF file. Offsets and sizes are as the file says, unchecked.
struct FileSection: Equatable {
  let name: [UInt8]
  /// SHT_...
  let type: UInt32
  /// SHF_...
  let flags: UInt64
  let address: UInt64
  let offset: UInt64
  let size: UInt64
  let link: UInt32
  let entrySize: UInt64

  static let symbolTable: UInt32 = 2  // SHT_SYMTAB
  static let dynamicSymbols: UInt32 = 11  // SHT_DYNSYM
  static let noBits: UInt32 = 8  // SHT_NOBITS
  /// SHF_COMPRESSED
  var isCompressed: Bool { flags & 0x800 != 0 }
}

enum SectionTable {
  /// More sections than this are not looked at.
  static let limit = 65_536

  /// All sections, in the file's order; index 0 is the empty one, so that `link` is an index into the result.
  static func read(_ view: ByteView) -> [FileSection] { ElfLibrary.shared?.sections(view) ?? parse(view) }

  /// Reads the table by hand, with the same result.
  static func parse(_ view: ByteView) -> [FileSection] {
    guard let start: UInt64 = view.integer(at: 40), start != 0, let entrySize: UInt16 = view.integer(at: 58),
      entrySize == 64, let shortCount: UInt16 = view.integer(at: 60), let shortNames: UInt16 = view.integer(at: 62)
    else { return [] }
    func integer<T: FixedWidthInteger & BitwiseCopyable>(_ index: UInt64, _ field: UInt64, _ type: T.Type) -> T? {
      view.integer(at: start &+ index &* 64 &+ field, as: type)
    }
    // Counts that do not fit into 16 bits are in the first section (gABI, chapter 4).
    let count = shortCount != 0 ? UInt64(shortCount) : integer(0, 32, UInt64.self) ?? 0
    let namesIndex = shortNames != 0xffff ? UInt64(shortNames) : UInt64(integer(0, 40, UInt32.self) ?? 0)
    let names = integer(namesIndex, 24, UInt64.self).flatMap { offset in
      integer(namesIndex, 32, UInt64.self).flatMap { view.slice(at: offset, count: $0) }
    }
    var result: [FileSection] = []
    for index in 0..<min(count, UInt64(limit)) {
      guard let name = integer(index, 0, UInt32.self), let type = integer(index, 4, UInt32.self),
        let flags = integer(index, 8, UInt64.self), let address = integer(index, 16, UInt64.self),
        let offset = integer(index, 24, UInt64.self), let size = integer(index, 32, UInt64.self),
        let link = integer(index, 40, UInt32.self), let entrySize = integer(index, 56, UInt64.self)
      else { break }
      result.append(
        FileSection(
          name: names?.cString(at: UInt64(name), limit: 256) ?? [], type: type, flags: flags, address: address,
          offset: offset, size: size, link: link, entrySize: entrySize))
    }
    return result
  }
}

/// libelf, opened when the first file is read.
final class ElfLibrary: Sendable {
  static let shared: ElfLibrary? = ElfLibrary()

  private let table: elf_table

  private init?() {
    guard let library = try? DynamicLibrary(anyOf: ["libelf.so.1", "libelf.so"]) else { return nil }
    var table = elf_table()
    var source = library
    let complete = withUnsafeMutablePointer(to: &source) {
      elf_table_fill(&table, { name, argument in lookup(name, argument) }, $0)
    }
    guard complete != 0, table.version(UInt32(EV_CURRENT)) != UInt32(EV_NONE) else { return nil }
    self.table = table
  }

  /// `nil` when libelf does not take the bytes for an ELF file.
  func sections(_ view: ByteView) -> [FileSection]? {
    guard let start = view.bytes.baseAddress else { return nil }
    // elf_memory(3) wants a mutable image and does not write to it: it is opened for reading.
    let image = UnsafeMutableRawPointer(mutating: start).assumingMemoryBound(to: CChar.self)
    guard let elf = table.memory(image, view.bytes.count) else { return nil }
    defer { _ = table.end(elf) }
    var namesIndex = 0
    guard table.kind(elf) == ELF_K_ELF, table.getshdrstrndx(elf, &namesIndex) == 0 else { return nil }
    // libelf leaves out the empty section 0; `link` counts it.
    var result = [
      FileSection(name: [], type: 0, flags: 0, address: 0, offset: 0, size: 0, link: 0, entrySize: 0)
    ]
    var section: OpaquePointer?
    while result.count < SectionTable.limit {
      section = table.nextscn(elf, section)
      guard let section else { break }
      var header = GElf_Shdr()
      guard table.getshdr(section, &header) != nil else { return nil }
      let name = table.strptr(elf, namesIndex, Int(header.sh_name)).map { FilePath(cString: $0).bytes } ?? []
      result.append(
        FileSection(
          name: name, type: header.sh_type, flags: header.sh_flags, address: header.sh_addr, offset: header.sh_offset,
          size: header.sh_size, link: header.sh_link, entrySize: header.sh_entsize))
    }
    return result
  }
}

/// Looks a symbol up in the `DynamicLibrary` that `argument` points to: the callback of the C tables.
func lookup(_ name: UnsafePointer<CChar>, _ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  argument?.assumingMemoryBound(to: DynamicLibrary.self).pointee.symbol(String(cString: name))
}
