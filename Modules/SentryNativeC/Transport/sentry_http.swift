// Provides the functions of HTTP clients of the application.
internal import CLinuxShims
internal import Uploader
public import CSentry

@implementation @c
public func sentry_http_transport_new(
  _ factory: sentry_http_client_factory_func_t?, _ factory_data: UnsafeMutableRawPointer?,
  _ send_func: sentry_http_client_send_func_t?,
  _ client_free_func: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) -> OpaquePointer? {
  guard let factory, let send_func, let client = factory(factory_data) else { return nil }
  return TransportBox(.http(HTTPClientBox(client, send: send_func, free: client_free_func))).given()
}

private func client(_ transport: OpaquePointer?) -> HTTPClientBox? {
  if case .http(let client)? = TransportBox.borrow(transport)?.kind { client } else { nil }
}

@implementation @c
public func sentry_http_transport_set_client_start_func(
  _ transport: OpaquePointer?,
  _ start_func: (@convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Int32)?
) {
  client(transport)?.startFunction = start_func
}

@implementation @c
public func sentry_http_transport_set_client_shutdown_func(
  _ transport: OpaquePointer?, _ shutdown_func: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) {
  client(transport)?.shutdownFunction = shutdown_func
}

@implementation @c public func sentry_http_request_get_method(_ req: OpaquePointer?) -> UnsafePointer<CChar>? {
  HTTPRequestBox.borrow(req)?.method?.borrowed
}

@implementation @c public func sentry_http_request_get_url(_ req: OpaquePointer?) -> UnsafePointer<CChar>? {
  HTTPRequestBox.borrow(req)?.url?.borrowed
}

@implementation @c public func sentry_http_request_get_header_count(_ req: OpaquePointer?) -> Int {
  HTTPRequestBox.borrow(req)?.headers.count ?? 0
}

@implementation @c
public func sentry_http_request_get_header(
  _ req: OpaquePointer?, _ index: Int, _ key_out: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
  _ value_out: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> Int32 {
  guard let headers = HTTPRequestBox.borrow(req)?.headers, headers.indices.contains(index) else { return 0 }
  key_out?.pointee = headers[index].name.borrowed
  value_out?.pointee = headers[index].value.borrowed
  return 1
}

@implementation @c
public func sentry_http_request_get_body(
  _ req: OpaquePointer?, _ len_out: UnsafeMutablePointer<Int>?
) -> UnsafePointer<CChar>? {
  let body = HTTPRequestBox.borrow(req)?.body
  len_out?.pointee = body?.count ?? 0
  return body?.borrowed
}

@implementation @c
public func sentry_http_request_get_body_file_path(
  _ req: OpaquePointer?, _ len_out: UnsafeMutablePointer<Int>?
) -> UnsafePointer<CChar>? {
  let file = HTTPRequestBox.borrow(req)?.file
  len_out?.pointee = file?.size ?? 0
  return file?.path.borrowed
}

@implementation @c
public func sentry_http_response_set_status_code(_ resp: OpaquePointer?, _ status_code: Int32) {
  HTTPResponseBox.borrow(resp)?.status = status_code
}

@implementation @c
public func sentry_http_response_set_header(
  _ resp: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) {
  guard let response = HTTPResponseBox.borrow(resp), let name = String(c: key), let value = String(c: value) else {
    return
  }
  response.headers.append(HTTPHeader(lowercased(name), value))
}

/// The engine compares names in lower case.
private func lowercased(_ name: String) -> String {
  String(decoding: name.utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 + 0x20 : $0 }, as: UTF8.self)
}
