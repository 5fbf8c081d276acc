// Provides what `sentry_attachment_t` points to.
internal import CLinuxShims
internal import CSentry
internal import LinuxSystem
internal import SentryClient

/// An attachment of a scope or a hint, which it belongs to.
internal final class AttachmentBox: @unchecked Sendable {
  // @unchecked: of the global scope under the library's lock; of others by the one thread that uses them.
  var attachment: Attachment

  init(_ attachment: Attachment) { self.attachment = attachment }

  /// A pointer that is good until the attachment is removed.
  var lent: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

  static func borrow(_ pointer: OpaquePointer?) -> AttachmentBox? {
    pointer.map { Unmanaged<AttachmentBox>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }
}

extension [AttachmentBox] {
  /// Larger ones no server takes.
  private static var sizeLimit: Int64 { 1 << 30 }

  /// Adds a file. The same file with the same type is there once; `nil` for an empty path or a file beyond all limits.
  @discardableResult
  internal mutating func add(path: UnsafePointer<CChar>?, _ length: Int, type: String? = nil) -> AttachmentBox? {
    guard let path = FilePath(c: path, length) else { return nil }
    if let known = first(where: { $0.attachment.path == path && $0.attachment.attachmentType == type }) { return known }
    if let status = try? FileSystem.status(path), status.size > Self.sizeLimit { return nil }
    let box = AttachmentBox(Attachment(path: path, attachmentType: type))
    if type != nil { box.fillContentType() }
    append(box)
    return box
  }

  /// Adds a copy of bytes; `nil` when there are none or they have no name.
  internal mutating func add(
    bytes: UnsafePointer<CChar>?, _ count: Int, name: UnsafePointer<CChar>?, _ nameLength: Int
  ) -> AttachmentBox? {
    guard let bytes, count > 0, Int64(count) <= Self.sizeLimit, let name = String(c: name, nameLength), !name.isEmpty
    else { return nil }
    let box = AttachmentBox(
      Attachment(bytes: [UInt8](UnsafeRawBufferPointer(start: bytes, count: count)), filename: name))
    append(box)
    return box
  }
}

extension AttachmentBox {
  /// What servers expect of types that they know.
  internal func fillContentType() {
    if attachment.contentType != nil { return }
    switch attachment.attachmentType {
    case SENTRY_ATTACHMENT_TYPE_MINIDUMP: attachment.contentType = "application/octet-stream"
    case SENTRY_ATTACHMENT_TYPE_VIEW_HIERARCHY: attachment.contentType = "application/json"
    default: break
    }
  }
}
