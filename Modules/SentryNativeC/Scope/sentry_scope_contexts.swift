// Provides the functions that set contexts of a scope.
internal import CLinuxShims
public import CSentry
internal import SentryClient
internal import StructuredValue

private func setContext(
  _ scope: WhichScope, _ key: UnsafePointer<CChar>?, _ keyLength: Int, _ value: consuming sentry_value_t
) {
  guard let object = value.takenObject(), let key = String(c: key, keyLength) else { return }
  scope.change { $0.setContext(value: object, key: key) }
}

@implementation @c public func sentry_set_context(_ key: UnsafePointer<CChar>?, _ value: sentry_value_t) {
  setContext(.global, key, length(key), value)
}

@implementation @c
public func sentry_set_context_n(_ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: sentry_value_t) {
  setContext(.global, key, key_len, value)
}

@implementation @c
public func sentry_scope_set_context(_ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: sentry_value_t) {
  setContext(.own(scope), key, length(key), value)
}

@implementation @c
public func sentry_scope_set_context_n(
  _ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: sentry_value_t
) {
  setContext(.own(scope), key, key_len, value)
}

private func updateContext(
  _ scope: WhichScope, _ key: UnsafePointer<CChar>?, _ keyLength: Int, _ value: consuming sentry_value_t
) {
  guard let object = value.takenObject(), let key = String(c: key, keyLength) else { return }
  scope.change { scope in
    var context = scope.contexts[key]?.object ?? StructuredObject()
    context.merge(object)
    scope.setContext(value: context, key: key)
  }
}

extension StructuredObject {
  /// Takes over the members of `other`; objects on both sides are merged.
  fileprivate mutating func merge(_ other: StructuredObject) {
    for member in other.members {
      if var own = self[member.key]?.object, let new = member.value.object {
        own.merge(new)
        self[member.key] = .object(own)
      } else {
        self[member.key] = member.value
      }
    }
  }
}

@implementation @c public func sentry_update_context(_ key: UnsafePointer<CChar>?, _ value: sentry_value_t) {
  updateContext(.global, key, length(key), value)
}

@implementation @c
public func sentry_update_context_n(_ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: sentry_value_t) {
  updateContext(.global, key, key_len, value)
}

@implementation @c
public func sentry_scope_update_context(
  _ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: sentry_value_t
) {
  updateContext(.own(scope), key, length(key), value)
}

@implementation @c
public func sentry_scope_update_context_n(
  _ scope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: sentry_value_t
) {
  updateContext(.own(scope), key, key_len, value)
}

@implementation @c public func sentry_remove_context(_ key: UnsafePointer<CChar>?) {
  sentry_remove_context_n(key, length(key))
}

@implementation @c public func sentry_remove_context_n(_ key: UnsafePointer<CChar>?, _ key_len: Int) {
  guard let key = String(c: key, key_len) else { return }
  WhichScope.global.change { $0.removeContext(key: key) }
}
