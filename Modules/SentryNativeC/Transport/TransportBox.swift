// Provides what `sentry_transport_t` points to.
internal import CLinuxShims
internal import CSentry

/// A transport as the application has put it together. Freed when the application or the SDK lets go of it.
internal final class TransportBox: @unchecked Sendable {
  // @unchecked: the application sets it up in one thread; then it only is read.
  typealias Send = @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void
  typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Void
  typealias Startup = @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32
  typealias Wait = @convention(c) (UInt64, UnsafeMutableRawPointer?) -> Int32

  enum Kind {
    /// The engine's own.
    case standard
    /// A function that takes envelopes over.
    case function(Send)
    /// A function that borrows them.
    case borrowingFunction(Send)
    /// The engine's own with a client of the application.
    case http(HTTPClientBox)
  }

  let kind: Kind
  var state: UnsafeMutableRawPointer?
  var free: Free?
  var startup: Startup?
  var flush: Wait?
  var shutdown: Wait?
  /// Whether `shutdown` is owed a call.
  var isStarted = false
  /// Whether the engine itself sends, and so may have something that waits for another try.
  var sendsRequests: Bool {
    switch kind {
    case .standard, .http: true
    case .function, .borrowingFunction: false
    }
  }

  init(_ kind: Kind) { self.kind = kind }

  static func standard() -> TransportBox { TransportBox(.standard) }

  deinit { free?(state) }

  func given() -> OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

  static func borrow(_ pointer: OpaquePointer?) -> TransportBox? {
    pointer.map { Unmanaged<TransportBox>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  /// Calls what the application wants to be called at the start.
  func start(_ options: OptionsBox) -> Bool {
    let pointer = OpaquePointer(Unmanaged.passUnretained(options).toOpaque())
    if case .http(let client) = kind, !client.start(pointer) { return false }
    if let startup, startup(pointer, state) != 0 { return false }
    isStarted = true
    return true
  }
}
