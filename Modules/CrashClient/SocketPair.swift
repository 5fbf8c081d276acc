// Provides the two ends of the connection between client and handler.
internal import CLinuxShims
internal import LinuxSystem

/// Two connected SOCK_SEQPACKET ends, close-on-exec. Both get the sender's credentials with each packet: the handler
/// then needs no right to ask for that.
internal struct SocketPair: ~Copyable {
  let client: OwnedFileDescriptor
  let handler: OwnedFileDescriptor

  init() throws(Errno) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    _ = try retryingInterrupts { ends.withUnsafeMutableBufferPointer { socketpair(AF_UNIX, type, 0, $0.baseAddress) } }
    let first = OwnedFileDescriptor(owning: ends[0])
    let second = OwnedFileDescriptor(owning: ends[1])
    for end in ends { _ = try retryingInterrupts { linux_enable_credentials(end) } }
    // Only the client's wait for an answer is limited, and only for the case that another process took the answer.
    var limit = timeval(tv_sec: 0, tv_usec: 100_000)
    _ = setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let near = try SocketPair.aboveStandardStreams(first)
    let far = try SocketPair.aboveStandardStreams(second)
    client = near
    handler = far
  }

  /// The client's end; the handler's is closed in this process.
  consuming func takeClient() -> OwnedFileDescriptor { client }

  /// Both ends, to be closed by the caller.
  consuming func release() -> (client: Int32, handler: Int32) {
    let near = client.release()
    return (near, handler.release())
  }

  /// A program that runs with a standard stream closed gets numbers below 3, which the handler would lose.
  private static func aboveStandardStreams(
    _ end: consuming OwnedFileDescriptor
  ) throws(Errno) -> OwnedFileDescriptor {
    if end.rawValue > 2 { return end }
    let source = end.rawValue
    return OwnedFileDescriptor(owning: try retryingInterrupts { linux_fcntl(source, F_DUPFD_CLOEXEC, 3) })
  }
}
