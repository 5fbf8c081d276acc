// Provides text that is written all at once.
import Glibc

/// Lines of names and numbers.
struct TextBuffer {
  private var bytes: [UInt8] = []

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  mutating func heading(_ text: StaticString, _ count: Int? = nil) {
    add(text)
    if let count { number(UInt64(count)) }
    newline()
  }

  mutating func add(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { bytes.append(contentsOf: $0) }
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

  mutating func newline() { bytes.append(10) }

  mutating func hex(_ value: UInt64) {
    var shift = max(0, (63 - value.leadingZeroBitCount) / 4 * 4)
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15
      bytes.append(digit < 10 ? 48 + digit : 87 + digit)
      shift -= 4
    }
  }

  mutating func number(_ value: UInt64) { add(String(value)) }

  /// - Returns: whether everything was written to standard output.
  func flush() -> Bool {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = write(1, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count <= 0 { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
  }
}
