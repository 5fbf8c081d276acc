import CLinuxShims
import CrashProtocol
import Testing

private func decode(_ bytes: [UInt8]) throws(CrashProtocolError) -> (message: ClientMessage, dialect: Dialect) {
  try bytes.withUnsafeBufferPointer { (buffer) throws(CrashProtocolError) in
    try ClientMessage.decode(UnsafeRawBufferPointer(buffer))
  }
}

private let request = CrashDumpRequest(
  stackAddress: 0x1122_3344_5566_7788, exceptionInformationAddress: 0x99aa_bbcc_ddee_ff00,
  sanitizationInformationAddress: 7)

@Suite struct `Client messages` {
  @Test(arguments: [Dialect.chromium, .sentry, .android])
  func `a dump request round-trips and its length tells the dialect`(dialect: Dialect) throws {
    let bytes = try ClientMessage.crashDumpRequest(request).encoded(in: dialect)
    #expect(bytes.count == dialect.clientMessageSize)
    let (message, seen) = try decode(bytes)
    #expect(message == .crashDumpRequest(request))
    #expect(seen == dialect)
  }

  @Test func `a dump request has the bytes that peers expect`() throws {
    let bytes = try ClientMessage.crashDumpRequest(request).encoded(in: .chromium)
    #expect(
      bytes == [
        1, 0, 0, 0, 1, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
        0x00, 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      ])
  }

  @Test func `the C records of the crashing thread have the layout of the encoded messages`() throws {
    var record = crash_client_message()
    record.version = 1
    record.type = CRASH_CLIENT_DUMP_REQUEST
    record.stack_address = request.stackAddress
    record.information.exception_information_address = request.exceptionInformationAddress
    record.information.sanitization_information_address = request.sanitizationInformationAddress
    let bytes = withUnsafeBytes(of: &record) { Array($0) }
    #expect(bytes == (try ClientMessage.crashDumpRequest(request).encoded(in: .chromium)))
    #expect(MemoryLayout<crash_sentry_client_message>.size == Dialect.sentry.clientMessageSize)
  }

  @Test(arguments: [
    ClientMessage.checkCredentials, .addAttachment(path: Array("/tmp/a log".utf8)),
    .removeAttachment(path: [0xff, 0x80]), .requestRetry,
    .writeAttachment(AttachmentWrite(.append, path: Array("/run/x".utf8), payload: [1, 0, 2])),
    .writeAttachment(AttachmentWrite(.replace, path: Array("/run/x".utf8), payload: [])),
    .unknown(type: 77),
  ])
  func `every message of the Sentry dialect round-trips`(message: ClientMessage) throws {
    let (seen, dialect) = try decode(try message.encoded(in: .sentry))
    #expect(seen == message)
    #expect(dialect == .sentry)
  }

  @Test func `the longest path and the largest payload fit one packet`() throws {
    let write = AttachmentWrite(
      .replace, path: [UInt8](repeating: 97, count: 4095), payload: [UInt8](repeating: 5, count: 196_608))
    let bytes = try ClientMessage.writeAttachment(write).encoded(in: .sentry)
    #expect(bytes.count == ClientMessage.maximumPacket)
    #expect(try decode(bytes).message == .writeAttachment(write))
  }

  @Test func `what fits no packet is refused when it is encoded`() {
    func code(_ message: ClientMessage, _ dialect: Dialect = .sentry) -> CrashProtocolError.Code? {
      do {
        _ = try message.encoded(in: dialect)
        return nil
      } catch { return error.code }
    }
    #expect(code(.addAttachment(path: [])) == .invalidPath)
    #expect(code(.addAttachment(path: [UInt8](repeating: 97, count: 4096))) == .invalidPath)
    #expect(code(.addAttachment(path: [97, 0, 98])) == .invalidPath)
    #expect(code(.addAttachment(path: [97]), .chromium) == .invalidPath)
    let large = AttachmentWrite(.replace, path: [97], payload: [UInt8](repeating: 0, count: 196_609))
    #expect(code(.writeAttachment(large)) == .payloadTooLarge)
  }

  @Test(arguments: [0, 1, 8, 31, 33, 39, 41, 48, 4111])
  func `a packet of another length is no message`(length: Int) {
    #expect(throws: CrashProtocolError(.unexpectedLength, value: UInt64(length))) {
      _ = try decode([UInt8](repeating: 0, count: length))
    }
  }

  @Test func `a write whose sizes lie is refused`() throws {
    let write = AttachmentWrite(.replace, path: Array("/x".utf8), payload: [1, 2, 3])
    let good = try ClientMessage.writeAttachment(write).encoded(in: .sentry)
    for (offset, value) in [(16, UInt8(0)), (16, 2), (16, 4), (19, 0xff), (20, 2), (22, 0xff), (23, 0xff)] {
      var bytes = good
      bytes[offset] = value
      #expect(throws: CrashProtocolError(.invalidWriteSize, value: UInt64(bytes.count))) { _ = try decode(bytes) }
    }
    var operation = good
    operation[24] = 2
    #expect(throws: CrashProtocolError(.invalidOperation, value: 2)) { _ = try decode(operation) }
    var embedded = good
    embedded[4112] = 0
    #expect(throws: CrashProtocolError(.invalidPath, value: 3)) { _ = try decode(embedded) }
    var unterminated = good
    unterminated[4114] = 65
    #expect(throws: CrashProtocolError(.invalidPath, value: 3)) { _ = try decode(unterminated) }
  }

  @Test func `a path without an end is refused`() throws {
    var bytes = try ClientMessage.addAttachment(path: [97]).encoded(in: .sentry)
    for offset in 16..<4112 { bytes[offset] = 97 }
    #expect(throws: CrashProtocolError(.invalidPath, value: 4096)) { _ = try decode(bytes) }
  }

  @Test func `random packets never trap`() {
    var generator = SystemRandomNumberGenerator()
    let lengths = [0, 7, 32, 40, 4112, 4113, 4200, 9000]
    for round in 0..<2000 {
      var bytes = (0..<lengths[round % lengths.count]).map { _ in UInt8.random(in: 0...255, using: &generator) }
      if bytes.count >= 8 {
        bytes[4] = UInt8(round % 7)
        bytes[5] = 0
        bytes[6] = 0
        bytes[7] = 0
      }
      _ = try? decode(bytes)
      bytes.withUnsafeBytes {
        _ = ServerMessage($0)
        _ = CrashRecordExtension(record: $0)
        _ = ExceptionInformation($0)
      }
    }
  }
}
