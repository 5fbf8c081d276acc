// Provides an address where nobody answers.
internal import CLinuxShims
import LinuxSystem

/// A port of 127.0.0.1 where nobody listens, and nobody else can while the object lives.
public final class ClosedPort: Sendable {
  /// The TCP port.
  public let port: UInt16
  private let socket: OwnedFileDescriptor

  /// Takes a port that nobody uses; throws when there is none.
  public init() throws {
    socket = OwnedFileDescriptor(owning: try retryingInterrupts { linux_loopback_bind(0) })
    port = linux_socket_port(socket.rawValue)
  }

  /// A minidump endpoint there.
  public var minidumpURL: String { "http://127.0.0.1:\(port)/api/1/minidump/?sentry_key=0" }
}
