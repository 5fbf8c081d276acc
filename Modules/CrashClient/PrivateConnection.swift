// Provides a handler that one process starts for another.
internal import CLinuxShims
public import LinuxSystem

/// The two ends of a connection between one client and a handler that is started for it alone.
///
/// ```swift
/// let connection = try PrivateConnection()
/// try CrashClient.startHandler(configuration, for: connection.handler)
/// // The client's end goes to the other process, which starts capture with `CrashClient.join`.
/// ```
///
/// The handler takes changes of its attachments from the process that made the pair. It ends with the last holder of the
/// client's end.
public struct PrivateConnection: ~Copyable, Sendable {
  /// For the client. Close-on-exec like the other; a program that is executed gets a duplicate (F_DUPFD).
  public let client: OwnedFileDescriptor
  /// For `CrashClient.startHandler`.
  public let handler: OwnedFileDescriptor

  /// - Throws: `systemCallFailed` without sockets or descriptors.
  public init() throws(CrashClientError) {
    do throws(Errno) {
      let (near, far) = try SocketPair().release()
      client = OwnedFileDescriptor(owning: near)
      handler = OwnedFileDescriptor(owning: far)
    } catch { throw .system("socketpair", error) }
  }
}

extension CrashClient {
  /// Starts a handler for another process, which holds the other end of `socket` and joins with a private connection.
  /// Nothing changes in this process: its own crashes are another client's business.
  ///
  /// The handler is nobody's child: whatever becomes of this process, it serves its client. What is wrong with its arguments
  /// shows at the client's end, which is closed then.
  ///
  /// - Parameters:
  ///   - configuration: the handler. What concerns a client is not looked at: marker, time limits, sanitization.
  ///   - socket: one end of a SOCK_SEQPACKET pair. It stays open here, and is the caller's to close: while it is open
  ///     anywhere but in the handler, the client does not learn of the handler's death.
  /// - Returns: the handler's process.
  /// - Throws: where there is no such handler, or it cannot be executed.
  @discardableResult public static func startHandler(
    _ configuration: HandlerConfiguration, for socket: borrowing OwnedFileDescriptor
  ) throws(CrashClientError) -> Int32 {
    let executable = try configuration.location.resolve()
    var configuration = configuration
    configuration.sharesConnection = false
    // The handler needs no right of its own then.
    if linux_enable_credentials(socket.rawValue) != 0 { throw .system("setsockopt(SO_PASSCRED)", Errno.current) }
    if socket.rawValue > 2 { return try HandlerProcess.spawn(executable, configuration, socket.rawValue) }
    // The handler loses what looks like one of its standard streams.
    let number = linux_fcntl(socket.rawValue, F_DUPFD_CLOEXEC, 3)
    if number < 0 { throw .system("fcntl(F_DUPFD_CLOEXEC)", Errno.current) }
    let copy = OwnedFileDescriptor(owning: number)
    return try HandlerProcess.spawn(executable, configuration, copy.rawValue)
  }
}
