// Provides a handler on its own, as the next start of a program brings one to its database.
import CLinuxShims
package import CrashProtocol
import LinuxSystem
import SentryNativeTesting

/// A handler that serves a socket of the test. It looks for reports that wait in its database, and ends when the test
/// closes the socket.
package final class HandlerRun {
  package let process: RunningProcess
  private var client: OwnedFileDescriptor?

  /// - Parameter clientHasGone: the other end of the socket is closed before the handler begins.
  package init(
    _ handler: FilePath, database: FilePath, url: String?, arguments: [String] = [],
    environment: [String: String?] = [:], clientHasGone: Bool = false
  ) throws {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw Errno.current
    }
    // As clients do: a packet that is sent before the handler asks for credentials would have none.
    for end in ends where linux_enable_credentials(end) != 0 { throw Errno.current }
    client = OwnedFileDescriptor(owning: ends[0])
    let served = OwnedFileDescriptor(owning: ends[1])
    guard linux_enable_credentials(ends[1]) == 0 else { throw Errno.current }
    if clientHasGone { client = nil }
    process = try RunningProcess(
      handler,
      ["--database=\(database)", "--no-rate-limit", "--shared-client-connection", "--initial-client-fd=\(ends[1])"]
        + (url.map { ["--url=\($0)"] } ?? []) + arguments,
      environment: environment, keeping: [served.rawValue])
  }

  /// The test's end of the socket; -1 when it is closed.
  package var clientDescriptor: Int32 { client?.rawValue ?? -1 }

  /// Sends a message as Sentry's client does.
  package func send(_ message: ClientMessage) throws {
    let bytes = try message.encoded(in: .sentry)
    let number = clientDescriptor
    let sent = bytes.withUnsafeBytes { buffer in
      buffer.baseAddress.map { linux_send_packet(number, $0, buffer.count) } ?? 0
    }
    if sent < 0 { throw Errno.current }
  }

  /// Asks the handler who it is, and waits for the answer; `false` when it has ended.
  package func isServing() throws -> Bool {
    try send(.checkCredentials)
    var answer = [UInt8](repeating: 0, count: 64)
    let number = client?.rawValue ?? -1
    return linux_receive_packet(number, &answer, answer.count).count == ServerMessage.size
  }

  /// Closes the socket and waits for the handler's end.
  package func finish(timeout: Duration = .patience) throws -> ProcessTermination {
    client = nil
    return try process.wait(timeout: timeout)
  }

  package func end() {
    client = nil
    process.end()
  }
}
