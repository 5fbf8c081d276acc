// Provides what a client says to the handler.
internal import CLinuxShims

/// A request for a dump of the sending process.
public struct CrashDumpRequest: Hashable, Sendable {
  /// An address on the current stack of the thread that waits; 0 when unknown. The handler finds the thread by it where
  /// the thread id of the exception information means nothing (another PID namespace).
  public var stackAddress: UInt64
  /// Where the client keeps its 20 bytes of `ExceptionInformation`.
  public var exceptionInformationAddress: UInt64
  /// Where the client keeps its sanitization rules; 0 for none.
  public var sanitizationInformationAddress: UInt64
  /// Seconds since 1970; 0 everywhere but on ChromeOS.
  public var crashLoopBeforeTime: UInt64

  public init(
    stackAddress: UInt64, exceptionInformationAddress: UInt64, sanitizationInformationAddress: UInt64 = 0,
    crashLoopBeforeTime: UInt64 = 0
  ) {
    self.stackAddress = stackAddress
    self.exceptionInformationAddress = exceptionInformationAddress
    self.sanitizationInformationAddress = sanitizationInformationAddress
    self.crashLoopBeforeTime = crashLoopBeforeTime
  }

  /// Stands in `crashLoopBeforeTime` when a descriptor comes with the request: the client's channel to our handler.
  public static let channelMark: UInt64 = CRASH_CHANNEL_MARK
}

/// A request to write an attachment file, so that the client need not do the I/O.
public struct AttachmentWrite: Hashable, Sendable {
  public enum Operation: UInt32, Hashable, Sendable {
    case replace = 0
    case append = 1
  }
  public var operation: Operation
  /// The path's bytes without a NUL: 1 ... 4095.
  public var path: [UInt8]
  /// At most `AttachmentWrite.maximumPayload` bytes.
  public var payload: [UInt8]

  /// What fits one packet: 192 KiB. More is written by the client itself.
  public static let maximumPayload = 196_608

  public init(_ operation: Operation, path: [UInt8], payload: [UInt8]) {
    self.operation = operation
    self.path = path
    self.payload = payload
  }
}

/// What a client says to the handler, in one packet of the SOCK_SEQPACKET socket.
///
/// Source: docs/formats/handler-protocol.md.
public enum ClientMessage: Hashable, Sendable {
  /// "Who are you?" The answer's kernel credentials carry the handler's process id.
  case checkCredentials
  case crashDumpRequest(CrashDumpRequest)
  /// A file to copy into each report, read at the time of the crash.
  case addAttachment(path: [UInt8])
  case removeAttachment(path: [UInt8])
  /// Wakes the upload of pending reports.
  case requestRetry
  case writeAttachment(AttachmentWrite)
  /// What the sender has decided about the report of its last dump. Ours alone; the value is a `CRASH_VERDICT_`.
  case verdict(UInt32)
  /// A type that this version does not know. To be ignored, the client stays connected.
  case unknown(type: UInt32)

  /// Longest path in a message, without its NUL.
  public static let maximumPath = 4095
  /// Size of a receive buffer that holds every valid packet.
  public static let maximumPacket = 4112 + 4096 + AttachmentWrite.maximumPayload
}

extension ClientMessage {
  /// Reads one packet. Its length tells the dialect. Never traps, whatever the bytes.
  ///
  /// - Parameter packet: all of one packet, of any alignment.
  /// - Throws: what makes it no message. A server ignores such a packet or drops the client, as it prefers.
  public static func decode(
    _ packet: UnsafeRawBufferPointer
  ) throws(CrashProtocolError) -> (message: ClientMessage, dialect: Dialect) {
    let count = packet.count
    let dialect: Dialect
    switch count {
    case 40: dialect = .chromium
    case 32: dialect = .android
    case 4112...: dialect = .sentry
    default: throw CrashProtocolError(.unexpectedLength, value: UInt64(truncatingIfNeeded: count))
    }
    // The version at offset 0 is never checked, as peers do not check it either.
    let type = packet.integer(at: 4, as: UInt32.self)
    switch (type, dialect) {
    case (CRASH_CLIENT_CHECK_CREDENTIALS, _): return (.checkCredentials, dialect)
    case (CRASH_CLIENT_DUMP_REQUEST, _):
      let request = CrashDumpRequest(
        stackAddress: packet.integer(at: 8, as: UInt64.self),
        exceptionInformationAddress: packet.integer(at: 16, as: UInt64.self),
        sanitizationInformationAddress: packet.integer(at: 24, as: UInt64.self),
        crashLoopBeforeTime: dialect == .android ? 0 : packet.integer(at: 32, as: UInt64.self))
      return (.crashDumpRequest(request), dialect)
    case (CRASH_CLIENT_ADD_ATTACHMENT, .sentry): return (.addAttachment(path: try fixedPath(packet)), dialect)
    case (CRASH_CLIENT_REMOVE_ATTACHMENT, .sentry): return (.removeAttachment(path: try fixedPath(packet)), dialect)
    case (CRASH_CLIENT_REQUEST_RETRY, .sentry): return (.requestRetry, dialect)
    case (CRASH_CLIENT_WRITE_ATTACHMENT, .sentry): return (.writeAttachment(try write(packet)), dialect)
    case (CRASH_CLIENT_VERDICT, _):
      return (.verdict(UInt32(truncatingIfNeeded: packet.integer(at: 8, as: UInt64.self))), dialect)
    default: return (.unknown(type: type), dialect)
    }
  }

  /// The path in the union of a fixed-size message.
  private static func fixedPath(_ packet: UnsafeRawBufferPointer) throws(CrashProtocolError) -> [UInt8] {
    var path: [UInt8] = []
    var offset = 16
    while offset < 4112, packet[offset] != 0 {
      path.append(packet[offset])
      offset += 1
    }
    if path.isEmpty || offset == 4112 {
      throw CrashProtocolError(.invalidPath, value: UInt64(truncatingIfNeeded: path.count))
    }
    return path
  }

  private static func write(_ packet: UnsafeRawBufferPointer) throws(CrashProtocolError) -> AttachmentWrite {
    let length = UInt64(truncatingIfNeeded: packet.count)
    let pathSize = Int(packet.integer(at: 16, as: UInt32.self))
    let payloadSize = Int(packet.integer(at: 20, as: UInt32.self))
    let rawOperation = packet.integer(at: 24, as: UInt32.self)
    guard pathSize >= 1, pathSize <= 4096, payloadSize <= AttachmentWrite.maximumPayload,
      4112 + pathSize + payloadSize == packet.count
    else { throw CrashProtocolError(.invalidWriteSize, value: length) }
    guard let operation = AttachmentWrite.Operation(rawValue: rawOperation) else {
      throw CrashProtocolError(.invalidOperation, value: UInt64(rawOperation))
    }
    let path = Array(packet[4112..<(4112 + pathSize)])
    // The NUL must be the last byte of the path: one before it would make the kernel see another path than the log.
    guard path.firstIndex(of: 0) == pathSize - 1, pathSize > 1 else {
      throw CrashProtocolError(.invalidPath, value: UInt64(truncatingIfNeeded: pathSize))
    }
    return AttachmentWrite(operation, path: Array(path.dropLast()), payload: Array(packet[(4112 + pathSize)...]))
  }

  /// The bytes of one packet.
  ///
  /// - Throws: `invalidPath` or `payloadTooLarge` when the message has no form in a packet; `unexpectedLength` never.
  public func encoded(in dialect: Dialect) throws(CrashProtocolError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: dialect.clientMessageSize)
    bytes.store(UInt32(1), at: 0)
    switch self {
    case .checkCredentials: bytes.store(CRASH_CLIENT_CHECK_CREDENTIALS, at: 4)
    case .crashDumpRequest(let request):
      bytes.store(CRASH_CLIENT_DUMP_REQUEST, at: 4)
      bytes.store(request.stackAddress, at: 8)
      bytes.store(request.exceptionInformationAddress, at: 16)
      bytes.store(request.sanitizationInformationAddress, at: 24)
      if dialect != .android { bytes.store(request.crashLoopBeforeTime, at: 32) }
    case .addAttachment(let path):
      bytes.store(CRASH_CLIENT_ADD_ATTACHMENT, at: 4)
      try bytes.storePath(path, dialect)
    case .removeAttachment(let path):
      bytes.store(CRASH_CLIENT_REMOVE_ATTACHMENT, at: 4)
      try bytes.storePath(path, dialect)
    case .requestRetry: bytes.store(CRASH_CLIENT_REQUEST_RETRY, at: 4)
    case .writeAttachment(let write):
      try checkPath(write.path, dialect)
      if write.payload.count > AttachmentWrite.maximumPayload {
        throw CrashProtocolError(.payloadTooLarge, value: UInt64(write.payload.count))
      }
      bytes.store(CRASH_CLIENT_WRITE_ATTACHMENT, at: 4)
      bytes.store(UInt32(write.path.count + 1), at: 16)
      bytes.store(UInt32(write.payload.count), at: 20)
      bytes.store(write.operation.rawValue, at: 24)
      bytes += write.path
      bytes.append(0)
      bytes += write.payload
    case .verdict(let verdict):
      bytes.store(CRASH_CLIENT_VERDICT, at: 4)
      bytes.store(UInt64(verdict), at: 8)
    case .unknown(let type): bytes.store(type, at: 4)
    }
    return bytes
  }
}

private func checkPath(_ path: [UInt8], _ dialect: Dialect) throws(CrashProtocolError) {
  if dialect != .sentry || path.isEmpty || path.count > ClientMessage.maximumPath || path.contains(0) {
    throw CrashProtocolError(.invalidPath, value: UInt64(path.count))
  }
}

extension [UInt8] {
  fileprivate mutating func storePath(_ path: [UInt8], _ dialect: Dialect) throws(CrashProtocolError) {
    try checkPath(path, dialect)
    for (index, byte) in path.enumerated() { self[16 + index] = byte }
  }
}
