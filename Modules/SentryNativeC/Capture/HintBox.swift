// Provides what `sentry_hint_t` points to, and its functions.
internal import CLinuxShims
internal import CSentry
internal import SentryClient

/// Attachments for one capture.
internal final class HintBox: @unchecked Sendable {
  // @unchecked: one thread uses it at a time.
  var attachments: [AttachmentBox]

  init(_ hint: Hint = Hint()) { attachments = hint.attachments.map { AttachmentBox($0) } }

  var hint: Hint { Hint(attachments: attachments.map { $0.attachment }) }

  var lent: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

  static func borrow(_ pointer: OpaquePointer?) -> HintBox? {
    pointer.map { Unmanaged<HintBox>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  static func take(_ pointer: OpaquePointer?) -> HintBox? {
    pointer.map { Unmanaged<HintBox>.fromOpaque(UnsafeRawPointer($0)).takeRetainedValue() }
  }
}

@implementation @c public func sentry_hint_new() -> OpaquePointer? {
  OpaquePointer(Unmanaged.passRetained(HintBox()).toOpaque())
}

@implementation @c
public func sentry_hint_attach_file(_ hint: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> OpaquePointer? {
  sentry_hint_attach_file_n(hint, path, length(path))
}

@implementation @c
public func sentry_hint_attach_file_n(
  _ hint: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ path_len: Int
) -> OpaquePointer? {
  HintBox.borrow(hint)?.attachments.add(path: path, path_len)?.lent
}

@implementation @c
public func sentry_hint_attach_bytes(
  _ hint: OpaquePointer?, _ buf: UnsafePointer<CChar>?, _ buf_len: Int, _ filename: UnsafePointer<CChar>?
) -> OpaquePointer? {
  sentry_hint_attach_bytes_n(hint, buf, buf_len, filename, length(filename))
}

@implementation @c
public func sentry_hint_attach_bytes_n(
  _ hint: OpaquePointer?, _ buf: UnsafePointer<CChar>?, _ buf_len: Int, _ filename: UnsafePointer<CChar>?,
  _ filename_len: Int
) -> OpaquePointer? {
  HintBox.borrow(hint)?.attachments.add(bytes: buf, buf_len, name: filename, filename_len)?.lent
}
