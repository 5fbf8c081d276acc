// Provides the functions of transports.
internal import CLinuxShims
internal import CSentry
internal import SentryClient

@implementation @c
public func sentry_transport_new(
  _ send_func: (@convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void)?
) -> OpaquePointer? {
  guard let send_func else { return nil }
  return TransportBox(.function(send_func)).given()
}

@implementation @c
public func sentry_new_function_transport(
  _ function: (@convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void)?,
  _ data: UnsafeMutableRawPointer?
) -> OpaquePointer? {
  guard let function else { return nil }
  let box = TransportBox(.borrowingFunction(function))
  box.state = data
  return box.given()
}

@implementation @c
public func sentry_transport_set_state(_ transport: OpaquePointer?, _ state: UnsafeMutableRawPointer?) {
  TransportBox.borrow(transport)?.state = state
}

@implementation @c
public func sentry_transport_set_free_func(
  _ transport: OpaquePointer?, _ free_func: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) {
  TransportBox.borrow(transport)?.free = free_func
}

@implementation @c
public func sentry_transport_set_startup_func(
  _ transport: OpaquePointer?,
  _ startup_func: (@convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32)?
) {
  TransportBox.borrow(transport)?.startup = startup_func
}

@implementation @c
public func sentry_transport_set_flush_func(
  _ transport: OpaquePointer?, _ flush_func: (@convention(c) (UInt64, UnsafeMutableRawPointer?) -> Int32)?
) {
  TransportBox.borrow(transport)?.flush = flush_func
}

@implementation @c
public func sentry_transport_set_shutdown_func(
  _ transport: OpaquePointer?, _ shutdown_func: (@convention(c) (UInt64, UnsafeMutableRawPointer?) -> Int32)?
) {
  TransportBox.borrow(transport)?.shutdown = shutdown_func
}

@implementation @c public func sentry_transport_retry(_ transport: OpaquePointer?) {
  guard let box = TransportBox.borrow(transport), Library.shared.options?.transport === box, box.sendsRequests,
    let client = Library.shared.client
  else { return }
  client.retry()
}

@implementation @c public func sentry_transport_free(_ transport: OpaquePointer?) {
  if let transport { Unmanaged<TransportBox>.fromOpaque(UnsafeRawPointer(transport)).release() }
}
