// Provides the use of one handler by several programs.
internal import CLinuxShims
public import CrashProtocol
public import LinuxSystem

/// A handler's socket on its way into another program: one that this one executes, or one that it is sent to.
public struct SharedConnection: Sendable {
  /// The socket. It stays open when a program is executed; what becomes of the descriptor is the owner's business.
  public let descriptor: Int32
  /// The handler, as the giving process sees it; 0: it needs no permission to trace. `nil`: it is asked.
  public let handlerProcessID: Int32?
  public let dialect: Dialect
  /// Whether nobody else sends on the socket: the handler was started for this client alone.
  public let isPrivate: Bool

  public init(descriptor: Int32, handlerProcessID: Int32?, dialect: Dialect, isPrivate: Bool = false) {
    self.descriptor = descriptor
    self.handlerProcessID = handlerProcessID
    self.dialect = dialect
    self.isPrivate = isPrivate
  }
}

extension CrashClient {
  /// The connection for a program that this one executes, in this process or in a child: it passes the descriptor's
  /// number on, by an argument or the environment, and starts capture there with `join`. A child that executes nothing
  /// needs none of this.
  ///
  /// The handler lives until the last holder of the socket has gone.
  ///
  /// - Returns: a new descriptor without close-on-exec, which the caller closes when it is not needed any more.
  /// - Throws: `notShared` where the connection is private.
  public func share() throws(CrashClientError) -> SharedConnection {
    let result = try duplicateConnection()
    guard result >= 0 else { throw .system("fcntl(F_DUPFD)", Errno.current) }
    return SharedConnection(descriptor: result, handlerProcessID: health.handlerProcessID, dialect: dialect)
  }

  /// Starts crash capture with a handler that another program has started.
  ///
  /// Messages about attachments are taken by handlers from the process that started them only.
  ///
  /// - Parameters:
  ///   - connection: its descriptor belongs to the client from now on, also when this fails.
  ///   - dumpTimeout: milliseconds that a crash waits for its dump.
  ///   - startTimeout: milliseconds for the handler's answer, where it is asked.
  ///   - crashMarkerPath: a file that the crashing thread writes.
  ///   - sanitization: what reports may hold; `nil`: everything.
  /// - Throws: what went wrong and what to do. Nothing is installed then.
  public static func join(
    _ connection: SharedConnection, dumpTimeout: Int32 = 5000, startTimeout: Int32 = 2000,
    crashMarkerPath: FilePath? = nil, sanitization: CrashSanitization? = nil, hooks: Hooks = Hooks(),
    excludedSignals: [Int32] = [], threadHook: Bool = false
  ) throws(CrashClientError) -> CrashClient {
    let descriptor = OwnedFileDescriptor(owning: connection.descriptor)
    if linux_fcntl(descriptor.rawValue, F_SETFD, Int(FD_CLOEXEC)) != 0 {
      throw .system("joining the handler on descriptor \(connection.descriptor)", Errno.current)
    }
    // Whoever made the pair may not have asked for the sender's credentials.
    _ = linux_enable_credentials(descriptor.rawValue)
    var joined: HandlerConnection? = HandlerConnection(
      descriptor: descriptor, dialect: connection.dialect, isPrivate: connection.isPrivate)
    return try alone { () throws(CrashClientError) -> CrashClient in
      let settings = try CrashSettings(
        marker: crashMarkerPath, dumpTimeout: dumpTimeout, waits: false, sanitization: sanitization, hooks,
        excludedSignals, threadHook)
      guard let taken = joined.take() else { throw .stopped }
      let handler = try HandlerProcess.join(
        taken, processID: connection.handlerProcessID, milliseconds: startTimeout)
      return try install(handler, fallback: nil, settings)
    }
  }
}
