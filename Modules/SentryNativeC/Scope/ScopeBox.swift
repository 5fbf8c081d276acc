// Provides what `sentry_scope_t` points to.
internal import CLinuxShims
internal import CSentry
internal import SentryClient
internal import SentryEnvelope
internal import StructuredValue

/// A scope of the application's own. One thread uses it at a time.
internal final class ScopeBox: @unchecked Sendable {
  // @unchecked: see above.
  var scope = Scope()
  var attachments: [AttachmentBox] = []
  var lastEventID = SentryID.empty
  /// The first capture frees it.
  let isForOneCapture: Bool

  init(isForOneCapture: Bool) { self.isForOneCapture = isForOneCapture }

  /// The scope as the engine takes it.
  var complete: Scope {
    var complete = scope
    for box in attachments { complete.addAttachment(box.attachment) }
    return complete
  }

  func given() -> OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

  static func borrow(_ pointer: OpaquePointer?) -> ScopeBox? {
    pointer.map { Unmanaged<ScopeBox>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  /// For a capture, which takes over scopes for one capture and borrows others.
  static func forCapture(_ pointer: OpaquePointer?) -> ScopeBox? {
    guard let pointer, let box = borrow(pointer) else { return nil }
    if box.isForOneCapture { Unmanaged<ScopeBox>.fromOpaque(UnsafeRawPointer(pointer)).release() }
    return box
  }
}
