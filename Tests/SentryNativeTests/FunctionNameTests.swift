import CLinuxShims
import LinuxSystem
import LocalStack
@testable import SentryNative
import SentryNativeTesting
import Testing

/// Something that this program does not export.
@inline(never) private func hiddenStack() -> [UInt] { CallStack(limit: 4).addresses }

@Suite struct `Names of functions` {
  private let address: UInt
  private let module: LoadedModule

  init() throws {
    address = try #require(hiddenStack().first) - 1
    module = try #require(LoadedModules.current().module(containing: address))
  }

  private func name(in path: FilePath) -> String? {
    SymbolFile.names(of: [address], in: path, loadedAt: module.base)[address]?.name
  }

  @Test func `are found in the file of the module, again and again`() {
    for _ in 0..<2 {
      let names = FunctionNames.shared.names(of: [1, address, address, UInt.max])
      #expect(names.map { $0?.name.contains("hiddenStack") } == [nil, true, true, nil])
    }
    #expect(name(in: module.path)?.contains("hiddenStack") == true)
  }

  @Test func `are not taken from another file, nor from what is none`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let pipe = folder.appending("pipe")
    #expect(pipe.withCString { mkfifo($0, 0o600) } == 0)
    for path: FilePath in ["/bin/sh", "/dev/zero", "/nonexistent", "/", pipe] { #expect(name(in: path) == nil) }
  }

  @Test func `in a damaged file are missing or wrong, and nothing worse`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let copy = folder.appending("copy")
    let bytes = try FileSystem.read(module.path, limit: 1 << 30)
    func number(_ offset: Int, _ width: Int) -> Int {
      (0..<width).reduce(0) { $0 | Int(bytes[offset + $1]) << ($1 * 8) }
    }
    // The table of sections, as elf(5) has it: what lies before it is compared with what was loaded.
    let (start, count) = (number(40, 8), number(60, 2))
    try FileSystem.write(bytes, to: copy)
    #expect(name(in: copy)?.contains("hiddenStack") == true)
    let file = try FileSystem.open(copy, [.readWrite])
    func put(_ content: [UInt8], _ offset: Int) {
      #expect(content.withUnsafeBytes { pwrite(file.rawValue, $0.baseAddress, $0.count, offset) } == content.count)
    }
    // The first one, the symbol table and tables of texts.
    for section in 0..<count where [0, 2, 3].contains(number(start + section * 64 + 4, 4)) {
      let place = start + section * 64
      let whole = Array(bytes[place..<(place + 64)])
      for field in [4, 24, 32, 40, 56] {
        for value: UInt64 in [0, 1, 2, 0x7fff_ffff, .max, UInt64(bytes.count), 1 << 63] {
          let width = field == 4 || field == 40 ? 4 : 8
          put((0..<width).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }, place + field)
          _ = name(in: copy)
        }
        put(whole, place)
      }
    }
    #expect(name(in: copy)?.contains("hiddenStack") == true)
    for size in [0, 63, 64, 4095, 4096, start - 1, start + 1, start + 65] {
      #expect(ftruncate(file.rawValue, size) == 0)
      _ = name(in: copy)
      try FileSystem.write(bytes, to: copy)
    }
  }

  @Test(arguments: [
    ("Shop.(total in _461186B63B4D40E055EC2BD9A24188E3)() -> ()", "Shop.total() -> ()"),
    (
      "(extension in Shop):Swift.Array.(a in _461186B63B4D40E055EC2BD9A24188E3)((b in _461186B63B4D40E055EC2BD9A24188E3))",
      "(extension in Shop):Swift.Array.a(b)"
    ), ("f(x in _461186B63B4D40E055EC2BD9A2418)", "f(x in _461186B63B4D40E055EC2BD9A2418)"),
    (" in _461186B63B4D40E055EC2BD9A24188E3)", " in _461186B63B4D40E055EC2BD9A24188E3)"), ("", ""), ("(((", "((("),
  ])
  func `do not say in which file a private function is`(name: String, readable: String) {
    #expect(Demangler.withoutDiscriminators(name) == readable)
  }
}
