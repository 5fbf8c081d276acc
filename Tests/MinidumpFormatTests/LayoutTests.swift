// Tests that every field lies at the offset that docs/formats/minidump.md says.

import Foundation
import MinidumpFormat
import Testing

/// The tables of the page: section, field, offset and size.
struct Page {
  private var sections: [String: [String: (offset: Int, size: Int)]] = [:]

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("docs/formats/minidump.md"), encoding: .utf8)
    var section = ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("#") { section = String(line.drop { $0 == "#" || $0 == " " }) }
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard cells.count > 4, let offset = Int(cells[1]), let size = Int(cells[2]) else { continue }
      sections[section, default: [:]][cells[3]] = (offset, size)
    }
  }

  func fields(_ section: String) throws -> [String: (offset: Int, size: Int)] {
    try #require(sections[section], "no table in section \(section)")
  }

  /// Compares little-endian integers at documented offsets with the values that were written, and that every documented
  /// field of 8 bytes or less was compared.
  static func compare(
    _ section: String, at base: Int, in bytes: [UInt8], _ expected: [String: UInt64], skip: Set<String> = []
  ) throws {
    let fields = try Page().fields(section)
    for (name, field) in fields where field.size <= 8 && !skip.contains(name) {
      let value = (0..<field.size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[base + field.offset + $1]) }
      let wanted = try #require(expected[name], "\(section): \(name) is not compared")
      #expect(value == wanted, "\(section): \(name)")
    }
    #expect(Set(expected.keys).isSubset(of: fields.keys), "\(section): \(expected.keys) against \(fields.keys)")
  }
}

@Suite struct `Layout` {
  private func compare(
    _ section: String, at base: Int, in bytes: [UInt8], _ expected: [String: UInt64], skip: Set<String> = []
  ) throws { try Page.compare(section, at: base, in: bytes, expected, skip: skip) }

  private func offset(_ type: MinidumpStreamType, _ reader: MinidumpReader) throws -> Int {
    Int(try #require(reader.location(of: type)).offset)
  }

  @Test func `header and directory`() throws {
    var contents = Sample.contents()
    contents.flags = 0x1122_3344_5566_7788
    let bytes = try Sample.write(contents)
    let reader = try MinidumpReader(bytes)
    try compare(
      "Header", at: 0, in: bytes,
      [
        "signature": 0x504d_444d, "version": 0xa793, "stream count": UInt64(reader.directory.count), "directory": 32,
        "checksum": 0, "timestamp": 1_700_000_000, "flags": 0x1122_3344_5566_7788,
      ])
    #expect(reader.directory.first?.type == .systemInfo)
    let first = try #require(reader.directory.first)
    try compare(
      "Directory", at: 32, in: bytes, ["type": 7, "size": 56, "offset": UInt64(first.offset)])
  }

  @Test func `the order of streams is Crashpad's`() throws {
    var contents = Sample.contents()
    contents.memory64 = [MinidumpAddressRange(start: 1, size: 1)]
    let types = try MinidumpReader(Sample.write(contents)).directory.map { $0.type.rawValue }
    #expect(
      types == [
        7, 15, 3, 24, 6, 4, 14, 0x4350_0001, 16, 12, 0x4767_0009, 0x4767_0006, 0x4767_0007, 0x4d7a_0004, 0x4b6b_0007, 5,
        9,
      ])
  }

  @Test func `SystemInfo`() throws {
    let bytes = try Sample.write(Sample.contents())
    let base = try offset(.systemInfo, MinidumpReader(bytes))
    try compare(
      "SystemInfo", at: base, in: bytes,
      [
        "architecture": 9, "level": 6, "revision": 0x9e0d, "processors": 8, "product type": 1, "major version": 6,
        "minor version": 8, "build number": 12, "platform": 0x8201, "service description": UInt64(base + 56),
        "suite mask": 3, "features 0": 0x1234_5678_9abc_def0, "features 1": 77,
      ])
  }

  @Test func `MiscInfo`() throws {
    var contents = Sample.contents()
    contents.miscInfo?.integrityLevel = 11
    contents.miscInfo?.executeFlags = 12
    contents.miscInfo?.protectedProcess = 13
    contents.miscInfo?.processCookie = 14
    let bytes = try Sample.write(contents)
    let base = try offset(.miscInfo, MinidumpReader(bytes))
    let minus60 = UInt64(UInt32(bitPattern: -60))
    try compare(
      "MiscInfo", at: base, in: bytes,
      [
        "size of info": 1364, "flags": 0x3f7, "process id": 4242, "create time": 1, "user time": 2, "kernel time": 3,
        "maximum MHz": 4, "current MHz": 5, "limit MHz": 6, "maximum idle state": 7, "current idle state": 8,
        "integrity level": 11, "execute flags": 12, "protected process": 13, "time zone id": 2, "bias": minus60,
        "standard bias": 0, "daylight bias": minus60, "process cookie": 14,
      ])
    let fields = try Page().fields("MiscInfo")
    for (name, text) in [
      ("standard name", "CET"), ("daylight name", "CEST"), ("build string", "Linux 6.8.0 #1 SMP x86_64"),
      ("debug build string", "crashpad.amd64,0.8.0,linux"),
    ] {
      let field = try #require(fields[name])
      var units: [UInt8] = []
      for unit in text.utf16 { units += [UInt8(unit & 0xff), UInt8(unit >> 8)] }
      units += [0, 0]
      let start = base + field.offset
      #expect(bytes[start..<start + units.count].elementsEqual(units))
    }
    let date = try #require(fields["standard date"])
    #expect(bytes[base + date.offset + 2] == 10)
    let daylight = try #require(fields["daylight date"])
    #expect(bytes[base + daylight.offset + 14] == 999 & 0xff)
  }

  @Test func `threads, names and exception`() throws {
    let bytes = try Sample.write(Sample.contents())
    let reader = try MinidumpReader(bytes)
    let list = try offset(.threadList, reader)
    let stack = try #require(reader.memoryList?.first)
    // The first context follows the list, aligned to 16.
    let context = (list + 4 + 3 * 48 + 15) / 16 * 16
    try compare(
      "ThreadList", at: list + 4, in: bytes,
      [
        "id": 100, "suspend count": 1, "priority class": 2, "priority": 0x314, "teb": 0x7f00_0000_0740,
        "stack start": 0x7fff_0000_0000, "stack size": 0x1234, "stack offset": stack.offset, "context size": 1232,
        "context offset": UInt64(context),
      ])
    #expect(stack.offset % 16 == 0)
    let names = try offset(.threadNames, reader)
    try compare("ThreadNames", at: names + 4, in: bytes, ["thread id": 100, "name": UInt64(names + 4 + 3 * 12)])
    let exception = try offset(.exception, reader)
    let registers = (exception + 168 + 15) / 16 * 16
    try compare(
      "Exception", at: exception, in: bytes,
      [
        "thread id": 100, "code": 11, "flags": 1, "record": 9, "address": 0x42, "parameter count": 3,
        "context size": 1232, "context offset": UInt64(registers),
      ])
    let parameters = try #require(try Page().fields("Exception")["parameters"])
    #expect(
      Array(bytes[exception + parameters.offset..<exception + parameters.offset + 9]) == [1, 0, 0, 0, 0, 0, 0, 0, 2])
  }

  @Test func `modules`() throws {
    let bytes = try Sample.write(Sample.contents())
    let reader = try MinidumpReader(bytes)
    let list = try offset(.moduleList, reader)
    let name = list + 4 + 5 * 108
    // "/usr/bin/app" takes 4 + 24 + 2 bytes and two of padding.
    try compare(
      "ModuleList", at: list + 4, in: bytes,
      [
        "base": 0x5555_0000_0000, "size": 0x2000, "checksum": 1, "timestamp": 2, "name": UInt64(name),
        "version signature": 0xfeef_04bd, "version structure": 0x1_0000, "file version high": 0x1_0002,
        "file version low": 0x3_0004, "product version high": 5, "product version low": 6, "flags mask": 7,
        "file flags": 8, "operating system": 9, "file type": 1, "file subtype": 10, "file date high": 11,
        "file date low": 12, "codeview size": 24, "codeview offset": UInt64(name + 32),
      ])
    #expect(Array(bytes[name + 32..<name + 38]) == Array("LEpB".utf8) + [1, 2])
    let unloaded = try offset(.unloadedModuleList, reader)
    #expect(Array(bytes[unloaded..<unloaded + 12]) == [12, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0])
    try compare(
      "UnloadedModuleList", at: unloaded + 12, in: bytes,
      ["base": 0x7e00_0000_0000, "size": 0x1000, "checksum": 3, "timestamp": 4, "name": UInt64(unloaded + 36)])
  }

  @Test func `memory and handles`() throws {
    var contents = Sample.contents()
    contents.memory64 = [MinidumpAddressRange(start: 0x1000, size: 3), MinidumpAddressRange(start: 0x2000, size: 5)]
    let bytes = try Sample.write(contents)
    let reader = try MinidumpReader(bytes)
    let info = try offset(.memoryInfoList, reader)
    #expect(Array(bytes[info..<info + 16]) == [16, 0, 0, 0, 48, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
    try compare(
      "MemoryInfoList", at: info + 16, in: bytes,
      [
        "base": 0x5555_0000_0000, "allocation base": 0x5554_ffff_f000, "allocation protection": 4, "size": 0x1000,
        "state": 0x1000, "protection": 0x20, "type": 0x100_0000,
      ])
    let list = try offset(.memory64List, reader)
    try compare("Memory64List", at: list, in: bytes, ["count": 2, "base": UInt64(bytes.count - 8)])
    #expect(
      bytes.suffix(8).elementsEqual(
        [0x1000, 0x1001, 0x1002, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004].map { Sample.byte(at: $0) }))
    let handles = try offset(.handleData, reader)
    #expect(Array(bytes[handles..<handles + 16]) == [16, 0, 0, 0, 32, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
    // The type's name follows the list: "File" takes 4 + 8 + 2 bytes and two of padding.
    let name = handles + 16 + 2 * 32
    try compare(
      "HandleData", at: handles + 16, in: bytes,
      [
        "handle": 3, "type name": UInt64(name), "object name": UInt64(name + 16), "attributes": 1, "granted access": 2,
        "handle count": 4, "pointer count": 5,
      ])
  }

  @Test func `CrashpadInfo`() throws {
    let bytes = try Sample.write(Sample.contents())
    let base = try offset(.crashpadInfo, MinidumpReader(bytes))
    let fields = try Page().fields("CrashpadInfo")
    let report = try #require(fields["report id"])
    // A GUID of the text 00010203-0405-…: three little-endian integers, then bytes.
    #expect(
      Array(bytes[base + report.offset..<base + report.offset + 16])
        == [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15])
    let client = try #require(fields["client id"])
    #expect(bytes[base + client.offset] == 1)
    // Three annotations, then keys and values: "a", "1", "b", "", "é", "ü😀", each with length and NUL, aligned to 4.
    let modules = base + 64 + 28 + 8 + 8 + 8 + 8 + 8 + 12
    try compare(
      "CrashpadInfo", at: base, in: bytes,
      [
        "version": 1, "annotations size": 28, "annotations offset": UInt64(base + 64), "modules size": 28,
        "modules offset": UInt64(modules), "address mask": 0xffff_8000_0000_0000,
      ])
  }

  @Test func `registers of AMD64`() throws {
    var context = Sample.amd64()
    for (index, path) in Self.registers.enumerated() { context[keyPath: path.1] = UInt64(index + 1000) }
    (context.cs, context.ds, context.es, context.fs, context.gs, context.ss) = (1, 2, 3, 4, 5, 6)
    context.vectorControl = 7
    context.debugControl = 8
    context.dr7 = 9
    context.p6Home = 10
    context.vectorRegisters = Array(repeating: 11, count: 416)
    var contents = MinidumpContents()
    contents.exception = MinidumpException(threadID: 1, code: 1, context: .amd64(context))
    let bytes = try Sample.write(contents)
    let exception = try offset(.exception, MinidumpReader(bytes))
    let base = (exception + 168 + 15) / 16 * 16
    var expected: [String: UInt64] = [
      "flags": 0x10_001f, "mxcsr": 0x1f80, "cs": 1, "ds": 2, "es": 3, "fs": 4, "gs": 5, "ss": 6, "eflags": 0x10246,
      "vector control": 7,
    ]
    for (index, path) in Self.registers.enumerated() { expected[path.0] = UInt64(index + 1000) }
    try compare("AMD64 context", at: base, in: bytes, expected)
    let fields = try Page().fields("AMD64 context")
    func first(_ name: String, _ skip: Int = 0) throws -> UInt8 {
      bytes[base + (try #require(fields[name])).offset + skip]
    }
    #expect(try first("home", 40) == 10)
    #expect(try first("debug registers", 40) == 9)
    #expect(try first("fxsave", 3) == 21)
    #expect(try first("vector registers", 415) == 11)
    #expect(try first("branch records") == 8)
    let last = try #require(fields["branch records"])
    #expect(last.offset + last.size == AMD64Context.size)
  }

  private static var registers: [(String, WritableKeyPath<AMD64Context, UInt64>)] {
    [
      ("rax", \.rax), ("rcx", \.rcx), ("rdx", \.rdx), ("rbx", \.rbx), ("rsp", \.rsp), ("rbp", \.rbp), ("rsi", \.rsi),
      ("rdi", \.rdi), ("r8", \.r8), ("r9", \.r9), ("r10", \.r10), ("r11", \.r11), ("r12", \.r12), ("r13", \.r13),
      ("r14", \.r14), ("r15", \.r15), ("rip", \.rip),
    ]
  }
}
