// Tests that images of real files are read as readelf reads them, and that damaged ones are refused or give less.
import ELFImage
import LinuxSystem
import ProcessMemory
import SentryNativeTesting
import Testing

/// A file's PT_LOAD segments laid out as a loader would, at a base of our own choosing.
private struct LoadedFile {
  let reader: BytesMemoryReader
  let base: UInt64
  var bytes: [UInt8]

  /// `change` damages the image before it is read.
  init(_ path: FilePath, base: UInt64 = 0x7f00_0000_0000, change: (inout [UInt8]) -> Void = { _ in }) throws {
    let content = try FileSystem.read(path)
    let file = try ELFFile(try FileMemoryReader(path))
    let loads = file.segments.filter { $0.type == ELFSegment.load }
    let end = try #require(loads.map { $0.virtualAddress + $0.memorySize }.max())
    var image = [UInt8](repeating: 0, count: Int(end))
    for load in loads {
      let target = Int(load.virtualAddress)
      image.replaceSubrange(
        target..<(target + Int(load.fileSize)),
        with: content[Int(load.fileOffset)..<Int(load.fileOffset + load.fileSize)])
    }
    change(&image)
    reader = BytesMemoryReader(at: base, image)
    self.base = base
    bytes = image
  }
}

@Suite(.timeLimit(.minutes(10))) struct `ELF images` {
  private static let libc: FilePath = "/lib/x86_64-linux-gnu/libc.so.6"
  private static func fixture() throws -> FilePath {
    try FileSystem.executable().directory.appending("SnapshotFixture")
  }

  private func readelf(_ option: String, _ path: FilePath) throws -> [[String]] {
    let result = try RunningProcess.run("/usr/bin/env", ["readelf", "-W", option, path.description])
    return result.output.split(separator: "\n").map { $0.split(separator: " ").map { String($0) } }
  }

  @Test func `build ID, SONAME and range are those of readelf`() throws {
    let loaded = try LoadedFile(Self.libc)
    let image = try ELFImage(loaded.reader, headerAddress: loaded.base)
    let buildID = image.buildID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let expected = try #require(try readelf("-n", Self.libc).first { $0.contains("Build") }?.last)
    #expect(buildID == expected)
    #expect(image.soname == Array("libc.so.6".utf8))
    #expect(image.loadBias == loaded.base)
    #expect(image.range == AddressRange(start: loaded.base, size: UInt64(loaded.bytes.count)))
    #expect(image.is64Bit && image.header.machine == 62)
    #expect(try ELFFile(try FileMemoryReader(Self.libc)).buildID == image.buildID)
  }

  @Test func `symbols are found by name at the address that readelf gives`() throws {
    let loaded = try LoadedFile(Self.libc)
    let image = try ELFImage(loaded.reader, headerAddress: loaded.base)
    var checked = 0
    for fields in try readelf("--dyn-syms", Self.libc) where fields.count == 8 && fields[6] != "UND" {
      // Of several versions the default one has two signs.
      let parts = fields[7].split(separator: "@", omittingEmptySubsequences: false)
      guard ["FUNC", "OBJECT"].contains(fields[3]), ["GLOBAL", "WEAK"].contains(fields[4]), fields[6] != "ABS",
        parts.count == 3, checked < 300
      else { continue }
      let name = String(parts[0])
      let symbol = image.symbol(named: name)
      if symbol?.address != UInt64(fields[1], radix: 16).map({ loaded.base + $0 }) {
        // An older version of the same name may come first: then its address is another line of the table.
        #expect(symbol != nil, "\(name)")
        continue
      }
      checked += 1
    }
    #expect(checked == 300)
    #expect(image.symbol(named: "__abort_msg")?.type == 1)
    #expect(image.symbol(named: "no_such_symbol_anywhere") == nil)
    #expect(image.symbol(named: "") == nil)
  }

  @Test func `the older hash table leads to the same symbols`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let source = folder.appending("a.c")
    try FileSystem.write(
      Array("int first(void){return 1;} int second_variable = 2; int third(void){return 3;}".utf8), to: source)
    for style in ["sysv", "gnu"] {
      let library = folder.appending("lib\(style).so")
      let compiler = try RunningProcess.run(
        "/usr/bin/env",
        [
          "gcc", "-shared", "-Wl,--hash-style=\(style)", "-Wl,-soname,x.so", "-o", library.description,
          source.description,
        ])
      try #require(compiler.succeeded)
      let loaded = try LoadedFile(library)
      let image = try ELFImage(loaded.reader, headerAddress: loaded.base)
      let symbols = try readelf("--dyn-syms", library)
      for name in ["first", "second_variable", "third"] {
        let fields = try #require(symbols.first { $0.last == name })
        #expect(image.symbol(named: name)?.address == UInt64(fields[1], radix: 16).map { loaded.base + $0 }, "\(style)")
      }
      #expect(image.symbol(named: "fourth") == nil)
      #expect(image.soname == Array("x.so".utf8))
    }
  }

  @Test func `headers that no loader accepts are refused with the reason`() throws {
    let path = try Self.fixture()
    func code(_ change: @escaping (inout [UInt8]) -> Void) throws -> ELFImageError.Code? {
      let loaded = try LoadedFile(path, change: change)
      do throws(ELFImageError) {
        _ = try ELFImage(loaded.reader, headerAddress: loaded.base)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(try code { _ in } == nil)
    #expect(try code { $0[0] = 0 } == .notELF)
    #expect(try code { $0[4] = 3 } == .badHeader)  // class
    #expect(try code { $0[5] = 2 } == .badHeader)  // byte order
    #expect(try code { $0[6] = 9 } == .badHeader)  // ident version
    #expect(try code { $0[16] = 1 } == .badHeader)  // relocatable
    #expect(try code { $0[20] = 2 } == .badHeader)  // version
    #expect(try code { $0[52] = 63 } == .badHeader)  // header size
    #expect(try code { $0[54] = 55 } == .badHeader)  // program header size
    #expect(try code { $0[56...57] = [0, 0] } == .badSegments)  // no program headers
    #expect(try code { $0[56...57] = [0xff, 0xff] } != nil)  // 65535 of them
    #expect(try code { $0[32..<40] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff] } == .badHeader)
    #expect(try code { $0[4] = 1 } == .badHeader)  // a 64-bit file that says 32
  }

  @Test func `any single damaged byte of the headers and tables is survived`() throws {
    let path = try Self.fixture()
    var loaded = try LoadedFile(path)
    let sound = try ELFImage(loaded.reader, headerAddress: loaded.base)
    var places = Array(0..<(64 + 56 * Int(sound.header.programHeaderCount)))
    let dynamic = try #require(sound.segments.first { $0.type == ELFSegment.dynamic })
    places += Int(dynamic.virtualAddress)..<Int(dynamic.virtualAddress + dynamic.memorySize)
    let note = try #require(sound.segments.first { $0.type == ELFSegment.note })
    places += Int(note.virtualAddress)..<Int(note.virtualAddress + note.memorySize)
    for place in places {
      let byte = loaded.bytes[place]
      for value in [byte ^ 0xff, byte ^ 0x80, byte &+ 1] {
        loaded.bytes[place] = value
        guard let image = try? ELFImage(BytesMemoryReader(at: loaded.base, loaded.bytes), headerAddress: loaded.base)
        else { continue }
        _ = image.buildID
        _ = image.soname
        _ = image.symbol(named: "main")
      }
      loaded.bytes[place] = byte
    }
  }

  @Test func `a hash table that is a circle ends`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let source = folder.appending("a.c")
    try FileSystem.write(Array("int first(void){return 1;}".utf8), to: source)
    let library = folder.appending("lib.so")
    let compiler = try RunningProcess.run(
      "/usr/bin/env", ["gcc", "-shared", "-Wl,--hash-style=sysv", "-o", library.description, source.description])
    try #require(compiler.succeeded)
    let hash = try #require(try readelf("-S", library).first { $0.contains(".hash") })
    let type = try #require(hash.firstIndex(of: "HASH"))
    let address = try #require(Int(hash[type + 1], radix: 16))
    let loaded = try LoadedFile(library) { bytes in
      // Every bucket and every chain entry leads to symbol 1.
      let count = Int(bytes[address]) + Int(bytes[address + 4])
      for index in 0..<count { bytes[address + 8 + index * 4] = 1 }
    }
    let image = try ELFImage(loaded.reader, headerAddress: loaded.base)
    #expect(image.symbol(named: "no_such_symbol") == nil)
  }

  @Test func `notes of hostile sizes are skipped`() throws {
    func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let path = try Self.fixture()
    let sound = try LoadedFile(path)
    let image = try ELFImage(sound.reader, headerAddress: sound.base)
    let note = try #require(image.segments.first { $0.type == ELFSegment.note })
    let start = Int(note.virtualAddress)
    for sizes: (UInt32, UInt32) in [(.max, .max), (4, .max), (.max, 20), (0, 0), (4, 0), (0x7fff_ffff, 1)] {
      let loaded = try LoadedFile(path) { bytes in
        bytes.replaceSubrange(start..<(start + 12), with: word(sizes.0) + word(sizes.1) + word(3))
      }
      let damaged = try ELFImage(loaded.reader, headerAddress: loaded.base)
      #expect(damaged.note(named: "GNU", type: 3, limit: .max)?.descriptor.count ?? 0 <= 20)
    }
    #expect(image.note(named: "GNU", type: 3, limit: -1) == nil)
    #expect(image.buildID.count == 20)
    #expect(image.note(named: "GNU", type: 3, limit: 23) == nil && image.note(named: "GNU", type: 3, limit: 24) != nil)
  }
}
