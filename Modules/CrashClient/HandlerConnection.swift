// Provides the socket between client and handler, from the client's side.
internal import CLinuxShims
internal import CrashProtocol
internal import LinuxSystem

/// The client's end of the connection. Thread-safe as the kernel's sockets are; the owner closes it when nobody sends.
internal struct HandlerConnection: ~Copyable {
  let descriptor: OwnedFileDescriptor
  let dialect: Dialect
  /// Whether this process is the only one that sends on the socket.
  let isPrivate: Bool

  /// Sends one packet. A full socket is waited for, at most `milliseconds`.
  func send(_ packet: [UInt8], milliseconds: Int32) throws(Errno) {
    let number = descriptor.rawValue
    let deadline = MonotonicInstant.now().advanced(milliseconds: Int64(milliseconds))
    while true {
      let result = packet.withUnsafeBufferPointer {
        CLinuxShims.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if result >= 0 { return }
      let error = Errno.current
      if error == .interrupted { continue }
      if error != .wouldBlock { throw error }
      let left = deadline.millisecondsFromNow()
      if left == 0 { throw .wouldBlock }
      var request = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
      _ = CLinuxShims.poll(&request, 1, left)
    }
  }

  enum Received {
    case message(ServerMessage, from: Int32)
    case nothing
    case end
  }

  /// The next message within `milliseconds`. Packets that are no messages are passed over.
  func receive(milliseconds: Int32) -> Received {
    let number = descriptor.rawValue
    let deadline = MonotonicInstant.now().advanced(milliseconds: Int64(milliseconds))
    var buffer = [UInt8](repeating: 0, count: 64)
    while true {
      var request = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
      let ready = CLinuxShims.poll(&request, 1, deadline.millisecondsFromNow())
      if ready == 0 { return .nothing }
      if ready < 0 {
        if Errno.current == .interrupted { continue }
        return .end
      }
      let packet = buffer.withUnsafeMutableBufferPointer { linux_receive_packet(number, $0.baseAddress, $0.count) }
      if packet.count == 0 { return .end }
      if packet.count < 0 {
        // Another process that shares this end may have taken the packet; the socket's own time limit ends the wait.
        if Errno(rawValue: packet.error) == .wouldBlock { continue }
        return .end
      }
      let process = packet.has_credentials != 0 ? packet.credentials.pid : -1
      let count = packet.count
      let message = buffer.withUnsafeBufferPointer {
        ServerMessage(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer($0)[..<count]))
      }
      if let message { return .message(message, from: process) }
    }
  }

  /// Whether somebody still holds the handler's end.
  var isAlive: Bool {
    var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLRDHUP), revents: 0)
    return CLinuxShims.poll(&request, 1, 0) >= 0
      && Int32(request.revents) & (POLLHUP | POLLERR | POLLRDHUP | POLLNVAL) == 0
  }
}
