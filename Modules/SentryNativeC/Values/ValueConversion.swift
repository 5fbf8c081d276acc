// Provides values of callers from the engine's values, and the other way round.
internal import CLinuxShims
internal import CSentry
internal import StructuredValue

extension StructuredValue {
  /// A copy of a caller's value. Containers deeper than the engine writes are left out.
  internal init(_ value: sentry_value_t, depth: Int = 0) {
    guard let heap = value.heap else {
      if let small = value.int32 {
        self = .integer(Int64(small))
      } else {
        self = value.isNull ? .null : .bool(value.bits == 0x6)
      }
      return
    }
    switch value.type {
    case SENTRY_VALUE_TYPE_INT64: self = .integer(Int64(bitPattern: heap.pointee.content))
    case SENTRY_VALUE_TYPE_UINT64: self = StructuredValue(heap.pointee.content)
    case SENTRY_VALUE_TYPE_DOUBLE: self = .double(heap.double)
    case SENTRY_VALUE_TYPE_STRING: self = .string(String(c: heap.characters, heap.count) ?? "")
    case SENTRY_VALUE_TYPE_LIST: self = .array(heap.array(depth))
    case SENTRY_VALUE_TYPE_OBJECT: self = .object(heap.object(depth))
    default: self = .null
    }
  }
}

extension UnsafeMutablePointer where Pointee == csentry_value {
  fileprivate func array(_ depth: Int) -> [StructuredValue] {
    guard let elements, depth < StructuredValue.depthLimit else { return [] }
    var array: [StructuredValue] = []
    array.reserveCapacity(count)
    for index in 0..<count { array.append(StructuredValue(elements[index], depth: depth + 1)) }
    return array
  }

  fileprivate func object(_ depth: Int) -> StructuredObject {
    guard let members, depth < StructuredValue.depthLimit else { return StructuredObject() }
    var object = StructuredObject(capacity: count)
    for index in 0..<count {
      let member = members[index]
      guard let key = String(c: member.key, Int(member.length)) else { continue }
      object[key] = StructuredValue(member.value, depth: depth + 1)
    }
    return object
  }
}

extension StructuredObject {
  /// A copy of a caller's object; `nil` when it is none.
  internal init?(_ value: sentry_value_t) {
    guard let heap = value.heap(SENTRY_VALUE_TYPE_OBJECT) else { return nil }
    self = heap.object(0)
  }
}

extension sentry_value_t {
  /// A copy of the engine's value with one reference.
  internal init(_ value: StructuredValue) {
    switch value {
    case .null: self = .null
    case .bool(let flag): self = flag ? .true : .false
    case .integer(let number):
      if let small = Int32(exactly: number) {
        self.init(int32: small)
      } else {
        self = HeapValue.scalar(SENTRY_VALUE_TYPE_INT64, UInt64(bitPattern: number))
      }
    case .unsigned(let number): self = HeapValue.scalar(SENTRY_VALUE_TYPE_UINT64, number)
    case .double(let number): self = HeapValue.scalar(SENTRY_VALUE_TYPE_DOUBLE, number.bitPattern)
    case .string(let text): self.init(text: text)
    case .bytes(let bytes): self.init(text: String(decoding: bytes, as: UTF8.self))
    case .array(let elements):
      self = HeapValue.container(SENTRY_VALUE_TYPE_LIST)
      for element in elements { _ = sentry_value_append(self, sentry_value_t(element)) }
    case .object(let object): self.init(object)
    }
  }

  internal init(_ object: StructuredObject) {
    self = HeapValue.container(SENTRY_VALUE_TYPE_OBJECT)
    for member in object.members {
      let value = sentry_value_t(member.value)
      var key = member.key
      let isSet = key.withUTF8 { bytes in
        guard let start = bytes.baseAddress, let heap = self.heap else { return false }
        return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) { heap.set($0, bytes.count, value) }
      }
      if !isSet { value.release() }
    }
  }

  /// The engine's copy of a value that is taken over.
  internal consuming func taken() -> StructuredValue {
    let copy = StructuredValue(self)
    release()
    return copy
  }

  /// The engine's copy of an object that is taken over; `nil` for what is none.
  internal consuming func takenObject() -> StructuredObject? {
    let copy = StructuredObject(self)
    release()
    return copy
  }
}
