// Provides what `sentry_envelope_t` points to.
internal import CLinuxShims
internal import CSentry
internal import SentryEnvelope
internal import StructuredValue

/// An envelope, with the values that were lent from it. One thread uses it at a time.
internal final class EnvelopeBox: @unchecked Sendable {
  // @unchecked: it has one owner at a time, and is handed on whole.
  private enum Content {
    case whole(Envelope)
    /// As it was found on disk; sent byte for byte.
    case raw([UInt8])
  }

  private let content: Content
  private var headers: sentry_value_t?
  private var payloads: [(type: String, value: sentry_value_t)] = []

  init(_ envelope: Envelope) { content = .whole(envelope) }
  init(raw bytes: [UInt8]) { content = .raw(bytes) }

  deinit {
    headers?.release()
    for payload in payloads { payload.value.release() }
  }

  /// The envelope; bytes that are none give an empty one.
  var envelope: Envelope {
    switch content {
    case .whole(let envelope): envelope
    case .raw(let bytes): (try? Envelope(bytes: bytes)) ?? Envelope()
    }
  }

  /// `nil` unless the envelope is sent byte for byte.
  var rawBytes: [UInt8]? { if case .raw(let bytes) = content { bytes } else { nil } }

  var bytes: [UInt8] {
    switch content {
    case .whole(let envelope): envelope.bytes
    case .raw(let bytes): bytes
    }
  }

  /// Lends the headers.
  func lentHeaders() -> sentry_value_t {
    if let headers { return headers }
    let value = sentry_value_t(envelope.headers)
    headers = value
    return value
  }

  /// Lends the payload of the first item of a type; null when there is none.
  func lentPayload(_ type: String) -> sentry_value_t {
    for payload in payloads where payload.type == type { return payload.value }
    guard let item = envelope.items.first(where: { $0.type == type }),
      let payload = try? StructuredValue(json: item.payload)
    else { return .null }
    let value = sentry_value_t(payload)
    payloads.append((type: type, value: value))
    return value
  }

  /// A pointer that the receiver owns.
  func given() -> OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

  /// A pointer that is good as long as this is.
  var lent: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

  static func borrow(_ pointer: OpaquePointer?) -> EnvelopeBox? {
    pointer.map { Unmanaged<EnvelopeBox>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  static func take(_ pointer: OpaquePointer?) -> EnvelopeBox? {
    pointer.map { Unmanaged<EnvelopeBox>.fromOpaque(UnsafeRawPointer($0)).takeRetainedValue() }
  }
}
