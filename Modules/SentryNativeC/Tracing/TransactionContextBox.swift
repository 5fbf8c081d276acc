// Provides what `sentry_transaction_context_t` points to, and its functions.
internal import CLinuxShims
internal import CSentry
internal import SentryClient
internal import StructuredValue

/// A transaction that has not begun, with the texts that were lent from it.
internal final class TransactionContextBox: @unchecked Sendable {
  // @unchecked: one thread uses it at a time.
  var context: TransactionContext
  private var name: CText?
  private var operation: CText?

  init(_ context: TransactionContext) { self.context = context }

  /// As a sampler sees it.
  convenience init(sampling context: SamplingContext) {
    self.init(
      TransactionContext(
        name: (context.transaction["name"] ?? context.transaction["transaction"])?.string ?? "",
        operation: context.transaction["op"]?.string ?? ""))
  }

  var lent: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

  static func borrow(_ pointer: OpaquePointer?) -> TransactionContextBox? {
    pointer.map { Unmanaged<TransactionContextBox>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  static func take(_ pointer: OpaquePointer?) -> TransactionContextBox? {
    pointer.map { Unmanaged<TransactionContextBox>.fromOpaque(UnsafeRawPointer($0)).takeRetainedValue() }
  }

  var lentName: UnsafePointer<CChar>? {
    name = CText.copy(context.name)
    return name?.borrowed
  }

  var lentOperation: UnsafePointer<CChar>? {
    operation = CText.copy(context.operation)
    return operation?.borrowed
  }
}

@implementation @c
public func sentry_transaction_context_new(
  _ name: UnsafePointer<CChar>?, _ operation: UnsafePointer<CChar>?
) -> OpaquePointer? {
  sentry_transaction_context_new_n(name, length(name), operation, length(operation))
}

@implementation @c
public func sentry_transaction_context_new_n(
  _ name: UnsafePointer<CChar>?, _ name_len: Int, _ operation: UnsafePointer<CChar>?, _ operation_len: Int
) -> OpaquePointer? {
  let context = TransactionContext(
    name: String(c: name, name_len) ?? "", operation: String(c: operation, operation_len) ?? "")
  return OpaquePointer(Unmanaged.passRetained(TransactionContextBox(context)).toOpaque())
}

@implementation @c
public func sentry_transaction_context_set_name(_ tx_ctx: OpaquePointer?, _ name: UnsafePointer<CChar>?) {
  sentry_transaction_context_set_name_n(tx_ctx, name, length(name))
}

@implementation @c
public func sentry_transaction_context_set_name_n(
  _ tx_ctx: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ name_len: Int
) {
  TransactionContextBox.borrow(tx_ctx)?.context.name = String(c: name, name_len) ?? ""
}

@implementation @c
public func sentry_transaction_context_get_name(_ tx_ctx: OpaquePointer?) -> UnsafePointer<CChar>? {
  TransactionContextBox.borrow(tx_ctx)?.lentName
}

@implementation @c
public func sentry_transaction_context_set_operation(_ tx_ctx: OpaquePointer?, _ operation: UnsafePointer<CChar>?) {
  sentry_transaction_context_set_operation_n(tx_ctx, operation, length(operation))
}

@implementation @c
public func sentry_transaction_context_set_operation_n(
  _ tx_ctx: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ operation_len: Int
) {
  TransactionContextBox.borrow(tx_ctx)?.context.operation = String(c: operation, operation_len) ?? ""
}

@implementation @c
public func sentry_transaction_context_get_operation(_ tx_ctx: OpaquePointer?) -> UnsafePointer<CChar>? {
  TransactionContextBox.borrow(tx_ctx)?.lentOperation
}

@implementation @c
public func sentry_transaction_context_set_sampled(_ tx_ctx: OpaquePointer?, _ sampled: Int32) {
  TransactionContextBox.borrow(tx_ctx)?.context.parentSampled = sampled != 0
}

@implementation @c public func sentry_transaction_context_remove_sampled(_ tx_ctx: OpaquePointer?) {
  TransactionContextBox.borrow(tx_ctx)?.context.parentSampled = nil
}

@implementation @c
public func sentry_transaction_context_update_from_header(
  _ tx_ctx: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) {
  sentry_transaction_context_update_from_header_n(tx_ctx, key, length(key), value, length(value))
}

@implementation @c
public func sentry_transaction_context_update_from_header_n(
  _ tx_ctx: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int, _ value: UnsafePointer<CChar>?,
  _ value_len: Int
) {
  guard let name = String(c: key, key_len), let value = String(c: value, value_len) else { return }
  TransactionContextBox.borrow(tx_ctx)?.context.update(header: name, value: value)
}
