// Provides the functions of values: making them, counting references, asking what they are.
internal import CLinuxShims
public import CSentry

@implementation @c public func sentry_value_incref(_ value: sentry_value_t) -> sentry_value_t {
  value.retain()
  return value
}

@implementation @c public func sentry_value_decref(_ value: sentry_value_t) -> Int32 { value.release() ? 0 : 1 }

@implementation @c public func sentry_value_refcount(_ value: sentry_value_t) -> Int {
  guard let heap = value.heap else { return 1 }
  return Int(csentry_load(&heap.pointee.references))
}

@implementation @c public func sentry_value_freeze(_ value: sentry_value_t) { value.heap?.freeze() }

@implementation @c public func sentry_value_is_frozen(_ value: sentry_value_t) -> Int32 {
  guard let heap = value.heap else { return 1 }
  return heap.isFrozen ? 1 : 0
}

@implementation @c public func sentry_value_new_null() -> sentry_value_t { .null }
@implementation @c public func sentry_value_new_int32(_ value: Int32) -> sentry_value_t { sentry_value_t(int32: value) }

@implementation @c public func sentry_value_new_int64(_ value: Int64) -> sentry_value_t {
  HeapValue.scalar(SENTRY_VALUE_TYPE_INT64, UInt64(bitPattern: value))
}

@implementation @c public func sentry_value_new_uint64(_ value: UInt64) -> sentry_value_t {
  HeapValue.scalar(SENTRY_VALUE_TYPE_UINT64, value)
}

@implementation @c public func sentry_value_new_double(_ value: Double) -> sentry_value_t {
  HeapValue.scalar(SENTRY_VALUE_TYPE_DOUBLE, value.bitPattern)
}

@implementation @c public func sentry_value_new_bool(_ value: Int32) -> sentry_value_t { value != 0 ? .true : .false }

@implementation @c public func sentry_value_new_string(_ value: UnsafePointer<CChar>?) -> sentry_value_t {
  guard let value else { return .null }
  return HeapValue.text(value, strlen(value))
}

@implementation @c
public func sentry_value_new_string_n(_ value: UnsafePointer<CChar>?, _ value_len: Int) -> sentry_value_t {
  guard let value else { return .null }
  return HeapValue.text(value, value_len)
}

@implementation @c public func sentry_value_new_list() -> sentry_value_t {
  HeapValue.container(SENTRY_VALUE_TYPE_LIST)
}

@implementation @c public func sentry_value_new_object() -> sentry_value_t {
  HeapValue.container(SENTRY_VALUE_TYPE_OBJECT)
}

@implementation @c public func sentry_value_get_type(_ value: sentry_value_t) -> sentry_value_type_t { value.type }

@implementation @c public func sentry_value_get_length(_ value: sentry_value_t) -> Int {
  guard let heap = value.heap, heap.isContainer || UInt32(heap.pointee.type) == SENTRY_VALUE_TYPE_STRING.rawValue
  else { return 0 }
  return heap.count
}

@implementation @c public func sentry_value_as_int32(_ value: sentry_value_t) -> Int32 { value.int32 ?? 0 }

@implementation @c public func sentry_value_as_int64(_ value: sentry_value_t) -> Int64 {
  if let small = value.int32 { return Int64(small) }
  return value.heap(SENTRY_VALUE_TYPE_INT64).map { Int64(bitPattern: $0.pointee.content) } ?? 0
}

@implementation @c public func sentry_value_as_uint64(_ value: sentry_value_t) -> UInt64 {
  value.heap(SENTRY_VALUE_TYPE_UINT64)?.pointee.content ?? 0
}

@implementation @c public func sentry_value_as_double(_ value: sentry_value_t) -> Double {
  if let small = value.int32 { return Double(small) }
  return value.heap(SENTRY_VALUE_TYPE_DOUBLE)?.double ?? .nan
}

@implementation @c public func sentry_value_as_string(_ value: sentry_value_t) -> UnsafePointer<CChar>? {
  guard let heap = value.heap(SENTRY_VALUE_TYPE_STRING) else { return csentry_empty_text() }
  return UnsafePointer(heap.characters)
}

@implementation @c public func sentry_value_is_true(_ value: sentry_value_t) -> Int32 {
  if let small = value.int32 { return small != 0 ? 1 : 0 }
  guard let heap = value.heap else { return value.bits == 0x6 ? 1 : 0 }
  if UInt32(heap.pointee.type) == SENTRY_VALUE_TYPE_DOUBLE.rawValue { return heap.double != 0 ? 1 : 0 }
  return heap.pointee.content != 0 ? 1 : 0
}

@implementation @c public func sentry_value_is_null(_ value: sentry_value_t) -> Int32 { value.isNull ? 1 : 0 }
