// Provides JSON and MessagePack of callers' values.
internal import CLinuxShims
public import CSentry
internal import StructuredValue

/// Text that grows. From `sentry_malloc`, so that hooks can write JSON during a crash.
private struct TextBuffer {
  private(set) var start: UnsafeMutablePointer<CChar>?
  private var count = 0
  private var capacity = 0
  private(set) var failed = false

  mutating func reserve(_ more: Int) -> UnsafeMutablePointer<CChar>? {
    if failed { return nil }
    if count + more + 1 > capacity {
      let larger = max(256, (count + more + 1) * 2)
      guard let memory = sentry_malloc(larger)?.assumingMemoryBound(to: CChar.self) else {
        failed = true
        return nil
      }
      if let start {
        memcpy(memory, start, count)
        sentry_free(start)
      }
      start = memory
      capacity = larger
    }
    return start.map { $0 + count }
  }

  mutating func append(_ bytes: UnsafePointer<CChar>, _ length: Int) {
    guard let place = reserve(length) else { return }
    memcpy(place, bytes, length)
    count += length
  }

  mutating func append(_ byte: UInt8) {
    guard let place = reserve(1) else { return }
    place[0] = CChar(bitPattern: byte)
    count += 1
  }

  mutating func append(_ text: StaticString) {
    UnsafeRawPointer(text.utf8Start).withMemoryRebound(to: CChar.self, capacity: text.utf8CodeUnitCount) {
      append($0, text.utf8CodeUnitCount)
    }
  }

  mutating func append(integer number: UInt64, isNegative: Bool = false) {
    guard let place = reserve(24) else { return }
    var digits = 1
    var rest = number / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    if isNegative { place[0] = CChar(bitPattern: UInt8(ascii: "-")) }
    let length = digits + (isNegative ? 1 : 0)
    rest = number
    for index in 0..<digits {
      place[length - 1 - index] = CChar(truncatingIfNeeded: 0x30 + rest % 10)
      rest /= 10
    }
    count += length
  }

  mutating func append(double number: Double) {
    guard number.isFinite else { return append("null") }
    guard let place = reserve(40) else { return }
    count += Int(csentry_format_double(place, 40, number))
  }

  mutating func append(string: UnsafePointer<CChar>, _ length: Int) {
    append(UInt8(ascii: "\""))
    for index in 0..<length {
      let byte = UInt8(bitPattern: string[index])
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x08: append("\\b")
      case 0x0c: append("\\f")
      case 0x0a: append("\\n")
      case 0x0d: append("\\r")
      case 0x09: append("\\t")
      case 0..<0x20:
        append("\\u00")
        append(byte < 16 ? 0x30 : 0x31)
        append(byte & 15 < 10 ? 0x30 + byte & 15 : 0x57 + byte & 15)
      default: append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }

  /// The text with a NUL; it belongs to the caller.
  mutating func finish() -> UnsafeMutablePointer<CChar>? {
    guard let place = reserve(0) else {
      if let start { sentry_free(start) }
      return nil
    }
    place[0] = 0
    return start
  }

  mutating func append(_ value: sentry_value_t, depth: Int) {
    guard let heap = value.heap else {
      if let small = value.int32 {
        append(integer: UInt64(small.magnitude), isNegative: small < 0)
      } else {
        append(value.isNull ? "null" : value.bits == 0x6 ? "true" : "false")
      }
      return
    }
    switch value.type {
    case SENTRY_VALUE_TYPE_INT64:
      let number = Int64(bitPattern: heap.pointee.content)
      append(integer: number.magnitude, isNegative: number < 0)
    case SENTRY_VALUE_TYPE_UINT64: append(integer: heap.pointee.content)
    case SENTRY_VALUE_TYPE_DOUBLE: append(double: heap.double)
    case SENTRY_VALUE_TYPE_STRING: append(string: heap.characters, heap.count)
    case SENTRY_VALUE_TYPE_LIST:
      append(UInt8(ascii: "["))
      var isFirst = true
      if let elements = heap.elements {
        for index in 0..<heap.count where !vanishes(elements[index], depth) {
          if !isFirst { append(UInt8(ascii: ",")) }
          isFirst = false
          append(elements[index], depth: depth + 1)
        }
      }
      append(UInt8(ascii: "]"))
    default:
      append(UInt8(ascii: "{"))
      var isFirst = true
      if let members = heap.members {
        for index in 0..<heap.count where !vanishes(members[index].value, depth) {
          if !isFirst { append(UInt8(ascii: ",")) }
          isFirst = false
          append(string: members[index].key, Int(members[index].length))
          append(UInt8(ascii: ":"))
          append(members[index].value, depth: depth + 1)
        }
      }
      append(UInt8(ascii: "}"))
    }
  }

  /// Containers deeper than the limit are left out.
  private func vanishes(_ value: sentry_value_t, _ depth: Int) -> Bool {
    depth + 1 >= StructuredValue.depthLimit && value.heap?.isContainer == true
  }
}

@implementation @c public func sentry_value_to_json(_ value: sentry_value_t) -> UnsafeMutablePointer<CChar>? {
  var text = TextBuffer()
  text.append(value, depth: 0)
  return text.finish()
}

@implementation @c
public func sentry_value_to_msgpack(
  _ value: sentry_value_t, _ size_out: UnsafeMutablePointer<Int>?
) -> UnsafeMutablePointer<CChar>? {
  let bytes = StructuredValue(value).messagePack
  guard let copy = callersCopy(of: bytes) else { return nil }
  size_out?.pointee = bytes.count
  return copy
}
