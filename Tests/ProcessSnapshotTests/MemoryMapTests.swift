// Tests the map of an address space: its text, its gaps, and the stacks found in it.
import LinuxSystem
import ProcessMemory
import Testing

@testable import ProcessSnapshot

@Suite struct `Memory maps` {
  private func parse(_ text: String) -> [MemoryMapping]? {
    guard case .parsed(let map) = MemoryMap.parse(Array(text.utf8)) else { return nil }
    return map.mappings
  }

  @Test func `a line has all of its fields`() throws {
    let mapping = try #require(
      parse("7f0a-7f0b r-xs 00001000 fd:1c 42                         /lib/a b (deleted)\n")?.first)
    #expect(mapping.range == AddressRange(start: 0x7f0a, size: 1))
    #expect(mapping.isReadable && !mapping.isWritable && mapping.isExecutable && mapping.isShared)
    #expect(mapping.offset == 0x1000 && mapping.inode == 42)
    #expect(mapping.device == 0xfd << 32 | 0x1c)
    #expect(mapping.name == "/lib/a b (deleted)")
  }

  @Test func `names may be missing, in brackets, or hold newlines and bytes that are no text`() throws {
    #expect(parse("1000-2000 ---p 00000000 00:00 0\n")?.first?.name == "")
    #expect(parse("1000-2000 ---p 00000000 00:00 0 \n")?.first?.name == "")
    #expect(parse("1000-2000 rw-p 00000000 00:00 0                  [stack]\n")?.first?.name == "[stack]")
    #expect(parse("1000-2000 rw-p 00000000 08:01 7  /a\\012b\\x\n")?.first?.name == "/a\nb\\x")
    let line = Array("1000-2000 rw-p 00000000 08:01 7 /".utf8) + [0xff, 0x0a]
    guard case .parsed(let map) = MemoryMap.parse(line) else {
      Issue.record("refused")
      return
    }
    #expect(map.mappings.first?.name.bytes == [0x2f, 0xff])
  }

  @Test(arguments: [
    "", "x", "1000", "1000-", "2000-1000 r--p 0 0:0 0", "1000-2000 r--", "1000-2000 rwxq 0 00:00 0",
    "1000-2000 w--p 0 00:00 0", "10000000000000000-2 r--p 0 00:00 0", "1000-2000 r--p 0 0000 0",
    "1000-2000 r--p 0 00:00",
    "1000-2000 r--p 0 00:00 99999999999999999999999",
  ])
  func `a malformed line is refused`(line: String) {
    guard case .malformed(let number) = MemoryMap.parse(Array("0-1 ---p 0 00:00 0\n\(line)\n".utf8)) else {
      #expect(line.isEmpty)
      return
    }
    #expect(number == 2)
  }

  @Test func `a map that changed under the reader is told from a malformed one`() {
    guard case .changed = MemoryMap.parse(Array("2000-3000 r--p 0 00:00 0\n1000-2000 r--p 0 00:00 0\n".utf8)) else {
      Issue.record("not seen")
      return
    }
  }

  private func mapping(
    _ start: UInt64, _ end: UInt64, _ flags: String = "rw-", name: String = "", inode: UInt64 = 0
  ) throws -> MemoryMapping {
    MemoryMapping(
      range: try #require(AddressRange(start: start, end: end)), isReadable: flags.contains("r"),
      isWritable: flags.contains("w"), isExecutable: flags.contains("x"), isShared: false, offset: 0, device: inode,
      inode: inode, name: FilePath(name))
  }

  @Test func `readable parts are trimmed, joined, and without the kernel's own pages`() throws {
    let map = MemoryMap([
      try mapping(0x1000, 0x2000), try mapping(0x2000, 0x3000, "r-x"), try mapping(0x3000, 0x4000, "---"),
      try mapping(0x5000, 0x6000, "r--", name: "[vvar]"), try mapping(0x6000, 0x7000, "r--", name: "[vvar_vclock]"),
      try mapping(0x7000, 0x8000),
    ])
    #expect(
      map.readableParts(of: AddressRange(start: 0x1800, size: 0x6000)) == [
        AddressRange(start: 0x1800, size: 0x1800), AddressRange(start: 0x7000, size: 0x800),
      ])
    // A mapping that merely ends where the range starts gives nothing.
    #expect(map.readableParts(of: AddressRange(start: 0x8000, size: 0x1000)) == [])
    #expect(map.readableParts(of: AddressRange(start: 0, size: .max)).count == 2)
    #expect(map.mapping(of: 0x4800) == nil && map.mapping(of: 0x7fff) != nil)
  }

  @Test func `a stack goes to the end of its mappings`() throws {
    let map = MemoryMap([
      try mapping(0x10000, 0x11000, "---"), try mapping(0x11000, 0x20000), try mapping(0x20000, 0x30000),
      try mapping(0x30000, 0x40000, "r--"), try mapping(0x40000, 0x50000, "---"),
    ])
    let stack = try #require(map.stack(at: 0x18000, threadPointer: 0, redZone: true, limit: 0x1000))
    #expect(stack.whole == AddressRange(start: 0x17f80, size: 0x40000 - 0x17f80))
    #expect(stack.kept == AddressRange(start: 0x17f80, size: 0x1000))
    #expect(!stack.isOverflow)
    // The red zone does not reach into the guard page.
    #expect(map.stack(at: 0x11010, threadPointer: 0, redZone: true, limit: .max)?.whole.start == 0x11000)
    // libc's data at the end of a thread's stack is none of it.
    #expect(map.stack(at: 0x18000, threadPointer: 0x2f700, redZone: false, limit: .max)?.whole.end == 0x2f700)
  }

  @Test func `a stack pointer in the guard page means the stack above it`() throws {
    let map = MemoryMap([try mapping(0x10000, 0x11000, "---"), try mapping(0x11000, 0x20000)])
    let stack = try #require(map.stack(at: 0x10ff0, threadPointer: 0, redZone: true, limit: .max))
    #expect(stack.isOverflow && stack.whole == AddressRange(start: 0x11000, size: 0xf000))
  }

  @Test func `the main thread's stack has a hole for a guard`() throws {
    let map = MemoryMap([
      try mapping(0x7f00_0000_0000, 0x7f00_0001_0000), try mapping(0x7fff_0000_0000, 0x7fff_0080_0000, name: "[stack]"),
    ])
    let stack = try #require(map.stack(at: 0x7ffe_ffff_f000, threadPointer: 0, redZone: true, limit: .max))
    #expect(stack.isOverflow && stack.whole.start == 0x7fff_0000_0000)
  }

  @Test(arguments: [0, 1, 0x4800, 0x9000, UInt64.max, UInt64.max - 127, 0xffff_ffff_ff60_0000, 0x3800])
  func `a stack pointer that leads nowhere gives no stack`(pointer: UInt64) throws {
    let map = MemoryMap([
      try mapping(0x400000, 0x500000, "r-x"), try mapping(0x50_0000_0000, 0x50_0000_1000, "---"),
      try mapping(0xffff_ffff_ffff_f000, .max, "---"),
    ])
    #expect(map.stack(at: pointer, threadPointer: pointer, redZone: true, limit: .max) == nil)
    #expect(MemoryMap().stack(at: pointer, threadPointer: pointer, redZone: true, limit: .max) == nil)
  }

  @Test func `windows are merged and keep away from stacks`() throws {
    let map = MemoryMap([try mapping(0x10000, 0x40000)])
    var windows = MemoryWindows(map: map)
    windows.add(around: 0x20000, size: 512, before: 128)
    windows.add(around: 0x20100, size: 512, before: 128)
    windows.add(around: 0x10010, size: 512, before: 128)
    windows.add(around: 5, size: 512, before: 128)
    windows.add(around: .max, size: 512, before: 128)
    windows.add(around: 0x30000, size: 512, before: 128)
    #expect(
      windows.merged(without: [AddressRange(start: 0x2fff0, size: 0x20)]) == [
        AddressRange(start: 0x10000, size: 0x190), AddressRange(start: 0x1ff80, size: 0x300),
        AddressRange(start: 0x2ff80, size: 0x70), AddressRange(start: 0x30010, size: 0x170),
      ])
  }
}

@Suite struct `Text of proc` {
  @Test func `the name in stat may hold anything`() throws {
    let text = "1 (a) b) (c) R 0 0 0 0 -1 4227084 255 0 0 0 7 8 0 0 20 0 2 0 99 18446744073709551615 1 2\n"
    let statistics = try #require(ThreadStatistics(Array(text.utf8)))
    #expect(statistics.state == UInt8(ascii: "R"))
    #expect(statistics.userTicks == 7 && statistics.systemTicks == 8 && statistics.startTicks == 99)
    #expect(statistics.name == Array("a) b) (c".utf8))
    #expect(statistics.priority == nil)
  }

  @Test func `stat tells how a thread is scheduled, and its name where no kernel has doubled a backslash`() throws {
    func text(_ name: String) -> [UInt8] {
      let middle = "-51 -5 2 0 99 0 0 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0"
      return Array("12 \(name) S 1 2 2 0 -1 64 0 0 0 0 7 8 0 0 \(middle) -1 3 50 2 0 0 0\n".utf8)
    }
    let statistics = try #require(ThreadStatistics(text("(worker)")))
    #expect(statistics.name == Array("worker".utf8))
    #expect(statistics.priority == ThreadPriority(policy: 2, staticPriority: 50, nice: -5))
    #expect(try #require(ThreadStatistics(text("(a\\b)"))).name == nil)
    #expect(try #require(ThreadStatistics(text("()"))).name == [])
  }

  @Test(arguments: ["", ")", "1 (a)", "1 (a) ", "1 (a) R", "1 (a) R 1 2 3", "1 (a) R x"])
  func `a stat file that ends early is refused`(text: String) { #expect(ThreadStatistics(Array(text.utf8)) == nil) }

  @Test func `lists of CPUs`() {
    #expect(CPUList(Array("0-3,7\n".utf8))?.count == 5)
    #expect(CPUList(Array("2\n".utf8))?.first == 2)
    for text in ["", "\n", "a\n", "3-1\n", "0-3", "1-\n", "0,,1\n", "0-18446744073709551615\n"] {
      #expect(CPUList(Array(text.utf8)) == nil, "\(text)")
    }
  }

  @Test func `an auxiliary vector ends at its null entry or at its end`() {
    func word(_ value: UInt8) -> [UInt8] { [value, 0, 0, 0, 0, 0, 0, 0] }
    let vector = AuxiliaryVector(
      word(3) + word(42) + word(1) + word(9) + word(0) + word(0) + word(7) + word(1), is64Bit: true)
    #expect(vector[3] == 42 && vector[1] == nil && vector[7] == nil)
    #expect(AuxiliaryVector(word(3) + [1], is64Bit: true)[3] == nil)
  }
}
