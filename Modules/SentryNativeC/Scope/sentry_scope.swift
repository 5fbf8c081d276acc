// Provides scopes of the application's own, and what there is once in a scope.
internal import CLinuxShims
public import CSentry
internal import SentryClient
internal import SentryEnvelope
internal import StructuredValue

// ---- Life ------------------------------------------------------------------------------------------------------------

@implementation @c public func sentry_local_scope_new() -> OpaquePointer? { ScopeBox(isForOneCapture: true).given() }
@implementation @c public func sentry_scope_new() -> OpaquePointer? { ScopeBox(isForOneCapture: false).given() }

@implementation @c public func sentry_scope_free(_ scope: OpaquePointer?) {
  if let scope { Unmanaged<ScopeBox>.fromOpaque(UnsafeRawPointer(scope)).release() }
}

@implementation @c public func sentry_scope_clone(_ scope: OpaquePointer?) -> OpaquePointer? {
  guard let original = ScopeBox.borrow(scope) else { return nil }
  let copy = ScopeBox(isForOneCapture: false)
  copy.scope = original.scope
  copy.attachments = original.attachments.map { AttachmentBox($0.attachment) }
  copy.lastEventID = original.lastEventID
  return copy.given()
}

@implementation @c public func sentry_scope_clear(_ scope: OpaquePointer?) {
  guard let box = ScopeBox.borrow(scope) else { return }
  var empty = Scope()
  empty.takeTrace(of: box.scope)
  box.scope = empty
  box.attachments = []
  box.lastEventID = .empty
}

@implementation @c public func sentry_get_last_event_id() -> sentry_uuid_t {
  guard let client = Library.shared.client else { return sentry_uuid_t() }
  return sentry_uuid_t(client.lastEventID)
}

@implementation @c public func sentry_scope_get_last_event_id(_ scope: OpaquePointer?) -> sentry_uuid_t {
  guard let box = ScopeBox.borrow(scope) else { return sentry_uuid_t() }
  return sentry_uuid_t(box.lastEventID)
}

// ---- User ------------------------------------------------------------------------------------------------------------

@implementation @c public func sentry_set_user(_ user: sentry_value_t) {
  let object = user.takenObject()
  WhichScope.global.change { if let object { $0.setUser(object: object) } else { $0.removeUser() } }
}

@implementation @c public func sentry_scope_set_user(_ scope: OpaquePointer?, _ user: sentry_value_t) {
  let object = user.takenObject()
  WhichScope.own(scope).change { $0.setUser(object: object) }
}

@implementation @c public func sentry_remove_user() { WhichScope.global.change { $0.removeUser() } }

// ---- Release, environment, transaction, level ------------------------------------------------------------------------

@implementation @c public func sentry_set_release(_ release: UnsafePointer<CChar>?) {
  sentry_set_release_n(release, length(release))
}

@implementation @c public func sentry_set_release_n(_ release: UnsafePointer<CChar>?, _ release_len: Int) {
  let release = String(c: release, release_len)
  WhichScope.global.change { $0.setRelease(release) }
}

@implementation @c public func sentry_set_environment(_ environment: UnsafePointer<CChar>?) {
  sentry_set_environment_n(environment, length(environment))
}

@implementation @c public func sentry_set_environment_n(_ environment: UnsafePointer<CChar>?, _ environment_len: Int) {
  let environment = String(c: environment, environment_len)
  WhichScope.global.change { $0.setEnvironment(environment) }
}

@implementation @c public func sentry_set_transaction(_ transaction: UnsafePointer<CChar>?) {
  sentry_set_transaction_n(transaction, length(transaction))
}

@implementation @c
public func sentry_set_transaction_n(_ transaction: UnsafePointer<CChar>?, _ transaction_len: Int) {
  let name = String(c: transaction, transaction_len)
  WhichScope.global.change { $0.setTransactionName(name) }
  if let name { Library.shared.transaction?.name = name }
}

extension SentryLevel {
  internal init(_ level: sentry_level_t) {
    self.init(rawValue: levelName(level).withUTF8Buffer { String(decoding: $0, as: UTF8.self) })
  }
}

@implementation @c public func sentry_set_level(_ level: sentry_level_t) {
  WhichScope.global.change { $0.setLevel(SentryLevel(level)) }
}

@implementation @c public func sentry_scope_set_level(_ scope: OpaquePointer?, _ level: sentry_level_t) {
  WhichScope.own(scope).change { $0.setLevel(SentryLevel(level)) }
}

// ---- Fingerprint -----------------------------------------------------------------------------------------------------

private func setFingerprint(_ scope: WhichScope, _ list: consuming sentry_value_t) {
  guard let texts = list.taken().array else { return }
  scope.change { $0.setFingerprint(texts.compactMap { $0.string }) }
}

/// Where the functions with a variable list of arguments end.
@implementation @c public func csentry_set_fingerprint(_ scope: OpaquePointer?, _ list: sentry_value_t) {
  setFingerprint(scope == nil ? .global : .own(scope), list)
}

@implementation @c
public func sentry_scope_set_fingerprints(_ scope: OpaquePointer?, _ fingerprints: sentry_value_t) {
  setFingerprint(.own(scope), fingerprints)
}

@implementation @c public func sentry_remove_fingerprint() { WhichScope.global.change { $0.setFingerprint(nil) } }

@implementation @c public func sentry_scope_remove_fingerprint(_ scope: OpaquePointer?) {
  WhichScope.own(scope).change { $0.setFingerprint(nil) }
}

// ---- Breadcrumbs -----------------------------------------------------------------------------------------------------

@implementation @c public func sentry_add_breadcrumb(_ breadcrumb: sentry_value_t) {
  guard let object = breadcrumb.takenObject() else { return }
  if let client = Library.shared.client { return client.addBreadcrumb(object: object) }
  WhichScope.global.change { $0.addBreadcrumb(object: object) }
}

@implementation @c public func sentry_scope_add_breadcrumb(_ scope: OpaquePointer?, _ breadcrumb: sentry_value_t) {
  guard let object = breadcrumb.takenObject() else { return }
  WhichScope.own(scope).change { $0.addBreadcrumb(object: object) }
}
