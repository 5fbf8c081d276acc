// Provides what is said of transactions and spans, and to others about them.
internal import CLinuxShims
public import CSentry
internal import SentryClient
internal import StructuredValue

/// Lends a span or a transaction, which is one.
private func lent(_ pointer: OpaquePointer?) -> Span? {
  pointer.map { Unmanaged<Span>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
}

private func setTag(
  _ span: Span?, _ key: UnsafePointer<CChar>?, _ keyLength: Int, _ value: UnsafePointer<CChar>?, _ valueLength: Int
) {
  guard let span, let key = String(c: key, keyLength), let value = String(c: value, valueLength) else { return }
  span.setTag(value: value, key: key)
}

private func setData(
  _ span: Span?, _ key: UnsafePointer<CChar>?, _ keyLength: Int, _ value: consuming sentry_value_t
) {
  let value = value.taken()
  guard let span, let key = String(c: key, keyLength) else { return }
  span.setData(value: value, key: key)
}

// ---- Of a transaction ----------------------------------------------------------------------------------------------

@implementation @c
public func sentry_transaction_set_tag(
  _ transaction: OpaquePointer?, _ tag: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) {
  setTag(lent(transaction), tag, length(tag), value, length(value))
}

@implementation @c
public func sentry_transaction_set_tag_n(
  _ transaction: OpaquePointer?, _ tag: UnsafePointer<CChar>?, _ tag_len: Int, _ value: UnsafePointer<CChar>?,
  _ value_len: Int
) {
  setTag(lent(transaction), tag, tag_len, value, value_len)
}

@implementation @c public func sentry_transaction_remove_tag(
  _ transaction: OpaquePointer?, _ tag: UnsafePointer<CChar>?
) {
  sentry_transaction_remove_tag_n(transaction, tag, length(tag))
}

@implementation @c
public func sentry_transaction_remove_tag_n(_ transaction: OpaquePointer?, _ tag: UnsafePointer<CChar>?, _ tag_len: Int)
{
  if let key = String(c: tag, tag_len) { lent(transaction)?.removeTag(key: key) }
}

@implementation @c
public func sentry_transaction_set_data(
  _ transaction: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: sentry_value_t
) {
  setData(lent(transaction), key, length(key), value)
}

@implementation @c
public func sentry_transaction_set_data_n(
  _ transaction: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: sentry_value_t
) {
  setData(lent(transaction), key, key_len, value)
}

@implementation @c public func sentry_transaction_remove_data(
  _ transaction: OpaquePointer?, _ key: UnsafePointer<CChar>?
) {
  sentry_transaction_remove_data_n(transaction, key, length(key))
}

@implementation @c
public func sentry_transaction_remove_data_n(
  _ transaction: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int
) {
  if let key = String(c: key, key_len) { lent(transaction)?.removeData(key: key) }
}

@implementation @c
public func sentry_transaction_set_status(_ transaction: OpaquePointer?, _ status: sentry_span_status_t) {
  lent(transaction)?.status = spanStatus(status)
}

@implementation @c
public func sentry_transaction_iter_headers(
  _ transaction: OpaquePointer?, _ callback: sentry_iter_headers_function_t?, _ userdata: UnsafeMutableRawPointer?
) {
  tellHeaders(lent(transaction), callback, userdata)
}

// ---- Of a span -----------------------------------------------------------------------------------------------------

@implementation @c
public func sentry_span_set_tag(_ span: OpaquePointer?, _ tag: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?) {
  setTag(lent(span), tag, length(tag), value, length(value))
}

@implementation @c
public func sentry_span_set_tag_n(
  _ span: OpaquePointer?, _ tag: UnsafePointer<CChar>?, _ tag_len: Int, _ value: UnsafePointer<CChar>?, _ value_len: Int
) {
  setTag(lent(span), tag, tag_len, value, value_len)
}

@implementation @c public func sentry_span_remove_tag(_ span: OpaquePointer?, _ tag: UnsafePointer<CChar>?) {
  sentry_span_remove_tag_n(span, tag, length(tag))
}

@implementation @c
public func sentry_span_remove_tag_n(_ span: OpaquePointer?, _ tag: UnsafePointer<CChar>?, _ tag_len: Int) {
  if let key = String(c: tag, tag_len) { lent(span)?.removeTag(key: key) }
}

@implementation @c
public func sentry_span_set_data(_ span: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: sentry_value_t) {
  setData(lent(span), key, length(key), value)
}

@implementation @c
public func sentry_span_set_data_n(
  _ span: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: sentry_value_t
) {
  setData(lent(span), key, key_len, value)
}

@implementation @c public func sentry_span_remove_data(_ span: OpaquePointer?, _ key: UnsafePointer<CChar>?) {
  sentry_span_remove_data_n(span, key, length(key))
}

@implementation @c
public func sentry_span_remove_data_n(_ span: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int) {
  if let key = String(c: key, key_len) { lent(span)?.removeData(key: key) }
}

@implementation @c
public func sentry_span_set_status(_ span: OpaquePointer?, _ status: sentry_span_status_t) {
  lent(span)?.status = spanStatus(status)
}

@implementation @c
public func sentry_span_iter_headers(
  _ span: OpaquePointer?, _ callback: sentry_iter_headers_function_t?, _ userdata: UnsafeMutableRawPointer?
) {
  tellHeaders(lent(span), callback, userdata)
}

// ---- Parts -----------------------------------------------------------------------------------------------------------

/// `nil` for a number that stands for nothing.
private func spanStatus(_ status: sentry_span_status_t) -> SpanStatus? {
  guard let number = Int(exactly: status.rawValue), SpanStatus.numbered.indices.contains(number) else { return nil }
  return SpanStatus.numbered[number]
}

private func tellHeaders(
  _ span: Span?, _ callback: sentry_iter_headers_function_t?, _ data: UnsafeMutableRawPointer?
) {
  guard let span, let callback else { return }
  for header in span.outgoingHeaders {
    guard let name = CText.copy(header.name), let value = CText.copy(header.value) else { continue }
    callback(name.borrowed, value.borrowed, data)
    withExtendedLifetime((name, value)) {}
  }
}
