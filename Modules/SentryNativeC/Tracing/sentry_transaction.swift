// Provides transactions and spans.
internal import CLinuxShims
public import CSentry
internal import LinuxSystem
internal import SentryClient
internal import StructuredValue

// What the pointers point to are the engine's own objects; each pointer that was given out is one reference.

/// Lends a span or a transaction.
private func span(_ pointer: OpaquePointer?) -> Span? {
  pointer.map { Unmanaged<Span>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
}

private func transaction(_ pointer: OpaquePointer?) -> Transaction? {
  pointer.map { Unmanaged<Transaction>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
}

private func given(_ span: Span?) -> OpaquePointer? {
  span.map { OpaquePointer(Unmanaged<Span>.passRetained($0).toOpaque()) }
}

private func time(_ microseconds: UInt64) -> Timestamp { Timestamp(microseconds: microseconds) }

// ---- Transactions ----------------------------------------------------------------------------------------------------

private func start(
  _ context: OpaquePointer?, _ custom: consuming sentry_value_t, _ time: Timestamp?
) -> OpaquePointer? {
  let custom = custom.takenObject() ?? StructuredObject()
  guard let context = TransactionContextBox.take(context)?.context else { return nil }
  let transaction: Transaction
  if let client = Library.shared.client {
    transaction = client.startTransaction(context, custom: custom, start: time)
  } else {
    transaction = .unrecorded(context, start: time)
  }
  return OpaquePointer(Unmanaged<Transaction>.passRetained(transaction).toOpaque())
}

@implementation @c
public func sentry_transaction_start(
  _ tx_ctx: OpaquePointer?, _ custom_sampling_ctx: sentry_value_t
) -> OpaquePointer? {
  start(tx_ctx, custom_sampling_ctx, nil)
}

@implementation @c
public func sentry_transaction_start_ts(
  _ tx_ctx: OpaquePointer?, _ custom_sampling_ctx: sentry_value_t, _ timestamp: UInt64
) -> OpaquePointer? {
  start(tx_ctx, custom_sampling_ctx, time(timestamp))
}

private func finish(_ pointer: OpaquePointer?, _ end: Timestamp?) -> sentry_uuid_t {
  guard let pointer else { return sentry_uuid_t() }
  let transaction = Unmanaged<Transaction>.fromOpaque(UnsafeRawPointer(pointer)).takeRetainedValue()
  let id = transaction.finishAndCapture(end: end)
  Library.shared.unbind(transaction)
  return sentry_uuid_t(id)
}

@implementation @c public func sentry_transaction_finish(_ tx: OpaquePointer?) -> sentry_uuid_t { finish(tx, nil) }

@implementation @c
public func sentry_transaction_finish_ts(_ tx: OpaquePointer?, _ timestamp: UInt64) -> sentry_uuid_t {
  finish(tx, time(timestamp))
}

@implementation @c public func sentry_transaction_discard(_ tx: OpaquePointer?) {
  guard let tx else { return }
  let transaction = Unmanaged<Transaction>.fromOpaque(UnsafeRawPointer(tx)).takeRetainedValue()
  transaction.discard()
  Library.shared.unbind(transaction)
}

@implementation @c public func sentry_set_transaction_object(_ tx: OpaquePointer?) {
  let transaction = transaction(tx)
  Library.shared.bind(transaction, transaction)
}

@implementation @c
public func sentry_scope_set_transaction_object(_ scope: OpaquePointer?, _ tx: OpaquePointer?) {
  ScopeBox.borrow(scope)?.scope.span = transaction(tx)
}

@implementation @c public func sentry_set_span(_ span_pointer: OpaquePointer?) {
  let span = span(span_pointer)
  Library.shared.bind(span, nil)
}

@implementation @c public func sentry_scope_set_span(_ scope: OpaquePointer?, _ span_pointer: OpaquePointer?) {
  ScopeBox.borrow(scope)?.scope.span = span(span_pointer)
}

@implementation @c
public func sentry_transaction_set_name(_ tx: OpaquePointer?, _ name: UnsafePointer<CChar>?) {
  sentry_transaction_set_name_n(tx, name, length(name))
}

@implementation @c
public func sentry_transaction_set_name_n(_ tx: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ name_len: Int) {
  if let name = String(c: name, name_len) { transaction(tx)?.name = name }
}

// ---- Children --------------------------------------------------------------------------------------------------------

private func child(
  _ parent: Span?, _ operation: UnsafePointer<CChar>?, _ operationLength: Int,
  _ description: UnsafePointer<CChar>?, _ descriptionLength: Int, _ start: Timestamp?
) -> OpaquePointer? {
  given(
    parent?.makeChild(
      operation: String(c: operation, operationLength) ?? "",
      description: String(c: description, descriptionLength), start: start))
}

@implementation @c
public func sentry_transaction_start_child(
  _ parent: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ description: UnsafePointer<CChar>?
) -> OpaquePointer? {
  child(transaction(parent), operation, length(operation), description, length(description), nil)
}

@implementation @c
public func sentry_transaction_start_child_n(
  _ parent: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ operation_len: Int,
  _ description: UnsafePointer<CChar>?, _ description_len: Int
) -> OpaquePointer? {
  child(transaction(parent), operation, operation_len, description, description_len, nil)
}

@implementation @c
public func sentry_transaction_start_child_ts(
  _ parent: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ description: UnsafePointer<CChar>?,
  _ timestamp: UInt64
) -> OpaquePointer? {
  child(transaction(parent), operation, length(operation), description, length(description), time(timestamp))
}

@implementation @c
public func sentry_transaction_start_child_ts_n(
  _ parent: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ operation_len: Int,
  _ description: UnsafePointer<CChar>?, _ description_len: Int, _ timestamp: UInt64
) -> OpaquePointer? {
  child(transaction(parent), operation, operation_len, description, description_len, time(timestamp))
}

@implementation @c
public func sentry_span_start_child(
  _ parent: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ description: UnsafePointer<CChar>?
) -> OpaquePointer? {
  child(span(parent), operation, length(operation), description, length(description), nil)
}

@implementation @c
public func sentry_span_start_child_n(
  _ parent: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ operation_len: Int,
  _ description: UnsafePointer<CChar>?, _ description_len: Int
) -> OpaquePointer? {
  child(span(parent), operation, operation_len, description, description_len, nil)
}

@implementation @c
public func sentry_span_start_child_ts(
  _ parent: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ description: UnsafePointer<CChar>?,
  _ timestamp: UInt64
) -> OpaquePointer? {
  child(span(parent), operation, length(operation), description, length(description), time(timestamp))
}

@implementation @c
public func sentry_span_start_child_ts_n(
  _ parent: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ operation_len: Int,
  _ description: UnsafePointer<CChar>?, _ description_len: Int, _ timestamp: UInt64
) -> OpaquePointer? {
  child(span(parent), operation, operation_len, description, description_len, time(timestamp))
}

// ---- Ends of spans ---------------------------------------------------------------------------------------------------

private func taken(_ pointer: OpaquePointer?) -> Span? {
  pointer.map { Unmanaged<Span>.fromOpaque(UnsafeRawPointer($0)).takeRetainedValue() }
}

@implementation @c public func sentry_span_finish(_ span: OpaquePointer?) { taken(span)?.finish() }

@implementation @c public func sentry_span_finish_ts(_ span: OpaquePointer?, _ timestamp: UInt64) {
  taken(span)?.finish(end: time(timestamp))
}

@implementation @c public func sentry_span_discard(_ span: OpaquePointer?) { taken(span)?.discard() }
