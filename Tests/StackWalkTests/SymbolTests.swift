import ELFImage
import LinuxSystem
import ProcessMemory
import Testing

@testable import StackWalk

@Suite(.serialized) struct `Symbols of a file` {
  private static let source = """
    static int hidden(int x) { return x + 1; }
    int first(int x) { return hidden(x) * 2; }
    __attribute__((alias("first"))) int alias(int x);
    int data = 3;
    int main(void) { return first(data) & 1; }
    """

  private func withFile(_ flags: [String], _ body: (MappedELF) throws -> Void) throws {
    let compiled = try CompiledProgram(Self.source, .c, flags: flags)
    let file = try #require(MappedELF(compiled.executable))
    try body(file)
    // The views that were taken do not keep it.
    withExtendedLifetime(file) {}
  }

  /// Addresses of functions by `nm`.
  private func addresses(_ file: FilePath) throws -> [String: UInt64] {
    var result: [String: UInt64] = [:]
    for line in try capturedOutput(of: ["nm", file.description]).split(separator: "\n") {
      let fields = line.split(separator: " ")
      if fields.count == 3, let address = UInt64(fields[0], radix: 16) { result[String(fields[2])] = address }
    }
    return result
  }

  @Test(.timeLimit(.minutes(10)))
  func `are those that nm lists`() throws {
    try withFile(["-O0"]) { file in
      let table = SymbolTable(file)
      let known = try addresses(file.path)
      for name in ["hidden", "first", "main"] {
        let address = try #require(known[name])
        let found = table.symbol(at: address &+ 3)
        #expect(found?.name == name || (name == "first" && found?.name == "alias"))
        #expect(found?.offset == 3)
      }
      // Data is no function, whatever lies there.
      let data = try #require(known["data"])
      #expect(table.symbol(at: data)?.name != "data")
      #expect(table.symbol(at: 0) == nil)
      #expect(table.symbol(at: UInt64.max) == nil)
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `have the build ID that readelf prints`() throws {
    try withFile([]) { file in
      let text = try capturedOutput(of: ["readelf", "-n", file.path.description])
      #expect(file.buildID.count == 20)
      #expect(text.contains("Build ID: " + hexadecimal(file.buildID)))
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `lie in sections that libelf and our own reader list alike`() throws {
    try withFile(["-g"]) { file in
      // A reader of bytes gets our own parser, a file libelf.
      let ours = try ELFFile(BytesMemoryReader(at: 0, Array(file.view.bytes))).sections
      #expect(ours.count > 20)
      #expect(file.elf.sections.dropFirst() == ours.dropFirst())
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `of a damaged file trap nobody`() throws {
    let compiled = try CompiledProgram(Self.source, .c, flags: ["-g"])
    let bytes = try FileSystem.read(compiled.executable)
    let damaged = compiled.directory.appending("damaged")
    // The section table and the program headers are what a reader trusts most.
    let sections = Int(bytes[40..<44].reversed().reduce(0) { $0 << 8 | UInt64($1) })
    for step in 0..<400 {
      var copy = bytes
      let area = step % 2 == 0 ? sections..<bytes.count : 0..<0x400
      for change in 0..<4 {
        copy[area.lowerBound + (step * 131 + change * 977) % area.count] = UInt8(truncatingIfNeeded: step * 37)
      }
      if step % 5 == 0 { copy.removeLast(step * bytes.count / 401) }
      try FileSystem.write(copy, to: damaged)
      guard let file = MappedELF(damaged) else { continue }
      let table = SymbolTable(file)
      for address in [0, 0x1000, 0x1139, 0x2000, UInt64.max] { _ = table.symbol(at: address) }
      _ = try? ELFFile(BytesMemoryReader(at: 0, copy)).sections
      withExtendedLifetime(file) {}
    }
  }
}
