// Provides the memory of values: how the eight bytes of a value say what it is, and the objects they may point to.
internal import CLinuxShims
internal import CSentry

/// A value on the heap. Lists and objects hold one reference to each value in them.
internal typealias HeapValue = UnsafeMutablePointer<csentry_value>

/// The eight bytes of a value: the low two bits say what the others are.
///
/// `00` a pointer to a `HeapValue`, `01` a 32-bit integer in the upper half, `10` a constant.
extension sentry_value_t {
  internal static var null: sentry_value_t { csentry_value(0xa) }
  internal static var `false`: sentry_value_t { csentry_value(0x2) }
  internal static var `true`: sentry_value_t { csentry_value(0x6) }

  internal init(int32 number: Int32) {
    self = csentry_value(UInt64(UInt32(bitPattern: number)) << 32 | 1)
  }

  internal init(_ heap: HeapValue) { self = csentry_value(UInt64(UInt(bitPattern: heap))) }

  @inline(__always) internal var bits: UInt64 { csentry_bits(self) }
  @inline(__always) internal var isNull: Bool { bits == 0xa }

  /// The object behind the value; `nil` for what is in the eight bytes themselves.
  @inline(__always) internal var heap: HeapValue? {
    bits & 3 == 0 ? HeapValue(bitPattern: UInt(truncatingIfNeeded: bits)) : nil
  }

  internal var int32: Int32? { bits & 3 == 1 ? Int32(bitPattern: UInt32(truncatingIfNeeded: bits >> 32)) : nil }

  /// The object behind the value if it is of a type.
  @inline(__always) internal func heap(_ type: sentry_value_type_t) -> HeapValue? {
    guard let heap, UInt32(heap.pointee.type) == type.rawValue else { return nil }
    return heap
  }

  internal var type: sentry_value_type_t {
    if let heap { return sentry_value_type_t(rawValue: UInt32(heap.pointee.type)) }
    if bits & 3 == 1 { return SENTRY_VALUE_TYPE_INT32 }
    return bits == 0x2 || bits == 0x6 ? SENTRY_VALUE_TYPE_BOOL : SENTRY_VALUE_TYPE_NULL
  }

  @inline(__always) internal func retain() {
    if let heap { csentry_retain(&heap.pointee.references) }
  }

  /// Whether the value is gone, or was never counted.
  @discardableResult
  internal func release() -> Bool {
    guard let heap else { return true }
    if csentry_release(&heap.pointee.references) == 0 { return false }
    heap.destroy()
    return true
  }
}

extension UnsafeMutablePointer where Pointee == csentry_value {
  /// Head and number.
  private static var scalarSize: Int { 16 }

  internal static func make(_ type: sentry_value_type_t, size: Int, content: UInt64, frozen: Bool) -> HeapValue? {
    guard let memory = sentry_malloc(size) else { return nil }
    let heap = memory.assumingMemoryBound(to: csentry_value.self)
    heap.pointee.references = 1
    heap.pointee.type = UInt8(truncatingIfNeeded: type.rawValue)
    heap.pointee.frozen = frozen ? 1 : 0
    heap.pointee.content = content
    return heap
  }

  internal static func scalar(_ type: sentry_value_type_t, _ bits: UInt64) -> sentry_value_t {
    make(type, size: scalarSize, content: bits, frozen: true).map { sentry_value_t($0) } ?? .null
  }

  internal static func container(_ type: sentry_value_type_t) -> sentry_value_t {
    guard let heap = make(type, size: MemoryLayout<csentry_value>.size, content: 0, frozen: false) else { return .null }
    heap.pointee.storage = nil
    heap.pointee.capacity = 0
    return sentry_value_t(heap)
  }

  /// A text of these bytes, with a NUL behind them.
  internal static func text(_ bytes: UnsafePointer<CChar>, _ length: Int) -> sentry_value_t {
    guard length >= 0, length < 1 << 40,
      let heap = make(SENTRY_VALUE_TYPE_STRING, size: scalarSize + length + 1, content: UInt64(length), frozen: true)
    else { return .null }
    memcpy(heap.characters, bytes, length)
    heap.characters[length] = 0
    return sentry_value_t(heap)
  }

  /// The bytes of a text.
  internal var characters: UnsafeMutablePointer<CChar> {
    (UnsafeMutableRawPointer(self) + Self.scalarSize).assumingMemoryBound(to: CChar.self)
  }

  @inline(__always) internal var count: Int { Int(truncatingIfNeeded: pointee.content) }
  internal var isFrozen: Bool { pointee.frozen != 0 }
  internal var double: Double { Double(bitPattern: pointee.content) }

  internal var elements: UnsafeMutablePointer<sentry_value_t>? {
    pointee.storage?.assumingMemoryBound(to: sentry_value_t.self)
  }
  internal var members: UnsafeMutablePointer<csentry_member>? {
    pointee.storage?.assumingMemoryBound(to: csentry_member.self)
  }

  /// Makes room for `count` elements of a list or members of an object.
  internal func reserve(_ count: Int, stride: Int) -> Bool {
    if count <= Int(truncatingIfNeeded: pointee.capacity) { return true }
    guard count < 1 << 32 else { return false }
    let capacity = Swift.max(count, Swift.max(4, Int(truncatingIfNeeded: pointee.capacity) * 2))
    guard let memory = sentry_malloc(capacity * stride) else { return false }
    if let old = pointee.storage {
      memcpy(memory, old, self.count * stride)
      sentry_free(old)
    }
    pointee.storage = memory
    pointee.capacity = UInt64(capacity)
    return true
  }

  internal var isContainer: Bool { UInt32(pointee.type) >= SENTRY_VALUE_TYPE_LIST.rawValue }

  /// Gives everything back, without recursion: trees may be deeper than the stack.
  internal func destroy() {
    guard isContainer else { return sentry_free(self) }
    // Containers that are to be freed are linked by `capacity`, which they no longer need.
    pointee.capacity = 0
    var head: HeapValue? = self
    while let current = head {
      head = HeapValue(bitPattern: UInt(truncatingIfNeeded: current.pointee.capacity))
      for index in 0..<current.count {
        let child: sentry_value_t
        if UInt32(current.pointee.type) == SENTRY_VALUE_TYPE_LIST.rawValue {
          guard let elements = current.elements else { break }
          child = elements[index]
        } else {
          guard let members = current.members else { break }
          sentry_free(members[index].key)
          child = members[index].value
        }
        guard let heap = child.heap, csentry_release(&heap.pointee.references) != 0 else { continue }
        if heap.isContainer {
          heap.pointee.capacity = UInt64(UInt(bitPattern: head))
          head = heap
        } else {
          sentry_free(heap)
        }
      }
      if let storage = current.pointee.storage { sentry_free(storage) }
      sentry_free(current)
    }
  }
}
