// Tests that what a process never touched is found, and nothing else, by both ways of asking.
import CLinuxShims
import LinuxSystem
import SentryNativeTesting
import Testing

@testable import ProcessMemory

@Suite struct `Touched pages` {
  private static let page: UInt64 = 4096

  /// All parts of a range, asked for as often as it takes.
  private func parts(_ pages: TouchedPages, _ range: AddressRange) -> [AddressRange] {
    var result: [AddressRange] = []
    var position = range.start
    while position < range.end {
      let answer = pages.parts(of: AddressRange(start: position, size: range.end - position))
      #expect(answer.end > position && answer.end <= range.end)
      if answer.end <= position { break }
      result += answer.parts
      position = answer.end
    }
    return result
  }

  @Test(arguments: [true, false]) func `are those that were written or hold a file's bytes`(scans: Bool) throws {
    let size = 64 << 20
    let memory = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { munmap(memory, size) }
    // Where the machine gives huge pages, more would be touched than is.
    madvise(memory, size, MADV_NOHUGEPAGE)
    let start = UInt64(UInt(bitPattern: memory))
    let pages = try TouchedPages(process: getpid(), scans: scans)
    let whole = AddressRange(start: start, size: UInt64(size))
    #expect(parts(pages, whole).isEmpty)
    // The last one is beyond what is asked for at once.
    for index in [1, 100, 101, 16383] { memory.storeBytes(of: 0, toByteOffset: index * 4096, as: UInt8.self) }
    let expected = [(1, 1), (100, 2), (16383, 1)].map {
      AddressRange(start: start + UInt64($0.0) * Self.page, size: UInt64($0.1) * Self.page)
    }
    #expect(parts(pages, whole) == expected)
    // Ends inside of pages.
    let odd = AddressRange(start: start + 100 * Self.page + 5, size: 2 * Self.page - 10)
    #expect(parts(pages, odd) == [odd])
    #expect(pages.parts(of: AddressRange(start: start, size: 0)).parts.isEmpty)
  }

  @Test(arguments: [true, false]) func `near each other are one part, and many are told in turn`(scans: Bool) throws {
    let count = 2000
    let size = count * 16 * 4096
    let memory = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { munmap(memory, size) }
    // Where the machine gives huge pages, more would be touched than is.
    madvise(memory, size, MADV_NOHUGEPAGE)
    for index in 0..<count {
      memory.storeBytes(of: 1, toByteOffset: index * 16 * 4096, as: UInt8.self)
      memory.storeBytes(of: 1, toByteOffset: (index * 16 + 3) * 4096, as: UInt8.self)
    }
    let start = UInt64(UInt(bitPattern: memory))
    let pages = try TouchedPages(process: getpid(), scans: scans)
    let found = parts(pages, AddressRange(start: start, size: UInt64(size)))
    let touched = found.reduce(0) { $0 + $1.size }
    for index in 0..<count {
      let pair = AddressRange(start: start + UInt64(index * 16 * 4096), size: 4 * Self.page)
      // An answer may end between the two.
      #expect(found.filter { $0.overlaps(pair) }.reduce(0) { $0 + $1.size } >= 2 * Self.page)
    }
    #expect(touched <= UInt64(count) * 4 * Self.page)
    #expect(found.count < count + 100)
  }

  @Test func `cannot be had of a process that is not there`() {
    #expect(throws: Errno.noSuchFile) { try TouchedPages(process: .max) }
  }

  @Test func `at the end of the address space are all that is asked for`() throws {
    let pages = try TouchedPages(process: getpid())
    let last = AddressRange(start: .max - 100, size: 90)
    #expect(pages.parts(of: last).parts == [last])
  }
}
