// Provides the section tables that libelf reads.
internal import CElf
internal import LinuxSystem

/// libelf, opened when the first file is read.
final class ELFLibrary: Sendable {
  static let shared: ELFLibrary? = ELFLibrary()

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
  func sections(_ bytes: UnsafeRawBufferPointer) -> [ELFSection]? {
    guard let start = bytes.baseAddress else { return nil }
    // elf_memory(3) wants a mutable image and does not write to it: it is opened for reading.
    let image = UnsafeMutableRawPointer(mutating: start).assumingMemoryBound(to: CChar.self)
    guard let elf = table.memory(image, bytes.count) else { return nil }
    defer { _ = table.end(elf) }
    var namesIndex = 0
    guard table.kind(elf) == ELF_K_ELF, table.getshdrstrndx(elf, &namesIndex) == 0 else { return nil }
    // libelf leaves out the empty section 0; `link` counts it.
    var result = [
      ELFSection(name: [], type: 0, flags: 0, address: 0, offset: 0, size: 0, link: 0, entrySize: 0)
    ]
    var section: OpaquePointer?
    while result.count < ELFSection.limit {
      section = table.nextscn(elf, section)
      guard let section else { break }
      var header = GElf_Shdr()
      guard table.getshdr(section, &header) != nil else { return nil }
      let name = table.strptr(elf, namesIndex, Int(header.sh_name)).map { FilePath(cString: $0).bytes } ?? []
      result.append(
        ELFSection(
          name: name, type: header.sh_type, flags: header.sh_flags, address: header.sh_addr, offset: header.sh_offset,
          size: header.sh_size, link: header.sh_link, entrySize: header.sh_entsize))
    }
    return result
  }
}

/// Looks a symbol up in the `DynamicLibrary` that `argument` points to: the callback of the C table.
private func lookup(_ name: UnsafePointer<CChar>, _ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  argument?.assumingMemoryBound(to: DynamicLibrary.self).pointee.symbol(String(cString: name))
}
