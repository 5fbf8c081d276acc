// Provides text that is written all at once.
import Glibc

/// Lines of names and numbers, in memory that grows and is given back by the program's end.
struct TextBuffer {
  private var bytes: UnsafeMutableRawBufferPointer
  private var count = 0

  init(capacity: Int) { bytes = .allocate(byteCount: max(capacity, 64), alignment: 16) }

  /// Where so many more bytes can be put.
  @inline(__always) private mutating func room(_ number: Int) -> UnsafeMutableRawBufferPointer {
    if number > bytes.count - count { grow(number) }
    return UnsafeMutableRawBufferPointer(rebasing: bytes[count...])
  }

  @inline(never) private mutating func grow(_ number: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count * 2 + number, alignment: 16)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    bytes.deallocate()
    bytes = larger
  }

  private mutating func add(_ text: UnsafeRawBufferPointer) {
    room(text.count).copyMemory(from: text)
    count += text.count
  }

  mutating func heading(_ text: StaticString, _ count: Int? = nil) {
    add(text)
    if let count { number(UInt64(count)) }
    newline()
  }

  mutating func add(_ text: StaticString) {
    add(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
  }

  mutating func field(_ name: StaticString, _ value: UInt64) {
    add("  ")
    add(name)
    add(" = 0x")
    hex(value)
    newline()
  }

  mutating func field<Value: FixedWidthInteger & UnsignedInteger>(_ name: StaticString, _ value: Value) {
    field(name, UInt64(value))
  }

  mutating func field(_ name: StaticString, _ value: String) {
    add("  ")
    add(name)
    add(" = ")
    add(value)
    newline()
  }

  mutating func newline() {
    room(1)[0] = 10
    count += 1
  }

  mutating func hex(_ value: UInt64) {
    let digits = max(1, (67 - value.leadingZeroBitCount) / 4)
    let place = room(16)
    for index in 0..<digits {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 * (digits - 1 - index))) & 15
      place[index] = digit < 10 ? 48 + digit : 87 + digit
    }
    count += digits
  }

  mutating func number(_ value: UInt64) { add(String(value)) }

  /// - Returns: whether everything was written to standard output.
  func flush() -> Bool {
    var rest = bytes[..<count]
    while !rest.isEmpty {
      let count = write(1, UnsafeMutableRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
