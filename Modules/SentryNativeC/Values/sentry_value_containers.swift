// Provides the functions of lists and objects.
internal import CLinuxShims
public import CSentry

/// The end of every function that takes a value over: what was not kept is given back.
private func finish(_ isDone: Bool, _ value: sentry_value_t) -> Int32 {
  if isDone { return 0 }
  value.release()
  return 1
}

@implementation @c
public func sentry_value_set_by_key(
  _ value: sentry_value_t, _ k: UnsafePointer<CChar>?, _ v: sentry_value_t
) -> Int32 {
  sentry_value_set_by_key_n(value, k, k.map { strlen($0) } ?? 0, v)
}

@implementation @c
public func sentry_value_set_by_key_n(
  _ value: sentry_value_t, _ k: UnsafePointer<CChar>?, _ k_len: Int, _ v: sentry_value_t
) -> Int32 {
  guard let k, let object = value.heap(SENTRY_VALUE_TYPE_OBJECT), !object.isFrozen else { return finish(false, v) }
  return finish(object.set(k, k_len, v), v)
}

@implementation @c
public func sentry_value_remove_by_key(_ value: sentry_value_t, _ k: UnsafePointer<CChar>?) -> Int32 {
  sentry_value_remove_by_key_n(value, k, k.map { strlen($0) } ?? 0)
}

@implementation @c
public func sentry_value_remove_by_key_n(
  _ value: sentry_value_t, _ k: UnsafePointer<CChar>?, _ k_len: Int
) -> Int32 {
  guard let k, let object = value.heap(SENTRY_VALUE_TYPE_OBJECT), !object.isFrozen else { return 1 }
  return object.remove(k, k_len) ? 0 : 1
}

@implementation @c public func sentry_value_append(_ value: sentry_value_t, _ v: sentry_value_t) -> Int32 {
  guard let list = value.heap(SENTRY_VALUE_TYPE_LIST), !list.isFrozen else { return finish(false, v) }
  return finish(list.append(v), v)
}

@implementation @c
public func sentry_value_set_by_index(_ value: sentry_value_t, _ index: Int, _ v: sentry_value_t) -> Int32 {
  guard let list = value.heap(SENTRY_VALUE_TYPE_LIST), !list.isFrozen else { return finish(false, v) }
  return finish(list.set(at: index, v), v)
}

@implementation @c public func sentry_value_remove_by_index(_ value: sentry_value_t, _ index: Int) -> Int32 {
  guard let list = value.heap(SENTRY_VALUE_TYPE_LIST), !list.isFrozen else { return 1 }
  list.remove(at: index)
  return 0
}

@implementation @c
public func sentry_value_get_by_key(_ value: sentry_value_t, _ k: UnsafePointer<CChar>?) -> sentry_value_t {
  guard let k else { return .null }
  return value.heap(SENTRY_VALUE_TYPE_OBJECT)?.member(k, strlen(k)) ?? .null
}

@implementation @c
public func sentry_value_get_by_key_n(
  _ value: sentry_value_t, _ k: UnsafePointer<CChar>?, _ k_len: Int
) -> sentry_value_t {
  guard let k else { return .null }
  return value.heap(SENTRY_VALUE_TYPE_OBJECT)?.member(k, k_len) ?? .null
}

@implementation @c
public func sentry_value_get_by_key_owned(_ value: sentry_value_t, _ k: UnsafePointer<CChar>?) -> sentry_value_t {
  sentry_value_incref(sentry_value_get_by_key(value, k))
}

@implementation @c
public func sentry_value_get_by_key_owned_n(
  _ value: sentry_value_t, _ k: UnsafePointer<CChar>?, _ k_len: Int
) -> sentry_value_t {
  sentry_value_incref(sentry_value_get_by_key_n(value, k, k_len))
}

@implementation @c public func sentry_value_get_by_index(_ value: sentry_value_t, _ index: Int) -> sentry_value_t {
  guard let list = value.heap(SENTRY_VALUE_TYPE_LIST), let elements = list.elements, index >= 0, index < list.count
  else { return .null }
  return elements[index]
}

@implementation @c
public func sentry_value_get_by_index_owned(_ value: sentry_value_t, _ index: Int) -> sentry_value_t {
  sentry_value_incref(sentry_value_get_by_index(value, index))
}
