import CLinuxShims
import CrashProtocol
import Testing

@Suite struct `Server messages and the crash record` {
  @Test func `a server message round-trips and unknown kinds survive`() throws {
    for message in [ServerMessage(.setPtracer, processID: 4711), ServerMessage(.init(rawValue: 99), processID: -1)] {
      #expect(message.encoded.withUnsafeBytes { ServerMessage($0) } == message)
    }
    #expect([UInt8](repeating: 0, count: 7).withUnsafeBytes { ServerMessage($0) } == nil)
  }

  @Test func `our handler is told from a foreign one by its first answer`() {
    #expect(ServerMessage.ourCredentials.isFromOurHandler)
    #expect(!ServerMessage(.credentials).isFromOurHandler)
    #expect(!ServerMessage(.dumpComplete, processID: HandlerMark.current).isFromOurHandler)
    #expect(HandlerMark.version(of: HandlerMark.current) == 2)
  }

  @Test func `the record in the client is what the handler reads`() throws {
    var record = crash_record()
    record.exception = crash_exception_information(siginfo_address: 1, ucontext_address: 2, thread_id: -3)
    record.size = UInt32(MemoryLayout<crash_record>.size)
    record.magic = CRASH_RECORD_MAGIC
    record.version = 1
    record.flags = CRASH_RECORD_SIMULATED
    record.fatal_message_slot = 0x1000
    record.crash_time = 12345
    record.request_count = 2
    let bytes = withUnsafeBytes(of: &record) { Array($0) }
    #expect(bytes.count == CrashRecordExtension.recordSize)
    let information = try #require(bytes.withUnsafeBytes { ExceptionInformation($0) })
    #expect(information == ExceptionInformation(siginfoAddress: 1, ucontextAddress: 2, threadID: -3))
    let ours = try #require(bytes.withUnsafeBytes { CrashRecordExtension(record: $0) })
    #expect(ours.isSimulated && ours.fatalMessageSlot == 0x1000 && ours.crashTime == 12345 && ours.requestCount == 2)
  }

  @Test func `another program's memory is no extension`() {
    var bytes = [UInt8](repeating: 0xaa, count: 128)
    #expect(bytes.withUnsafeBytes { CrashRecordExtension(record: $0) } == nil)
    bytes = [UInt8](repeating: 0, count: 20)
    #expect(bytes.withUnsafeBytes { CrashRecordExtension(record: $0) } == nil)
    #expect(bytes.withUnsafeBytes { ExceptionInformation($0) } != nil)
    #expect(bytes.prefix(19).withUnsafeBytes { ExceptionInformation($0) } == nil)
  }

  @Test func `the process has one crash record with its marks in place`() {
    let record = crash_record_shared()
    #expect(record.pointee.magic == CRASH_RECORD_MAGIC)
    #expect(record.pointee.size == 128)
  }
}
