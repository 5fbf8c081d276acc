// Provides the fuzz target of ELF files on disk, which a dump names by paths.
import CFuzzDriver
import ELFImage
import Foundation
import LinuxSystem
@testable import StackWalk

let elfFile = FuzzTarget(
  name: "elf-file",
  seeds: {
    var file = ImageSeed.image()
    // Sections: none, the names, symbols, their strings.
    let names = 0xd00
    file.put("\0.shstrtab\0.symtab\0.strtab\0.text", at: names)
    file.put(UInt64(0xe00), at: 40)
    for (offset, value) in [(58, 64), (60, 5), (62, 1)] { file.put(UInt16(value), at: offset) }
    func section(
      _ index: Int, _ name: Int, _ type: Int, _ offset: Int, _ size: Int, link: Int = 0, entry: Int = 0,
      in file: inout [UInt8]
    ) {
      let at = 0xe00 + index * 64
      file.put(UInt32(name), at: at)
      file.put(UInt32(type), at: at + 4)
      file.put(UInt64(offset), at: at + 24)
      file.put(UInt64(size), at: at + 32)
      file.put(UInt32(link), at: at + 40)
      file.put(UInt64(entry), at: at + 56)
    }
    section(1, 1, 3, names, 0x40, in: &file)
    section(2, 11, 2, ImageSeed.symbols, 48, link: 3, entry: 24, in: &file)
    section(3, 19, 3, ImageSeed.strings, 0x40, in: &file)
    section(4, 27, 1, 0xc00, 0x40, in: &file)
    file.put(UInt8(0x12), at: ImageSeed.symbols + 28)
    // The same with packed debug information: two headers of compression, each with its section behind it.
    var packed = file
    packed.put("\0.shstrtab\0.symtab\0.strtab\0.text\0.debug_info\0.debug_line", at: names)
    packed.put(UInt16(7), at: 60)
    for (index, name) in [(5, 33), (6, 45)] {
      section(index, name, 1, names + 0x40 + (index - 5) * 48, 40, in: &packed)
      packed.put(UInt64(0x800), at: 0xe00 + index * 64 + 8)
      packed.put(UInt64(1), at: names + 0x40 + (index - 5) * 48)
      packed.put(UInt64(12), at: names + 0x48 + (index - 5) * 48)
      for (place, byte) in [0x78, 0xda, 0x4b, 0x4c, 0x4a, 0x4e, 0x84, 0x21, 0, 0x1d, 0xe0, 4].enumerated() {
        packed.put(UInt8(byte), at: names + 0x58 + (index - 5) * 48 + place)
      }
    }
    return [("image", file), ("without-sections", ImageSeed.image()), ("packed", packed)]
  },
  body: { bytes in
    let memory = FuzzMemory(bytes, at: 0)
    if let file = try? ELFFile(memory) {
      use(file.buildID)
      use(file.sections.count)
    }
    guard !bytes.isEmpty else { return }
    let owned = MappedMemoryReader(bytes, keepingAlive: nil)
    if let file = MappedELF(owned, path: "") {
      let table = SymbolTable(file)
      for address: UInt64 in [0, 0x900, 0xc00, 0xc10, .max] { use(table.symbol(at: address)?.name) }
      use(DebugLink(file))
      use(CompressedSymbols.file(in: file)?.buildID)
      if let frames = DebugFrameTable(file) {
        for address: UInt64 in [0, 0xc00, .max] { use(frames.description(at: address) != nil) }
      }
    }
    // The rest wants a file.
    guard let path = scratch.replace(with: bytes), let file = MappedELF(path) else { return }
    use(file.headers.headerAddress)
    for address: UInt64 in [0, 0xc00, 0x1000, .max] {
      use(file.bytes(at: address, writable: false)?.count)
      use(file.bytes(at: address, writable: true)?.count)
    }
    if let unpacked = UnpackedELF(file) {
      for offset: UInt64 in [0, 64, .max] {
        use(unpacked.haveLines(at: offset))
        use(unpacked.haveInformation(to: offset))
        use(unpacked.refersToOthers(abbreviations: offset))
      }
    }
  })

/// A file without a name whose content is replaced for each input.
private struct ScratchFile: Sendable {
  let number = fuzz_scratch_file()

  func replace(with bytes: UnsafeRawBufferPointer) -> FilePath? {
    guard ftruncate(number, 0) == 0, pwrite(number, bytes.baseAddress, bytes.count, 0) == bytes.count else {
      return nil
    }
    return FilePath("/proc/self/fd/\(number)")
  }
}
private let scratch = ScratchFile()
