// Provides the search for copies of the environment in memory that goes into a dump.

/// Finds what a program copied out of its environment: `getenv(3)` and a string of the program's own, which is where secrets
/// are when they are used. A copy is a value's bytes and the zero behind them, as C, C++ and Swift keep strings.
struct EnvironmentCopies {
  /// Bytes; shorter values are words like `production`, or numbers, which are everywhere and tell nothing.
  private static let shortest = 8
  /// Bytes of a value that are compared at most, and bytes of all values together.
  private static let longest = 4096
  private static let limit = 256 << 10
  private static let most = 4096

  /// Bytes that are compared at most, for a whole dump: an environment, and memory that is like it everywhere, are a crashed
  /// process's to arrange. What is left then is not looked at.
  private var budget = 200_000_000

  private let values: [[UInt8]]
  /// By the first two bytes of a value: whether there is one. Most memory is passed over with a look at this alone.
  private let beginnings: [UInt64]

  /// - Parameter environment: `NAME=value` strings, each with a zero behind it.
  init(_ environment: [UInt8]) {
    var values: [[UInt8]] = []
    var beginnings = [UInt64](repeating: 0, count: 1024)
    for entry in environment.prefix(Self.limit).split(separator: 0) {
      guard let sign = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = Array(entry[(sign + 1)...].prefix(Self.longest))
      if value.count < Self.shortest { continue }
      if values.count == Self.most { break }
      let key = Int(value[0]) | Int(value[1]) << 8
      beginnings[key >> 6] |= 1 << UInt64(key & 63)
      values.append(value)
    }
    self.values = values
    self.beginnings = beginnings
  }

  var isEmpty: Bool { values.isEmpty }

  /// Overwrites copies by zeros. A value that is cut by an end of the buffer counts if eight bytes of it are there: what is
  /// on the other side may be in the dump as well.
  mutating func erase(in bytes: UnsafeMutableRawBufferPointer) {
    eraseEnd(of: bytes)
    // Of eight bytes without a zero one is the last of eight: where every eighth byte is zero no value begins. Stacks are
    // mostly pointers, whose last byte is zero, so that one byte in eight is all that is looked at.
    var start = 0
    for last in stride(from: Self.shortest - 1, to: bytes.count, by: Self.shortest)
    where bytes[last] != 0 && budget > 0 {
      start = max(start, last + 1 - Self.shortest)
      while start <= last, start + Self.shortest <= bytes.count {
        let key = Int(bytes[start]) | Int(bytes[start + 1]) << 8
        if beginnings[key >> 6] & (1 << UInt64(key & 63)) != 0, let value = value(at: start, in: bytes) {
          let end = min(start + value, bytes.count)
          for index in start..<end { bytes[index] = 0 }
          start = end
        } else {
          start += 1
        }
      }
    }
  }

  /// The length of the value that stands at an offset.
  private mutating func value(at offset: Int, in bytes: UnsafeMutableRawBufferPointer) -> Int? {
    let left = bytes.count - offset
    var longest: Int?
    budget -= values.count
    for value in values where value.count > longest ?? 0 {
      if left > value.count, value.count < Self.longest, bytes[offset + value.count] != 0 { continue }
      if matches(value, from: 0, count: min(value.count, left), bytes, offset) { longest = value.count }
    }
    return longest
  }

  /// The end of a value whose beginning lies before the buffer.
  private mutating func eraseEnd(of bytes: UnsafeMutableRawBufferPointer) {
    var longest = 0
    for value in values where budget > 0 {
      budget -= min(value.count, bytes.count)
      var count = min(value.count - 1, bytes.count - 1)
      while count >= Self.shortest && count > longest {
        if bytes[count] == 0, matches(value, from: value.count - count, count: count, bytes, 0) { longest = count }
        count -= 1
      }
    }
    for index in 0..<longest { bytes[index] = 0 }
  }

  private mutating func matches(
    _ value: [UInt8], from start: Int, count: Int, _ bytes: UnsafeMutableRawBufferPointer, _ offset: Int
  ) -> Bool {
    // From the end: values have beginnings in common, as paths do.
    var index = count - 1
    while index >= 0 {
      if value[start + index] != bytes[offset + index] {
        budget -= count - index
        return false
      }
      index -= 1
    }
    budget -= count
    return true
  }
}
