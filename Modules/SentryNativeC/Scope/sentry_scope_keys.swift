// Provides the functions that set what a scope says, by key.
internal import CLinuxShims
public import CSentry
internal import SentryClient
internal import StructuredValue

/// The scope that a function changes.
internal enum WhichScope {
  case global
  /// One of the application's own; NULL is none.
  case own(OpaquePointer?)

  @inline(__always) internal func change(_ body: (inout Scope) -> Void) {
    switch self {
    case .global: Library.shared.changeScope(body)
    case .own(let pointer): if let box = ScopeBox.borrow(pointer) { body(&box.scope) }
    }
  }
}

// ---- Tags ------------------------------------------------------------------------------------------------------------

@inline(__always)
private func setTag(
  _ scope: WhichScope, _ key: UnsafePointer<CChar>?, _ keyLength: Int, _ value: UnsafePointer<CChar>?,
  _ valueLength: Int
) {
  guard let key = String(c: key, keyLength), let value = String(c: value, valueLength) else { return }
  if case .global = scope { return Library.shared.setTag(value: value, key: key) }
  scope.change { $0.setTag(value: value, key: key) }
}

@implementation @c public func sentry_set_tag(_ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?) {
  setTag(.global, key, length(key), value, length(value))
}

@implementation @c
public func sentry_set_tag_n(
  _ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: UnsafePointer<CChar>?, _ value_len: Int
) {
  setTag(.global, key, key_len, value, value_len)
}

@implementation @c
public func sentry_scope_set_tag(
  _ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) {
  setTag(.own(scope), key, length(key), value, length(value))
}

@implementation @c
public func sentry_scope_set_tag_n(
  _ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: UnsafePointer<CChar>?,
  _ value_len: Int
) {
  setTag(.own(scope), key, key_len, value, value_len)
}

@implementation @c public func sentry_remove_tag(_ key: UnsafePointer<CChar>?) {
  sentry_remove_tag_n(key, length(key))
}

@implementation @c public func sentry_remove_tag_n(_ key: UnsafePointer<CChar>?, _ key_len: Int) {
  guard let key = String(c: key, key_len) else { return }
  WhichScope.global.change { $0.removeTag(key: key) }
}

/// Takes over an object; its members that are no texts are left out.
private func setTags(_ scope: WhichScope, _ tags: consuming sentry_value_t) {
  guard let object = tags.takenObject(), !object.isEmpty else { return }
  scope.change { scope in
    for member in object.members {
      if let text = member.value.string { scope.setTag(value: text, key: member.key) }
    }
  }
}

@implementation @c public func sentry_set_tags(_ tags: sentry_value_t) { setTags(.global, tags) }

@implementation @c public func sentry_scope_set_tags(_ scope: OpaquePointer?, _ tags: sentry_value_t) {
  setTags(.own(scope), tags)
}

// ---- Extra -----------------------------------------------------------------------------------------------------------

private func setExtra(
  _ scope: WhichScope, _ key: UnsafePointer<CChar>?, _ keyLength: Int, _ value: consuming sentry_value_t
) {
  let value = value.taken()
  guard let key = String(c: key, keyLength) else { return }
  scope.change { $0.setExtra(value: value, key: key) }
}

@implementation @c public func sentry_set_extra(_ key: UnsafePointer<CChar>?, _ value: sentry_value_t) {
  setExtra(.global, key, length(key), value)
}

@implementation @c
public func sentry_set_extra_n(_ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: sentry_value_t) {
  setExtra(.global, key, key_len, value)
}

@implementation @c
public func sentry_scope_set_extra(_ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: sentry_value_t) {
  setExtra(.own(scope), key, length(key), value)
}

@implementation @c
public func sentry_scope_set_extra_n(
  _ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: sentry_value_t
) {
  setExtra(.own(scope), key, key_len, value)
}

@implementation @c public func sentry_remove_extra(_ key: UnsafePointer<CChar>?) {
  sentry_remove_extra_n(key, length(key))
}

@implementation @c public func sentry_remove_extra_n(_ key: UnsafePointer<CChar>?, _ key_len: Int) {
  guard let key = String(c: key, key_len) else { return }
  WhichScope.global.change { $0.removeExtra(key: key) }
}

// ---- Attributes ------------------------------------------------------------------------------------------------------

/// Only what has a type and a value is an attribute.
private func setAttribute(
  _ scope: WhichScope, _ key: UnsafePointer<CChar>?, _ keyLength: Int, _ value: consuming sentry_value_t
) {
  guard let attribute = value.takenObject(), attribute["type"] != nil, attribute["value"] != nil,
    let key = String(c: key, keyLength)
  else { return }
  scope.change { $0.setAttribute(object: .object(attribute), key: key) }
}

@implementation @c public func sentry_set_attribute(_ key: UnsafePointer<CChar>?, _ value: sentry_value_t) {
  setAttribute(.global, key, length(key), value)
}

@implementation @c
public func sentry_set_attribute_n(_ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: sentry_value_t) {
  setAttribute(.global, key, key_len, value)
}

@implementation @c
public func sentry_scope_set_attribute(_ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: sentry_value_t) {
  setAttribute(.own(scope), key, length(key), value)
}

@implementation @c
public func sentry_scope_set_attribute_n(
  _ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: sentry_value_t
) {
  setAttribute(.own(scope), key, key_len, value)
}

@implementation @c public func sentry_remove_attribute(_ key: UnsafePointer<CChar>?) {
  sentry_remove_attribute_n(key, length(key))
}

@implementation @c public func sentry_remove_attribute_n(_ key: UnsafePointer<CChar>?, _ key_len: Int) {
  guard let key = String(c: key, key_len) else { return }
  WhichScope.global.change { $0.removeAttribute(key: key) }
}

@implementation @c public func sentry_scope_remove_attribute(_ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?) {
  sentry_scope_remove_attribute_n(scope, key, length(key))
}

@implementation @c
public func sentry_scope_remove_attribute_n(_ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int) {
  guard let key = String(c: key, key_len) else { return }
  WhichScope.own(scope).change { $0.removeAttribute(key: key) }
}
