// Tests that a crash is read as it happened.
import LinuxSystem
import ProcessMemory
import ProcessSnapshot
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Exceptions` {
  @Test func `a fault on a second thread has its registers, its address and its stack`() throws {
    let fixture = try Fixture("crash")
    let snapshot = try fixture.captureCrash()
    let exception = try #require(snapshot.exception)
    #expect(exception.threadID == (try fixture.number(2)))
    #expect(exception.signal.signal == 11)
    #expect(exception.signal.code == 1)
    #expect(exception.address == 0x10)
    #expect(exception.parameters == [])
    let context = try #require(exception.context)
    expectKnownRegisters(context.general)
    try expectKnownVectors(context, avx: true)
    #expect(context.instructionPointer == (try fixture.address(3)))
    #expect(context.general.fsBase != 0)
    #expect(context.general.cs == 0x33 && context.general.ss == 0x2b)
    // The stack is the one that the thread crashed on, not the handler's.
    let thread = try #require(snapshot.crashingThread)
    #expect(thread.stack?.kept.start == context.stackPointer - 128)
    let alternate = AddressRange(start: try fixture.address(4), size: 256 << 10)
    #expect(alternate.contains(thread.context.stackPointer))
    #expect(thread.stack?.whole.overlaps(alternate) == false)
    // The code around the crash is kept.
    #expect(snapshot.memoryWindows.contains { $0.contains(context.instructionPointer) })
    #expect(snapshot.softErrors == [])
  }

  @Test func `a thread id of another namespace is mended by the stack address`() throws {
    let fixture = try Fixture("crash")
    let thread = try fixture.number(2)
    // The record's claim is damaged in the copy that the capture sees.
    let stopped = try StoppedProcess.stop(fixture.processID)
    let access = MemoryAccess.open(process: fixture.processID, thread: stopped.representative)
    let lying = OverlayMemoryReader(access.reader, at: try fixture.address(0) + 16, [7, 0, 0, 0])
    let snapshot = ProcessSnapshot.capture(
      stopped, memory: MemoryAccess(reader: lying, strategy: .processVM, refusals: []),
      request: ExceptionRequest(informationAddress: try fixture.address(0), stackAddress: try fixture.address(1)))
    #expect(snapshot.exception?.claimedThreadID == 7)
    #expect(snapshot.exception?.threadID == thread)
  }

  @Test func `a stack overflow keeps the stack above the guard`() throws {
    let fixture = try Fixture("overflow")
    let snapshot = try fixture.captureCrash()
    let context = try #require(snapshot.exception?.context)
    let stack = try #require(snapshot.crashingThread?.stack)
    #expect(snapshot.crashingThread?.threadID == fixture.processID)
    let mapping = try #require(snapshot.map.mappings.first { $0.name == "[stack]" })
    #expect(mapping.range.contains(stack.whole.start))
    #expect(stack.whole.end == mapping.range.end)
    #expect(stack.whole.size > 7 << 20)
    #expect(stack.kept.size <= 8 << 20)
    #expect(context.stackPointer < mapping.range.start + 8192)
  }

  @Test func `a signal that somebody sent has its sender instead of an address`() throws {
    let fixture = try Fixture("queue")
    let exception = try #require(try fixture.captureCrash().exception)
    #expect(exception.signal.code == -6)
    #expect(exception.address == 0)
    #expect(exception.parameters.first == UInt64(fixture.processID))
  }

  @Test func `libc's last words are read`() throws {
    let fixture = try Fixture("assert")
    let snapshot = try fixture.captureCrash()
    #expect(snapshot.exception?.signal.signal == 6)
    let message = String(decoding: try #require(snapshot.fatalMessage), as: UTF8.self)
    #expect(message.contains("the fixture asserts"))
    #expect(message.contains("main.c"))
  }

  @Test func `the Swift runtime's last words are read without the client's help`() throws {
    let snapshot = try Fixture("message").capture()
    #expect(snapshot.fatalMessage.map { String(decoding: $0, as: UTF8.self) } == "Fatal error: the fixture gives up")
    // Nothing is made up where nothing was said.
    #expect(try Fixture("plain").capture().fatalMessage == nil)
  }

  @Test func `a request that points nowhere leaves everything else`() throws {
    let fixture = try Fixture("registers")
    for address in [0, 8, UInt64.max, UInt64.max - 19, 0xffff_8000_0000_0000] {
      let snapshot = try fixture.capture(ExceptionRequest(informationAddress: address, stackAddress: address))
      #expect(snapshot.exception == nil)
      #expect(snapshot.threads.count == 2)
      #expect(snapshot.softErrors.map { $0.part } == ["exception"])
    }
  }

  @Test func `a record full of bad pointers gives what it can`() throws {
    let fixture = try Fixture("memory")
    // The pattern is a record of nonsense.
    let snapshot = try fixture.capture(ExceptionRequest(informationAddress: try fixture.address(0) + 64))
    let exception = try #require(snapshot.exception)
    #expect(exception.context == nil)
    #expect(exception.signal.signal == 0)
    #expect(snapshot.softErrors.filter { $0.part == "exception" }.count == 3)
    #expect(snapshot.threads.count == 1)
  }
}

/// Another reader's memory with some bytes replaced.
final class OverlayMemoryReader: MemoryReader {
  private let base: any MemoryReader
  private let address: UInt64
  private let bytes: [UInt8]

  init(_ base: any MemoryReader, at address: UInt64, _ bytes: [UInt8]) {
    self.base = base
    self.address = address
    self.bytes = bytes
  }

  func read(at start: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = base.read(at: start, into: buffer)
    for (index, byte) in bytes.enumerated() {
      let position = address + UInt64(index)
      if position >= start, position - start < UInt64(count) { buffer[Int(position - start)] = byte }
    }
    return count
  }
}
