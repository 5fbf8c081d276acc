// Provides the handler's end of the socket that its clients share.
internal import CLinuxShims
public import CrashProtocol
public import LinuxSystem

/// A packet of a client, with what the kernel says of the sender.
public struct ClientPacket: Sendable {
  /// What the client wants.
  public let message: ClientMessage
  /// In whose form it was sent; answers take the same.
  public let dialect: Dialect
  /// The sender as this process sees it; 0 when it is not visible in this PID namespace.
  public let processID: Int32
  /// The sender's user, as the kernel says.
  public let userID: UInt32
  /// A descriptor that came with a dump request of our own client, to be closed by the receiver; -1 without one.
  public let channel: Int32
}

/// What a connection delivers.
public enum ClientEvent: Sendable {
  /// A message that could be read.
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
  /// The socket; owned by the connection.
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
    var kept: Int32 = -1
    let packet = linux_receive_packet_keeping(descriptor.rawValue, buffer.baseAddress, buffer.count, 0, &kept)
    var channel = OwnedFileDescriptor(owning: kept)
    if packet.count < 0 { throw Errno(rawValue: packet.error) }
    // Zero bytes without credentials: all senders have closed. A sender may also send an empty packet.
    if packet.count == 0 && packet.has_credentials == 0 { return .closed }
    let process = packet.credentials.pid
    if packet.truncated != 0 {
      return .malformed(CrashProtocolError(.unexpectedLength, value: UInt64(packet.count)), processID: process)
    }
    do throws(CrashProtocolError) {
      let (message, dialect) = try ClientMessage.decode(UnsafeRawBufferPointer(rebasing: buffer[..<packet.count]))
      var taken: Int32 = -1
      if case .crashDumpRequest(let request) = message, request.crashLoopBeforeTime == CrashDumpRequest.channelMark {
        taken = channel.release()
        channel = OwnedFileDescriptor(owning: -1)
      }
      return .packet(
        ClientPacket(
          message: message, dialect: dialect, processID: process, userID: packet.credentials.uid, channel: taken))
    } catch {
      return .malformed(error, processID: process)
    }
  }

  /// Never waits: a client that reads nothing must not hold up the others.
  ///
  /// - Throws: `wouldBlock` when its end is full of answers that nobody has read.
  public func send(_ message: ServerMessage) throws(Errno) {
    let bytes = message.encoded
    let number = descriptor.rawValue
    let sent = bytes.withUnsafeBytes {
      CLinuxShims.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    }
    if sent < 0 { throw .current }
  }
}

/// Tells waiting threads of a client that the handler has done what it could: SIGCONT, which does nothing to a thread
/// that does not wait for it. Sent to single threads, since `kill(2)` would continue a stopped job.
public enum ClientRelease {
  /// - Parameter thread: the waiting thread, as the client says; where it is `nil` or there is none of this number, every
  ///   thread of the process.
  public static func signal(process: Int32, thread: Int32?) {
    if let thread, linux_tgkill(process, thread, SIGCONT) == 0 { return }
    guard let names = try? FileSystem.entries(of: FilePath("/proc/\(process)/task")) else { return }
    for name in names {
      guard let thread = Int32(String(decoding: name, as: UTF8.self)) else { continue }
      _ = linux_tgkill(process, thread, SIGCONT)
    }
  }
}
