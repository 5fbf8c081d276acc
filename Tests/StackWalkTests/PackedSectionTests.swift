import ELFImage
import LinuxSystem
import Testing

@testable import StackWalk

/// Streams as zlib makes them.
private enum Zlib {
  private typealias Compress =
    @convention(c) (UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<UInt>, UnsafePointer<UInt8>, UInt, Int32) -> Int32

  static func pack(_ content: [UInt8], level: Int32) throws -> [UInt8] {
    let library = try DynamicLibrary(anyOf: ["libz.so.1"])
    let compress = unsafeBitCast(try #require(library.symbol("compress2")), to: Compress.self)
    var packed = [UInt8](repeating: 0, count: content.count + content.count / 8 + 64)
    var count = UInt(packed.count)
    try #require(compress(&packed, &count, content, UInt(content.count), level) == 0)
    return Array(packed.prefix(Int(count)))
  }
}

/// What is there after unpacking up to each of some places, and whether all were reached.
private func unpack(_ packed: [UInt8], size: Int, steps: [Int]) -> (content: [UInt8], isWhole: Bool) {
  var output = [UInt8](repeating: 0xaa, count: size + 64)
  var produced = 0
  var isWhole = true
  output.withUnsafeMutableBytes { output in
    packed.withUnsafeBytes { input in
      let part = UnsafeMutableRawBufferPointer(rebasing: output[..<size])
      guard let inflater = Inflater(zlib: input, into: part) else {
        isWhole = false
        return
      }
      for step in steps { isWhole = inflater.unpack(to: step) && isWhole }
      produced = inflater.produced
    }
  }
  #expect(output[size...].allSatisfy { $0 == 0xaa }, "nothing is written behind the end")
  return (Array(output.prefix(produced)), isWhole)
}

@Suite struct `Packed data` {
  /// Text that repeats itself near and far, bytes that look random, and runs of one byte.
  private static let contents: [[UInt8]] = {
    var randomness: UInt64 = 1
    func next() -> UInt8 {
      randomness = randomness &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(randomness >> 56)
    }
    let random = (0..<70_000).map { _ in next() }
    let words = (0..<20_000).flatMap { _ in Array("unit \(next() & 31) line \(next()) ".utf8) }
    // Bytes whose codes are as long as codes get: each is half as frequent as the one before.
    let skewed = (0..<300_000).map { _ -> UInt8 in
      let value = UInt32(next()) << 16 | UInt32(next()) << 8 | UInt32(next()) | 1 << 24
      return UInt8(value.trailingZeroBitCount) &* 7
    }
    return [
      [7], Array("a".utf8), [UInt8](repeating: 0, count: 100_000), words, random, skewed,
      words + random + skewed + words,
    ]
  }()

  @Test(arguments: [0, 1, 6, 9] as [Int32])
  func `is what was packed, at once and step by step`(level: Int32) throws {
    for content in Self.contents {
      let packed = try Zlib.pack(content, level: level)
      #expect(unpack(packed, size: content.count, steps: [content.count]) == (content, true))
      let steps = Array(stride(from: 0, through: content.count, by: 997)) + [content.count]
      #expect(unpack(packed, size: content.count, steps: steps) == (content, true))
      // Less than the half, and not much more than that.
      let half = content.count / 2
      let part = unpack(packed, size: content.count, steps: [half])
      #expect(part.isWhole)
      #expect(content.starts(with: part.content))
      #expect((half..<half + 65_536).contains(part.content.count) || half == 0)
    }
  }

  @Test func `that is cut off gives what was there and says so`() throws {
    let content = Self.contents[3]
    let packed = try Zlib.pack(content, level: 6)
    for count in [0, 1, 2, 3, 100, packed.count / 2, packed.count - 12] {
      let part = unpack(Array(packed.prefix(count)), size: content.count, steps: [content.count])
      #expect(!part.isWhole)
      #expect(content.starts(with: part.content))
    }
    // More than there is.
    #expect(unpack(packed, size: content.count + 1, steps: [content.count + 1]).isWhole == false)
  }

  @Test func `that is damaged ends, inside of its memory`() throws {
    var randomness: UInt64 = 5
    for level in [0, 1, 9] as [Int32] {
      let content = Array((Self.contents[3] + Self.contents[4]).suffix(90_000))
      let packed = try Zlib.pack(content, level: level)
      for _ in 0..<300 {
        var damaged = packed
        for _ in 0..<2 {
          randomness = randomness &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          // Most damage near the start, where the codes are.
          let place = randomness & 1 == 0 ? 2 + Int(randomness >> 40) % 100 : Int(randomness >> 33) % packed.count
          damaged[place] = UInt8(truncatingIfNeeded: randomness >> 24)
        }
        _ = unpack(damaged, size: content.count, steps: [1000, 1001, content.count])
      }
    }
  }

  @Test(
    arguments: [
      [], [0x78], [0x78, 0x9d], [0x79, 0x9c], [0x88, 0x98], [0x78, 0xbb], [0x1f, 0x8b],
    ] as [[UInt8]])
  func `of another format is refused`(start: [UInt8]) {
    #expect(!unpack(start + [3, 0], size: 4, steps: [4]).isWhole)
  }

  @Test func `with codes that cannot be is refused`() {
    // The last block, its codes: 7 is a kind of block that there is not, the others stop where the lengths start.
    for block in [[7], [5, 0, 0, 0, 0], [5, 0xff, 0xff, 0xff, 0xff, 0xff]] as [[UInt8]] {
      let result = unpack([0x78, 0x9c] + block + [UInt8](repeating: 0, count: 64), size: 16, steps: [16])
      #expect(!result.isWhole)
      #expect(result.content.isEmpty)
    }
    // A copy from before the start: the fixed code of length 3, distance 1.
    #expect(unpack([0x78, 0x9c, 0x03, 0x02, 0, 0, 0, 0], size: 16, steps: [16]).content.isEmpty)
  }
}

@Suite struct `Tables of debug information` {
  private func bytes(_ values: [any FixedWidthInteger]) -> [UInt8] {
    values.flatMap { value in
      (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: UInt64(truncatingIfNeeded: value) >> ($0 * 8)) }
    }
  }

  private func unit(_ section: [UInt8], at address: UInt64) -> UInt64? {
    section.withUnsafeBytes { UnitRanges(ByteView($0)).unit(at: address) }
  }

  @Test func `of address ranges say which unit has an address`() {
    let first = bytes([
      UInt32(60), UInt16(2), UInt32(0x10), UInt8(8), UInt8(0), UInt32(0), UInt64(0x1000), UInt64(0x100), UInt64(0x3000),
      UInt64(1), UInt64(0), UInt64(0),
    ])
    let second = bytes([
      UInt32(44), UInt16(2), UInt32(0x99), UInt8(8), UInt8(0), UInt32(0), UInt64(0x2000), UInt64(0x100), UInt64(0),
      UInt64(0),
    ])
    let section = first + second
    #expect(unit(section, at: 0x1000) == 0x10)
    #expect(unit(section, at: 0x10ff) == 0x10)
    #expect(unit(section, at: 0x1100) == nil)
    #expect(unit(section, at: 0x3000) == 0x10)
    #expect(unit(section, at: 0x2001) == 0x99)
    #expect(unit(section, at: 0) == nil)
    for count in 0..<section.count { _ = unit(Array(section.prefix(count)), at: 0x2001) }
  }

  @Test func `of abbreviations say whether units refer to each other`() {
    func refers(_ bytes: [UInt8], at offset: UInt64 = 0) -> Bool {
      bytes.withUnsafeBytes { AbbreviationList(ByteView($0), at: offset).refersToOthers }
    }
    // Two entries: name (strp), constant (implicit_const 300), type (ref4).
    let sound: [UInt8] = [1, 0x11, 1, 3, 0x0e, 0x1c, 0x21, 0xac, 2, 0, 0, 2, 0x2e, 0, 0x49, 0x13, 0, 0, 0]
    #expect(!refers(sound))
    #expect(!refers([0xff, 0xff] + sound, at: 2))
    for form in [[0x10], [0x16], [0x20], [0xa0, 0x3e]] as [[UInt8]] {
      #expect(refers(sound.dropLast() + [3, 0x2e, 0, 0x31] + form + [0, 0, 0]))
    }
    // What is cut off may do anything.
    for count in 0..<sound.count { #expect(refers(Array(sound.prefix(count)))) }
    #expect(refers(sound, at: .max))
  }
}

@Suite(.serialized) struct `Packed debug information` {
  private static let program = """
    volatile int sink;
    __attribute__((noinline)) int first(int x) { sink = x; return x + 1; }
    int second(int x);
    int main(int argc, char **argv) { return first(argc) + second(argc); }
    """
  /// Large, so that it is more than what is unpacked at once.
  private static let second =
    (0..<3000).map { "struct s\($0) { int a\($0); struct s\($0) *next\($0); } v\($0);\n" }.joined()
    + "extern volatile int sink;\nint second(int x) { sink = x; return x + 2; }\n"

  /// The line of a function, and how much was unpacked before and after it was asked for.
  private func line(of name: String, in lines: SourceLines, _ file: MappedELF) throws -> String {
    let symbol = try #require(SymbolTable(file).symbols.first { file.view.cString(at: $0.name) == Array(name.utf8) })
    let frame = try #require(
      lines.complete(SymbolizedFrame(instruction: 0, trust: .context), at: symbol.address).last)
    let path = frame.file.map { String(decoding: FilePath($0).lastComponent, as: UTF8.self) } ?? "-"
    return "\(frame.symbol ?? "?") \(path):\(frame.line ?? 0)"
  }

  private func compiled(_ flags: [String]) throws -> CompiledProgram {
    let directory = FileSystem.temporaryDirectory.appending("sentry-native-\(UniqueID.random())")
    try FileSystem.createDirectory(directory)
    defer { try? FileSystem.removeTree(directory) }
    let other = directory.appending("second.c")
    try FileSystem.write(Array(Self.second.utf8), to: other)
    return try CompiledProgram(Self.program, .c, flags: flags + [other.description])
  }

  @Test(.timeLimit(.minutes(10)), arguments: ["-gdwarf-4", "-gdwarf-5"])
  func `is unpacked up to the unit that is wanted`(version: String) throws {
    let program = try compiled(["-O1", version, "-gz", "-gdwarf-aranges"])
    let file = try #require(MappedELF(program.executable))
    let lines = try #require(SourceLines(file))
    #expect(lines.progress?.unpacked == 0)
    #expect(try line(of: "first", in: lines, file) == "first program.c:2")
    let progress = try #require(lines.progress)
    #expect(progress.unpacked > 0 && progress.unpacked < progress.all / 2)
    #expect(try line(of: "second", in: lines, file) == "second second.c:3002")
    #expect(try line(of: "main", in: lines, file) == "main program.c:4")
    #expect(lines.progress.map { $0.unpacked == $0.all } == true)
  }

  @Test(.timeLimit(.minutes(10)))
  func `is unpacked as a whole where no table says which unit that is`() throws {
    let program = try compiled(["-O1", "-g", "-gz"])
    let file = try #require(MappedELF(program.executable))
    let lines = try #require(SourceLines(file))
    #expect(try line(of: "first", in: lines, file) == "first program.c:2")
    #expect(lines.progress.map { $0.unpacked == $0.all } == true)
    #expect(try line(of: "second", in: lines, file) == "second second.c:3002")
  }

  @Test(.timeLimit(.minutes(10)), arguments: [".debug_info", ".debug_line", ".debug_abbrev"] as [StaticString])
  func `that is damaged gives no lines and keeps the frame`(section: StaticString) throws {
    let program = try compiled(["-O1", "-g", "-gz", "-gdwarf-aranges"])
    let path = program.executable
    var bytes: [UInt8] = []
    do {
      let file = try #require(MappedELF(path))
      let packed = try #require(file.elf.section(named: section))
      try #require(packed.isCompressed)
      bytes = Array(file.view.bytes)
      // A kind of block that there is not.
      bytes[Int(packed.offset) + 26] |= 6
    }
    let damaged = program.directory.appending("damaged")
    try FileSystem.write(bytes, to: damaged)
    let file = try #require(MappedELF(damaged))
    guard let lines = SourceLines(file) else { return }
    var frame = SymbolizedFrame(instruction: 1, trust: .context)
    frame.symbol = "first"
    let symbol = try #require(SymbolTable(file).symbols.first { file.view.cString(at: $0.name) == Array("first".utf8) })
    let result = lines.complete(frame, at: symbol.address)
    #expect(result.map(\.symbol) == ["first"])
    #expect(result.first?.line == nil)
  }
}
