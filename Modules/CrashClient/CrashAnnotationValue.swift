// Provides the types whose values can be annotations.

extension String: CrashAnnotationValue {
  public static var annotationKind: CrashAnnotationKind { .string }
  public static var annotationCapacity: Int { 256 }

  /// What is beyond the capacity is cut off before a character's first byte, so that the rest is valid UTF-8.
  public func withAnnotationBytes(capacity: Int, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    var text = self
    return text.withUTF8 { utf8 in
      var count = min(utf8.count, capacity)
      if count < utf8.count { while count > 0, utf8[count] & 0xc0 == 0x80 { count -= 1 } }
      return body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: utf8[..<count])))
    }
  }
}

extension StaticString: CrashAnnotationValue {
  public static var annotationKind: CrashAnnotationKind { .string }
  public static var annotationCapacity: Int { 256 }

  public func withAnnotationBytes(capacity: Int, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    if !hasPointerRepresentation { return description.withAnnotationBytes(capacity: capacity, body) }
    return body(UnsafeRawBufferPointer(start: utf8Start, count: min(utf8CodeUnitCount, capacity)))
  }
}

extension Bool: CrashAnnotationValue {
  public static var annotationKind: CrashAnnotationKind { .string }
  public static var annotationCapacity: Int { 8 }

  /// `true` or `false`.
  public func withAnnotationBytes(capacity: Int, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    let text: StaticString = self ? "true" : "false"
    return text.withAnnotationBytes(capacity: capacity, body)
  }
}

extension Array<UInt8>: CrashAnnotationValue {
  public static var annotationKind: CrashAnnotationKind { .bytes }
  public static var annotationCapacity: Int { 256 }

  public func withAnnotationBytes(capacity: Int, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    withUnsafeBufferPointer { body(UnsafeRawBufferPointer($0)) }
  }
}

// Integers are decimal text.
extension Int: CrashAnnotationValue {}
extension Int32: CrashAnnotationValue {}
extension Int64: CrashAnnotationValue {}
extension UInt: CrashAnnotationValue {}
extension UInt32: CrashAnnotationValue {}
extension UInt64: CrashAnnotationValue {}

extension CrashAnnotationValue where Self: FixedWidthInteger {
  public static var annotationKind: CrashAnnotationKind { .string }
  public static var annotationCapacity: Int { 20 }

  public func withAnnotationBytes(capacity: Int, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { buffer in
      // From the last digit on.
      var start = 20
      var rest = UInt64(truncatingIfNeeded: magnitude)
      repeat {
        start -= 1
        buffer[start] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
        rest /= 10
      } while rest > 0
      if self < 0 {
        start -= 1
        buffer[start] = 0x2d
      }
      return body(UnsafeRawBufferPointer(rebasing: buffer[start..<20]))
    }
  }
}
