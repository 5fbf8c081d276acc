// Provides the functions of attachments.
internal import CLinuxShims
internal import CSentry
internal import LinuxSystem
internal import SentryClient

// ---- Of the global scope ---------------------------------------------------------------------------------------------

@implementation @c public func sentry_attach_file(_ path: UnsafePointer<CChar>?) -> OpaquePointer? {
  sentry_attach_file_n(path, length(path))
}

@implementation @c
public func sentry_attach_file_n(_ path: UnsafePointer<CChar>?, _ path_len: Int) -> OpaquePointer? {
  Library.shared.changeAttachments { $0.add(path: path, path_len)?.lent }
}

@implementation @c
public func sentry_attach_bytes(
  _ buf: UnsafePointer<CChar>?, _ buf_len: Int, _ filename: UnsafePointer<CChar>?
) -> OpaquePointer? {
  sentry_attach_bytes_n(buf, buf_len, filename, length(filename))
}

@implementation @c
public func sentry_attach_bytes_n(
  _ buf: UnsafePointer<CChar>?, _ buf_len: Int, _ filename: UnsafePointer<CChar>?, _ filename_len: Int
) -> OpaquePointer? {
  Library.shared.changeAttachments { $0.add(bytes: buf, buf_len, name: filename, filename_len)?.lent }
}

@implementation @c public func sentry_clear_attachments() { Library.shared.changeAttachments { $0 = [] } }

@implementation @c public func sentry_remove_attachment(_ attachment: OpaquePointer?) {
  guard let attachment else { return }
  Library.shared.changeAttachments { list in list.removeAll { $0.lent == attachment } }
}

// ---- Of other scopes -------------------------------------------------------------------------------------------------

@implementation @c
public func sentry_scope_attach_file(_ scope: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> OpaquePointer? {
  sentry_scope_attach_file_n(scope, path, length(path))
}

@implementation @c
public func sentry_scope_attach_file_n(
  _ scope: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ path_len: Int
) -> OpaquePointer? {
  ScopeBox.borrow(scope)?.attachments.add(path: path, path_len)?.lent
}

@implementation @c
public func sentry_scope_attach_bytes(
  _ scope: OpaquePointer?, _ buf: UnsafePointer<CChar>?, _ buf_len: Int, _ filename: UnsafePointer<CChar>?
) -> OpaquePointer? {
  sentry_scope_attach_bytes_n(scope, buf, buf_len, filename, length(filename))
}

@implementation @c
public func sentry_scope_attach_bytes_n(
  _ scope: OpaquePointer?, _ buf: UnsafePointer<CChar>?, _ buf_len: Int, _ filename: UnsafePointer<CChar>?,
  _ filename_len: Int
) -> OpaquePointer? {
  ScopeBox.borrow(scope)?.attachments.add(bytes: buf, buf_len, name: filename, filename_len)?.lent
}

// ---- What is said of an attachment -----------------------------------------------------------------------------------

/// The engine has a copy of those of the global scope.
private func change(_ attachment: OpaquePointer?, _ body: (AttachmentBox) -> Void) {
  guard let attachment, let box = AttachmentBox.borrow(attachment) else { return }
  Library.shared.changeAttachments { _ in body(box) }
}

@implementation @c
public func sentry_attachment_set_type(_ attachment: OpaquePointer?, _ type: UnsafePointer<CChar>?) {
  sentry_attachment_set_type_n(attachment, type, length(type))
}

@implementation @c
public func sentry_attachment_set_type_n(
  _ attachment: OpaquePointer?, _ type: UnsafePointer<CChar>?, _ type_len: Int
) {
  change(attachment) { box in
    let type = String(c: type, type_len)
    box.attachment.attachmentType = type?.isEmpty == false ? type : nil
    box.fillContentType()
  }
}

@implementation @c
public func sentry_attachment_set_content_type(_ attachment: OpaquePointer?, _ content_type: UnsafePointer<CChar>?) {
  sentry_attachment_set_content_type_n(attachment, content_type, length(content_type))
}

@implementation @c
public func sentry_attachment_set_content_type_n(
  _ attachment: OpaquePointer?, _ content_type: UnsafePointer<CChar>?, _ content_type_len: Int
) {
  change(attachment) { $0.attachment.contentType = String(c: content_type, content_type_len) }
}

@implementation @c
public func sentry_attachment_set_filename(_ attachment: OpaquePointer?, _ filename: UnsafePointer<CChar>?) {
  sentry_attachment_set_filename_n(attachment, filename, length(filename))
}

@implementation @c
public func sentry_attachment_set_filename_n(
  _ attachment: OpaquePointer?, _ filename: UnsafePointer<CChar>?, _ filename_len: Int
) {
  change(attachment) { box in
    if let name = String(c: filename, filename_len) {
      box.attachment.filename = name
    } else if let path = box.attachment.path {
      box.attachment.filename = String(decoding: path.lastComponent, as: UTF8.self)
    }
  }
}
