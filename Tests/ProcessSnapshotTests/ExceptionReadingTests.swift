// Tests of what damaged exception information is read as.
import ProcessMemory
import Testing

@testable import ProcessSnapshot

struct `Exception information` {
  @Test func `a thread id that is none means no thread, even where a thread's status cannot be read`() throws {
    // Seen as: a missing NSpid line and a negative id were both "nothing", hence equal, and the first thread was blamed.
    var record = [UInt8](repeating: 0, count: 128)
    record.replaceSubrange(16..<20, with: [0xff, 0xff, 0xff, 0xff])
    let ended = ThreadSnapshot(threadID: Int32.max, context: CPUContext(general: GeneralRegisters()))
    var reading = ExceptionReading(
      memory: BytesMemoryReader(at: 0x1000, record), process: Int32.max, threads: [ended], stacks: [nil], is64Bit: true)
    let result = reading.read(ExceptionRequest(informationAddress: 0x1000))
    let exception = try #require(result)
    #expect(exception.threadID == -1)
    #expect(reading.errors.contains { $0.message.contains("was not found") })
  }
}
