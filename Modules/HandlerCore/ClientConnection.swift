// Provides the handler's end of the socket that its clients share.
internal import CLinuxShims
public import CrashProtocol
public import LinuxSystem

/// A packet of a client, with what the kernel says of the sender.
public struct ClientPacket: Sendable {
  public let message: ClientMessage
  public let dialect: Dialect
  /// The sender as this process sees it; 0 when it is not visible in this PID namespace.
  public let processID: Int32
  public let userID: UInt32
}

/// What a connection delivers.
public enum ClientEvent: Sendable {
  case packet(ClientPacket)
  /// A packet that is no message: its sender's loss, nobody else's.
  case malformed(CrashProtocolError, processID: Int32)
  /// No client holds the other end any more.
  case closed
}

/// The handler's end of a SOCK_SEQPACKET socket. Many clients may send on the other end.
///
/// Source: docs/formats/handler-protocol.md, unix(7).
public struct ClientConnection: ~Copyable {
  public let descriptor: OwnedFileDescriptor
  /// The process that made the socket pair: the one that may change attachments.
  public let owner: Int32
  private let buffer: UnsafeMutableRawBufferPointer

  /// - Throws: the kernel's error when `descriptor` is no socket or credentials cannot be had.
  public init(descriptor: consuming OwnedFileDescriptor) throws(Errno) {
    guard linux_enable_credentials(descriptor.rawValue) == 0 else { throw .current }
    owner = linux_peer_process(descriptor.rawValue)
    self.descriptor = descriptor
    buffer = .allocate(byteCount: ClientMessage.maximumPacket, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Receives one packet; waits for it.
  public func receive() throws(Errno) -> ClientEvent {
    let packet = linux_receive_packet(descriptor.rawValue, buffer.baseAddress, buffer.count)
    if packet.count < 0 { throw Errno(rawValue: packet.error) }
    // Zero bytes without credentials: all senders have closed. A sender may also send an empty packet.
    if packet.count == 0 && packet.has_credentials == 0 { return .closed }
    let process = packet.credentials.pid
    if packet.truncated != 0 {
      return .malformed(CrashProtocolError(.unexpectedLength, value: UInt64(packet.count)), processID: process)
    }
    do throws(CrashProtocolError) {
      let (message, dialect) = try ClientMessage.decode(UnsafeRawBufferPointer(rebasing: buffer[..<packet.count]))
      return .packet(
        ClientPacket(message: message, dialect: dialect, processID: process, userID: packet.credentials.uid))
    } catch {
      return .malformed(error, processID: process)
    }
  }

  public func send(_ message: ServerMessage) throws(Errno) {
    let bytes = message.encoded
    let number = descriptor.rawValue
    let sent = bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      return linux_send_packet(number, base, buffer.count)
    }
    if sent < 0 { throw .current }
  }

  /// Asks the client of a private connection to let this process trace it, and waits for its answer.
  ///
  /// - Returns: the errno of the client's `prctl(2)`, 0: it is allowed; `nil`: no answer, or another one, within
  ///   `milliseconds`.
  public func askForTracing(milliseconds: Int32) throws(Errno) -> Int32? {
    try send(ServerMessage(.setPtracer, processID: getpid()))
    let deadline = MonotonicInstant.now().advanced(milliseconds: Int64(milliseconds))
    var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    while true {
      let count = poll(&request, 1, deadline.millisecondsFromNow())
      if count > 0 { break }
      if count == 0 { return nil }
      if Errno.current != .interrupted { throw .current }
    }
    let packet = linux_receive_packet(descriptor.rawValue, buffer.baseAddress, buffer.count)
    if packet.count < 0 { throw Errno(rawValue: packet.error) }
    guard packet.count == 4, packet.truncated == 0 else { return nil }
    return UnsafeRawBufferPointer(buffer).loadUnaligned(as: Int32.self)
  }
}

/// Tells waiting threads of a client that the handler has done what it could: SIGCONT, which does nothing to a thread
/// that does not wait for it. Sent to single threads, since `kill(2)` would continue a stopped job.
public enum ClientRelease {
  /// - Parameter thread: the waiting thread; `nil`: every thread of the process.
  public static func signal(process: Int32, thread: Int32?) {
    if let thread {
      _ = linux_tgkill(process, thread, SIGCONT)
      return
    }
    guard let names = try? FileSystem.entries(of: FilePath("/proc/\(process)/task")) else { return }
    for name in names {
      guard let thread = Int32(String(decoding: name, as: UTF8.self)) else { continue }
      _ = linux_tgkill(process, thread, SIGCONT)
    }
  }
}
