// Provides the functions of envelopes.
internal import CLinuxShims
public import CSentry
internal import LinuxSystem
internal import SentryEnvelope

@implementation @c public func sentry_envelope_free(_ envelope: OpaquePointer?) { _ = EnvelopeBox.take(envelope) }

@implementation @c
public func sentry_envelope_get_header(
  _ envelope: OpaquePointer?, _ key: UnsafePointer<CChar>?
) -> sentry_value_t {
  sentry_value_get_by_key(EnvelopeBox.borrow(envelope)?.lentHeaders() ?? .null, key)
}

@implementation @c
public func sentry_envelope_get_header_n(
  _ envelope: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ key_len: Int
) -> sentry_value_t {
  sentry_value_get_by_key_n(EnvelopeBox.borrow(envelope)?.lentHeaders() ?? .null, key, key_len)
}

@implementation @c public func sentry_envelope_get_event(_ envelope: OpaquePointer?) -> sentry_value_t {
  EnvelopeBox.borrow(envelope)?.lentPayload("event") ?? .null
}

@implementation @c public func sentry_envelope_get_transaction(_ envelope: OpaquePointer?) -> sentry_value_t {
  EnvelopeBox.borrow(envelope)?.lentPayload("transaction") ?? .null
}

@implementation @c
public func sentry_envelope_serialize(
  _ envelope: OpaquePointer?, _ size_out: UnsafeMutablePointer<Int>?
) -> UnsafeMutablePointer<CChar>? {
  guard let bytes = EnvelopeBox.borrow(envelope)?.bytes, let copy = callersCopy(of: bytes) else {
    size_out?.pointee = 0
    return nil
  }
  size_out?.pointee = bytes.count
  return copy
}

@implementation @c
public func sentry_envelope_write_to_file(_ envelope: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> Int32 {
  sentry_envelope_write_to_file_n(envelope, path, length(path))
}

@implementation @c
public func sentry_envelope_write_to_file_n(
  _ envelope: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ path_len: Int
) -> Int32 {
  guard let envelope = EnvelopeBox.borrow(envelope), let path = FilePath(c: path, path_len) else { return 1 }
  do throws(Errno) {
    try FileSystem.write(envelope.bytes, to: path)
    return 0
  } catch {
    return 1
  }
}

@implementation @c
public func sentry_envelope_deserialize(_ buf: UnsafePointer<CChar>?, _ buf_len: Int) -> OpaquePointer? {
  guard let buf, buf_len > 0 else { return nil }
  let bytes = Array(UnsafeRawBufferPointer(start: buf, count: buf_len))
  guard let envelope = try? Envelope(bytes: bytes) else { return nil }
  return EnvelopeBox(envelope).given()
}

@implementation @c public func sentry_envelope_read_from_file(_ path: UnsafePointer<CChar>?) -> OpaquePointer? {
  sentry_envelope_read_from_file_n(path, length(path))
}

@implementation @c
public func sentry_envelope_read_from_file_n(_ path: UnsafePointer<CChar>?, _ path_len: Int) -> OpaquePointer? {
  guard let path = FilePath(c: path, path_len), let bytes = try? FileSystem.read(path, limit: 1 << 30),
    let envelope = try? Envelope(bytes: bytes)
  else { return nil }
  return EnvelopeBox(envelope).given()
}
