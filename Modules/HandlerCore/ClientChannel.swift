// Provides the conversation with one client alone: on its private connection, or on the channel that came with its request.
internal import CLinuxShims
internal import CrashProtocol
internal import LinuxSystem
internal import ProcessMemory
internal import ProcessSnapshot

/// One client that waits for its dump and does meanwhile what it is asked to.
///
/// The messages are those of Crashpad's private connections. On the channel of our own client there is one more, by which
/// the crashing thread itself answers what a broker would (docs/formats/handler-protocol.md).
final class ClientChannel: ClientHelper {
  /// All questions of one dump together; a client that answers nothing costs the others no more than that.
  private static let patience: Int64 = 10_000
  private static let answerTime: Int64 = 5000

  private let socket: Int32
  let isOurClient: Bool
  private let deadline: MonotonicInstant

  /// - Parameters:
  ///   - socket: of packets; it must live as long as this object.
  ///   - isOurClient: whether it came with the request of a client of ours.
  init(socket: Int32, isOurClient: Bool) {
    self.socket = socket
    self.isOurClient = isOurClient
    deadline = MonotonicInstant.now().advanced(milliseconds: Self.patience)
  }

  func send(_ message: ServerMessage) throws(Errno) {
    let bytes = message.encoded
    let number = socket
    let sent = bytes.withUnsafeBytes { buffer in
      // A client that reads nothing must not hold up the others.
      CLinuxShims.send(number, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    }
    if sent < 0 { throw .current }
  }

  /// Asks the client to let this process trace it.
  ///
  /// - Returns: the errno of the client's `prctl(2)`, 0: it is allowed; `nil`: no answer, or another one.
  func askForTracing() throws(Errno) -> Int32? {
    try send(ServerMessage(.setPtracer, processID: getpid()))
    return answer()
  }

  func forkBroker(for process: Int32) throws(Errno) -> ProcessBroker {
    try send(ServerMessage(.forkBroker))
    return try broker(process)
  }

  func serveMemory() throws(Errno) -> ProcessBroker {
    // Others do not know the message, and would leave it without an answer.
    guard isOurClient else { throw .notSupported }
    try send(ServerMessage(.serveMemory))
    return try broker(0)
  }

  private func broker(_ process: Int32) throws(Errno) -> ProcessBroker {
    guard let error = answer() else { throw .timedOut }
    guard error == 0 else { throw Errno(rawValue: error) }
    return ProcessBroker(socket: socket, processID: process, deadline: deadline)
  }

  /// One number. `nil` without an answer in time, or with another packet.
  private func answer() -> Int32? {
    let limit = min(deadline, MonotonicInstant.now().advanced(milliseconds: Self.answerTime))
    var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    while true {
      let count = poll(&request, 1, limit.millisecondsFromNow())
      if count > 0 { break }
      if count == 0 || Errno.current != .interrupted { return nil }
    }
    var value: Int32 = 0
    let packet = withUnsafeMutablePointer(to: &value) {
      linux_receive_packet_keeping(socket, $0, 4, Int32(MSG_DONTWAIT), nil)
    }
    return packet.count == 4 && packet.truncated == 0 ? value : nil
  }
}
