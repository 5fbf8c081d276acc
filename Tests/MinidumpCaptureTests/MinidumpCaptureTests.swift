// Tests that a dump of a real process says what the process knows of itself.
import LinuxSystem
@testable import MinidumpCapture
import MinidumpFormat
import ProcessMemory
import ProcessSnapshot
import SentryNativeTesting
import Testing

/// The fixture in one of its modes, and dumps of it.
private final class Dumped {
  let process: RunningProcess
  let words: [String]
  private(set) var snapshot = ProcessSnapshot(processID: 0)

  init(_ arguments: String...) throws {
    process = try RunningProcess(try FileSystem.executable().directory.appending("SnapshotFixture"), arguments)
    try process.waitForOutput(containing: "ready")
    try process.waitForOutput(containing: "\n")
    words = process.output.split { $0 == " " || $0 == "\n" }.dropFirst().map { String($0) }
  }

  deinit { process.end() }

  func address(_ index: Int) throws -> UInt64 { try #require(UInt64(words[index], radix: 16)) }

  /// - Parameter compare: is called with the dump while the process is still stopped, with the process's memory.
  @discardableResult
  func dump(
    crashed: Bool = false, _ options: MinidumpCaptureOptions = .init(),
    compare: (MinidumpMemoryReader, ProcMemMemoryReader) throws -> Void = { _, _ in }
  ) throws -> MinidumpReader {
    let stopped = try StoppedProcess.stop(process.processID)
    let access = MemoryAccess.open(process: stopped.processID, thread: stopped.representative)
    let request =
      crashed
      ? ExceptionRequest(informationAddress: try address(0), stackAddress: try address(1)) : nil
    snapshot = ProcessSnapshot.capture(stopped, memory: access, request: request)
    let sink = MinidumpMemorySink()
    let result = try MinidumpCapture.write(snapshot, memory: access.reader, options: options, to: sink)
    #expect(result.unreadableBytes == 0)
    #expect(result.droppedStreams == [])
    #expect(result.size == UInt64(sink.bytes.count))
    let dump = try MinidumpReader(sink.bytes)
    try compare(
      MinidumpMemoryReader(dump), ProcMemMemoryReader(process: process.processID, thread: process.processID))
    return dump
  }

  /// Stops the process, has a draft made, and ends the process before the draft is used.
  func stopped(
    _ draft: (ProcessSnapshot, any MemoryReader) throws -> MinidumpDraft,
    then use: (ProcessSnapshot, MinidumpDraft) throws -> Void
  ) throws {
    let stopped = try StoppedProcess.stop(process.processID)
    let access = MemoryAccess.open(process: stopped.processID, thread: stopped.representative)
    snapshot = ProcessSnapshot.capture(stopped, memory: access)
    let made = try draft(snapshot, access.reader)
    stopped.detach()
    process.end()
    try use(snapshot, made)
  }

  /// Memory of the process as its dumps have it: the environment that it was started with is zeros, and so are copies.
  func hidingEnvironment(_ bytes: [UInt8], at start: UInt64) -> [UInt8] {
    guard let hidden = snapshot.hiddenEnvironment else { return bytes }
    var bytes = bytes
    let environment = (try? FileSystem.read(FilePath("/proc/\(process.processID)/environ"))) ?? []
    var copies = EnvironmentCopies(environment)
    bytes.withUnsafeMutableBytes { copies.erase(in: $0) }
    for index in bytes.indices where hidden.contains(start + UInt64(index)) { bytes[index] = 0 }
    return bytes
  }
}

private func options(_ style: MinidumpStyle, heap: UInt64 = 512 << 10) -> MinidumpCaptureOptions {
  var options = MinidumpCaptureOptions()
  options.style = style
  options.heapLimit = heap
  return options
}

@Suite(.timeLimit(.minutes(10))) struct `Dumps of processes` {
  @Test func `a crash has the registers of the fault in the exception and in the thread`() throws {
    let fixture = try Dumped("crash")
    let dump = try fixture.dump(crashed: true) { memory, process in
      // Code around the crash and the stacks are there, byte for byte.
      let code = try fixture.address(3) - 64
      #expect(try memory.readBytes(at: code, count: 128) == process.readBytes(at: code, count: 128))
      for thread in fixture.snapshot.threads {
        let stack = try #require(thread.stack?.kept)
        let bytes = try memory.readBytes(at: stack.start, count: Int(stack.size))
        let expected = fixture.hidingEnvironment(
          try process.readBytes(at: stack.start, count: Int(stack.size)), at: stack.start)
        let isEqual = bytes == expected
        #expect(isEqual, "the stack at \(stack)")
      }
    }
    let exception = try #require(dump.exception)
    #expect(exception.code == 11 && exception.flags == 1 && exception.address == 0x10)
    #expect(exception.threadID == UInt32(fixture.words[2]))
    guard case .amd64(let context)? = exception.context else {
      Issue.record("no context")
      return
    }
    #expect(context.rax == 0x0101_0101_0101_0101 && context.r15 == 0x0f0f_0f0f_0f0f_0f0f)
    #expect(context.rip == (try fixture.address(3)))
    #expect(context.cs == 0x33 && context.mxcsr == 0x1f80)
    #expect(Array(context.fxsave[(160 + 48)..<(160 + 64)]) == [UInt8](repeating: 0xa3, count: 16))
    let threads = try #require(dump.threads)
    #expect(threads.map { $0.id } == fixture.snapshot.threads.map { UInt32($0.threadID) })
    let crashed = try #require(threads.first { $0.id == exception.threadID })
    // The thread's context has the whole vector registers, the exception's ends with SSE: see CPUContext+Minidump.swift.
    guard case .amd64(var threadContext)? = crashed.context else {
      Issue.record("no context")
      return
    }
    threadContext.extendedState = nil
    threadContext.contextFlags &= ~AMD64Context.extendedStateFlag | 0x10_0000
    #expect(threadContext == context)
    #expect(crashed.teb != 0)
  }

  @Test func `modules, names, texts and facts are there`() throws {
    let fixture = try Dumped("threads", "3")
    var options = MinidumpCaptureOptions()
    options.reportID = UniqueID("11223344-5566-7788-99aa-bbccddeeff00")
    options.annotations = [MinidumpSimpleAnnotation(key: "k", value: "v")]
    options.userStreams = [MinidumpUserStream(type: MinidumpStreamType(rawValue: 0x4b6b_0001), bytes: [1, 2, 3])]
    let dump = try fixture.dump(options)
    let modules = try #require(dump.modules)
    #expect(modules.map { $0.name } == fixture.snapshot.modules.map { $0.path.description })
    for (module, expected) in zip(modules, fixture.snapshot.modules) {
      #expect(module.codeView == .elfBuildID(expected.buildID))
      #expect(module.base == expected.range.start && UInt64(module.size) == expected.range.size)
    }
    #expect(dump.threadNames?.count == 4)
    #expect(dump.exception == nil)
    #expect(dump.systemInfo?.architecture == .amd64 && dump.systemInfo?.platform == .linux)
    #expect(dump.miscInfo?.processID == UInt32(fixture.process.processID))
    #expect(dump.crashpadInfo?.reportID.description == "11223344-5566-7788-99aa-bbccddeeff00")
    #expect(dump.crashpadInfo?.simpleAnnotations == options.annotations)
    #expect(dump.memoryInfo?.count == fixture.snapshot.map.mappings.count)
    #expect(dump.streamBytes(.linuxMaps).map { Array($0) } == fixture.snapshot.process.maps)
    #expect(dump.text(of: .linuxProcStatus)?.contains("SnapshotFixture") == true)
    #expect(dump.parts(of: .linuxCommandLine)?.suffix(2) == ["threads", "3"])
    #expect(dump.auxiliaryVector()?.contains { $0.type == 3 } == true)
    #expect(dump.contains(.linuxLimits) && dump.contains(.linuxCPUInfo) && dump.contains(.linuxLSBRelease))
    #expect(!dump.contains(.linuxEnvironment), "the environment may hold secrets")
    #expect(dump.streamBytes(MinidumpStreamType(rawValue: 0x4b6b_0001)).map { Array($0) } == [1, 2, 3])
    #expect(dump.softErrors == [])
  }

  @Test func `soft errors are a stream of JSON`() throws {
    let fixture = try Dumped("list", "circle")
    let text = try #require(try fixture.dump().text(of: .softErrors))
    #expect(text == "[\"modules: the loader's list of modules is a circle\"]")
  }

  @Test func `the last words are an annotation`() throws {
    let dump = try Dumped("message").dump()
    #expect(
      dump.crashpadInfo?.simpleAnnotations
        == [MinidumpSimpleAnnotation(key: MinidumpCapture.fatalMessageKey, value: "Fatal error: the fixture gives up")])
  }

  @Test func `annotations and streams of a Crashpad client are in the dump`() throws {
    let dump = try Dumped("annotations", "sound").dump()
    let module = try #require(dump.crashpadInfo?.modules.first)
    #expect(module.moduleIndex == 0)
    #expect(module.simpleAnnotations.map { $0.key } == ["ant", "zebra"])
    #expect(module.annotations.map { $0.name } == ["own", "text"])
    #expect(module.annotations.last?.value == Array("hello".utf8) && module.annotations.last?.kind == .string)
    #expect(dump.crashpadInfo?.modules.count == 1)
    #expect(dump.streamBytes(MinidumpStreamType(rawValue: 0x4b6b_0011)).map { Array($0) } == Array("second".utf8))
  }

  @Test func `a dump is a snapshot again`() throws {
    let fixture = try Dumped("crash")
    let dump = try fixture.dump(crashed: true)
    let copy = ProcessSnapshot(dump)
    let original = fixture.snapshot
    #expect(copy.processID == original.processID)
    #expect(copy.threads.map { $0.threadID } == original.threads.map { $0.threadID })
    #expect(copy.threads.map { $0.name } == original.threads.map { $0.name })
    #expect(copy.threads.map { $0.stack?.kept } == original.threads.map { $0.stack?.kept })
    #expect(copy.threads[0].context.general.rip == original.threads[0].context.general.rip)
    #expect(copy.threads[1].context.general.rip == original.exception?.context?.general.rip)
    #expect(copy.threads.map { $0.context.threadPointer } == original.threads.map { $0.context.threadPointer })
    #expect(copy.modules.map { $0.path } == original.modules.map { $0.path })
    #expect(copy.modules.map { $0.buildID } == original.modules.map { $0.buildID })
    #expect(copy.modules.first?.kind == .executable)
    #expect(copy.map.mappings == original.map.mappings)
    #expect(copy.exception?.signal.signal == 11 && copy.exception?.address == 0x10)
    #expect(copy.exception?.context?.general.r12 == 0x0c0c_0c0c_0c0c_0c0c)
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Memory of a dump` {
  @Test func `smart takes what the stack points to, and not what nothing points to`() throws {
    let fixture = try Dumped("heap")
    let object = [UInt8](repeating: 0x5a, count: 100)
    let smart = MinidumpMemoryReader(try fixture.dump(options(.smart)))
    #expect(smart.readAvailable(at: try fixture.address(0), count: 100) == object)
    #expect(smart.readAvailable(at: try fixture.address(1) + (32 << 10), count: 8) == [])
    let stacks = MinidumpMemoryReader(try fixture.dump(options(.stacks)))
    #expect(stacks.readAvailable(at: try fixture.address(0), count: 100) == [])
  }

  @Test func `full takes everything that can be read`() throws {
    let fixture = try Dumped("heap")
    try fixture.dump(options(.full)) { memory, process in
      let hidden = try fixture.address(1) + (32 << 10)
      #expect(memory.readAvailable(at: hidden, count: 8).count == 8)
      for mapping in fixture.snapshot.map.mappings
      where mapping.isReadable && !mapping.name.bytes.starts(with: "[v".utf8) {
        let count = Int(mapping.range.size)
        let expected = fixture.hidingEnvironment(
          process.readAvailable(at: mapping.range.start, count: count), at: mapping.range.start)
        let isEqual = memory.readAvailable(at: mapping.range.start, count: count) == expected
        #expect(isEqual, "\(mapping.name) at \(mapping.range)")
      }
    }
  }

  @Test func `the limit of the heap is kept`() throws {
    let fixture = try Dumped("heap")
    func heapBytes(_ limit: UInt64) throws -> UInt64 {
      _ = try fixture.dump(options(.stacks))
      let without = MinidumpDraft(fixture.snapshot, memory: BytesMemoryReader(), options: options(.stacks))
        .contents(fixture.snapshot)
      let access = MemoryAccess.open(process: fixture.process.processID, thread: fixture.process.processID)
      let with = MinidumpDraft(fixture.snapshot, memory: access.reader, options: options(.smart, heap: limit))
        .contents(fixture.snapshot)
      return with.memory.reduce(0) { $0 + $1.size } - without.memory.reduce(0) { $0 + $1.size }
    }
    #expect(try heapBytes(0) == 0)
    let some = try heapBytes(1024)
    // A part of it may be in the dump anyway, and the last piece may exceed the limit by less than its own size.
    #expect(some > 0 && some < 1024 + 512)
    #expect(try heapBytes(1 << 20) > some)
  }

  @Test func `the contexts of asynchronous frames are taken to the last`() throws {
    let fixture = try Dumped("contexts")
    let memory = MinidumpMemoryReader(try fixture.dump(options(.smart)))
    for index in 0..<4 {
      let bytes = memory.readAvailable(at: try fixture.address(index) + 16, count: 48)
      #expect(bytes == [UInt8](repeating: 0x60 + UInt8(index), count: 48), "context \(index)")
    }
  }

  /// Time that a process stands still is time that its users wait.
  @Test(arguments: [MinidumpStyle.stacks, .smart])
  func `are put together and written after the process has gone`(style: MinidumpStyle) throws {
    let fixture = try Dumped("heap")
    let before = MinidumpMemorySink()
    let after = MinidumpMemorySink()
    try fixture.stopped { snapshot, memory in
      try MinidumpCapture.write(snapshot, memory: memory, options: options(style), to: before)
      return MinidumpDraft(snapshot, memory: memory, options: options(style))
    } then: { snapshot, draft in
      #expect(!draft.needsProcess)
      let result = try draft.write(snapshot, to: after)
      #expect(result.unreadableBytes == 0)
    }
    #expect(after.bytes == before.bytes)
  }

  @Test func `with all memory are written while the process stands still`() throws {
    let fixture = try Dumped("heap")
    try fixture.stopped { snapshot, memory in
      MinidumpDraft(snapshot, memory: memory, options: options(.full))
    } then: { _, draft in
      #expect(draft.needsProcess)
    }
  }

  @Test func `memory that vanishes while it is written does not end the dump`() throws {
    let fixture = try Dumped("registers")
    _ = try fixture.dump()
    let snapshot = fixture.snapshot
    fixture.process.end()
    let gone = MemoryAccess.open(process: fixture.process.processID, thread: fixture.process.processID)
    let sink = MinidumpMemorySink()
    let result = try MinidumpCapture.write(snapshot, memory: gone.reader, to: sink)
    #expect(result.unreadableBytes > 0)
    let dump = try MinidumpReader(sink.bytes)
    #expect(dump.threads?.count == 2)
    let stack = try #require(dump.threads?.first?.stack)
    #expect(MinidumpMemoryReader(dump).readAvailable(at: stack.start, count: 16) == [UInt8](repeating: 0xfe, count: 16))
  }
}
