// Tests of streams that others write and that this writer carries as bytes at most.

import MinidumpFormat
import Testing

/// Little-endian bytes of a stream.
private struct StreamBytes {
  var bytes: [UInt8] = []
  mutating func u16(_ values: UInt16...) { for value in values { append(value) } }
  mutating func u32(_ values: UInt32...) { for value in values { append(value) } }
  mutating func u64(_ values: UInt64...) { for value in values { append(value) } }
  mutating func text(_ value: String) { bytes += Array(value.utf8) }
  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) }
  }
}

@Suite struct `Streams of other producers` {
  private func reader(
    _ type: MinidumpStreamType, _ stream: StreamBytes, fix: (inout [UInt8], Int) -> Void = { _, _ in }
  ) throws -> MinidumpReader {
    var contents = MinidumpContents()
    contents.systemInfo = MinidumpSystemInfo(architecture: .amd64)
    contents.userStreams = [MinidumpUserStream(type: type, bytes: stream.bytes)]
    var bytes = try Sample.write(contents)
    let place = Int(try #require(try MinidumpReader(bytes).location(of: type)).offset)
    fix(&bytes, place)
    return try MinidumpReader(bytes)
  }

  @Test func `thread times`() throws {
    var stream = StreamBytes()
    stream.u32(12, 64, 1)
    stream.u32(77, 2, 3, 259)
    stream.u64(10, 20, 30, 40, 50, 60)
    let reader = try reader(.threadInfoList, stream)
    let info = try #require(reader.threadInfo?.first)
    #expect((info.threadID, info.dumpFlags, info.dumpError, info.exitStatus) == (77, 2, 3, 259))
    #expect((info.createTime, info.exitTime, info.kernelTime) == (10, 20, 30))
    #expect((info.userTime, info.startAddress, info.affinity) == (40, 50, 60))
    #expect(reader.softErrors.isEmpty)
  }

  @Test func `operations on handles`() throws {
    var stream = StreamBytes()
    stream.u32(16, 288, 1, 0)
    stream.u64(0x40)
    stream.u32(5, 6, 2, 0, 3, 9)
    stream.u64(0x1000, 0x2000, 0x3000)
    for _ in 3..<32 { stream.u64(0xdead) }
    let operation = try #require(try reader(.handleOperationList, stream).handleOperations?.first)
    #expect((operation.handle, operation.processID, operation.threadID, operation.operation) == (0x40, 5, 6, 2))
    #expect(operation.backtrace == [0x1000, 0x2000, 0x3000])
  }

  @Test func `tables of functions with their entries between them`() throws {
    var stream = StreamBytes()
    stream.u32(24, 32, 4, 12, 2, 0)
    for index in 0..<2 as Range<UInt64> {
      stream.u64(0x1000 + index, 0x2000 + index, 0x3000 + index)
      stream.u32(2, 4)
      // The native descriptor, padding, two entries.
      stream.u32(0xffff_ffff, 0xffff_ffff)
      for _ in 0..<6 { stream.u32(0xeeee_eeee) }
    }
    let reader = try reader(.functionTable, stream)
    #expect(reader.functionTables?.map { $0.base } == [0x3000, 0x3001])
    #expect(reader.functionTables?.map { $0.entryCount } == [2, 2])
    #expect(reader.softErrors.isEmpty)
  }

  @Test func `tokens`() throws {
    var stream = StreamBytes()
    stream.u32(16 + 24 + 16, 2, 16, 16)
    stream.u32(24, 7)
    stream.u64(0x55, 1)
    stream.u32(16, 8)
    stream.u64(0x66)
    let reader = try reader(.token, stream)
    #expect(reader.tokens?.map { $0.id } == [7, 8])
    #expect(reader.tokens?.map { $0.handle } == [0x55, 0x66])
    #expect(reader.softErrors.isEmpty)
  }

  @Test func `comments end at their NUL or with the stream`() throws {
    var stream = StreamBytes()
    stream.text("hello\0rest")
    #expect(try reader(.commentA, stream).comment == "hello")
    stream = StreamBytes()
    stream.text("no end")
    #expect(try reader(.commentA, stream).comment == "no end")
    stream = StreamBytes()
    stream.u16(0x77, 0xd83d, 0xde00, 0xd83d, 0x78, 0, 0x79)
    #expect(try reader(.commentW, stream).commentW == "w😀\u{fffd}x")
  }

  @Test func `what Breakpad says of the threads that matter`() throws {
    var stream = StreamBytes()
    stream.u32(2, 10, 20)
    let info = try reader(.breakpadInfo, stream).breakpadInfo
    #expect(info?.dumpThreadID == nil)
    #expect(info?.requestingThreadID == 20)
    // Firefox on Windows left the stream uninitialised in 2021.
    stream = StreamBytes()
    stream.u32(0xa3a3_a3a3, 10, 20)
    let garbage = try reader(.breakpadInfo, stream)
    #expect(garbage.breakpadInfo == nil)
    #expect(garbage.softErrors.map { $0.code } == [.unknownLayout])
  }

  @Test func `a list of threads with backing stores`() throws {
    var stream = StreamBytes()
    stream.u32(2)
    for id in 1...2 as ClosedRange<UInt32> {
      stream.u32(id, 0, 0, 0)
      stream.u64(0, 0x7000 * UInt64(id))
      stream.u32(0, 0, 0, 0)
      stream.u64(0)
      stream.u32(0, 0)
    }
    // The writer's own list is taken out of the directory: its entry is the second one.
    let reader = try reader(.threadExList, stream) { bytes, _ in
      for index in 0..<4 { bytes[32 + 12 + index] = 0 }
    }
    #expect(!reader.contains(.threadList))
    #expect(reader.threads?.map { $0.id } == [1, 2])
    #expect(reader.threads?.last?.stack?.start == 0xe000)
  }

  @Test func `crash info and boot arguments of macOS`() throws {
    var stream = StreamBytes()
    stream.u32(0x4d7a_0001, 1, 40)
    stream.u32(0, 0)
    for _ in 1..<20 { stream.u32(0, 0) }
    let record = stream.bytes.count
    stream.u64(0x4d7a_0001, 5, 11, 12, 13)
    stream.text("/usr/lib/x\0abort() called\0sig\0trace\0more\0")
    let size = stream.bytes.count - record
    let info = try #require(
      try reader(.macOSCrashInfo, stream) { bytes, place in
        for index in 0..<4 {
          bytes[place + 12 + index] = UInt8(truncatingIfNeeded: size >> (index * 8))
          bytes[place + 16 + index] = UInt8(truncatingIfNeeded: (place + record) >> (index * 8))
        }
      }.macOSCrashInfo?.first)
    #expect((info.version, info.thread, info.dialogMode, info.abortCause) == (5, 11, 12, 13))
    #expect(
      [info.modulePath, info.message, info.signature, info.backtrace, info.message2]
        == ["/usr/lib/x", "abort() called", "sig", "trace", "more"])

    stream = StreamBytes()
    stream.u32(0x4d7a_0002)
    stream.u64(0)
    stream.u32(4)
    stream.u16(0x2d, 0x76)
    let arguments = try reader(.macOSBootArgs, stream) { bytes, place in
      for index in 0..<4 { bytes[place + 4 + index] = UInt8(truncatingIfNeeded: (place + 12) >> (index * 8)) }
    }
    #expect(arguments.macOSBootArgs == "-v")
  }

  @Test(arguments: [MinidumpProcessorArchitecture.amd64, .x86])
  func `the dynamic linker's list`(architecture: MinidumpProcessorArchitecture) throws {
    var contents = MinidumpContents()
    contents.systemInfo = MinidumpSystemInfo(
      architecture: architecture,
      cpu: architecture == .x86
        ? .x86(vendor: MinidumpCPUVendor(ebx: 0, edx: 0, ecx: 0), version: 0, features: 0, amdFeatures: 0)
        : .other(features0: 0, features1: 0))
    contents.dsoDebug = MinidumpDSODebug(
      version: 1, breakpoint: 0x7f12_3456, linkerBase: 0x7f00_0000, dynamicSection: 0x5600_1000,
      dynamicSectionBytes: [1, 2, 3],
      entries: [
        MinidumpDSODebug.Entry(loadBias: 0x5600_0000, name: "", dynamicSection: 0x5600_1000),
        MinidumpDSODebug.Entry(loadBias: 0x7f00_0000, name: "/lib/ld.so", dynamicSection: 0x7f01_0000),
      ])
    for order in [MinidumpByteOrder.little, .big] {
      let reader = try MinidumpReader(Sample.write(contents, order: order))
      #expect(reader.dsoDebug == contents.dsoDebug)
      let size: UInt32 = architecture == .x86 ? 27 : 39
      #expect(reader.location(of: .linuxDSODebug)?.size == size)
      #expect(reader.softErrors.isEmpty)
    }
  }

  @Test func `the auxiliary vector ends at its null entry`() throws {
    var stream = StreamBytes()
    stream.u64(6, 4096, 9, 0x5555_0000_1040, 0, 0, 1, 1)
    let vector = try #require(try reader(.linuxAuxv, stream).auxiliaryVector())
    #expect(vector.map { $0.type } == [6, 9])
    #expect(vector.map { $0.value } == [4096, 0x5555_0000_1040])
  }

  @Test func `lists with padding behind their count`() throws {
    // As Breakpad on macOS and LLVM write them: 8 + n * 16 bytes.
    var contents = MinidumpContents()
    contents.userStreams = []
    var stream = StreamBytes()
    stream.u32(2, 0)
    stream.u64(0x1000)
    stream.u32(1, 40)
    stream.u64(0x2000)
    stream.u32(2, 50)
    contents.userStreams = [MinidumpUserStream(type: .linuxMaps, bytes: stream.bytes)]
    var bytes = try Sample.write(contents)
    // The maps become the memory list: types of the third and the fourth entry.
    let directory = try MinidumpReader(bytes).directory.map { $0.type }
    let maps = try #require(directory.firstIndex(of: .linuxMaps))
    let memory = try #require(directory.firstIndex(of: .memoryList))
    for index in 0..<4 {
      bytes[32 + maps * 12 + index] = index == 0 ? 5 : 0
      bytes[32 + memory * 12 + index] = 0
    }
    let reader = try MinidumpReader(bytes)
    #expect(reader.memoryList?.map { $0.start } == [0x1000, 0x2000])
    #expect(reader.memoryList?.map { $0.offset } == [40, 50])
  }

  @Test func `names of exceptions`() {
    func name(
      _ code: UInt32, _ flags: UInt32, _ platform: MinidumpPlatform, _ parameters: [UInt64] = [],
      _ architecture: MinidumpProcessorArchitecture = .amd64
    ) -> String {
      let exception = MinidumpException(threadID: 1, code: code, flags: flags, parameters: parameters)
      return exception.name(on: platform, architecture: architecture).summary(of: exception)
    }
    #expect(name(11, 1, .linux) == "SIGSEGV / SEGV_MAPERR")
    #expect(name(11, 0x80, .linux) == "SIGSEGV / SI_KERNEL")
    #expect(name(7, 4, .android) == "SIGBUS / BUS_MCEERR_AR")
    #expect(name(8, 1, .linux) == "SIGFPE / FPE_INTDIV")
    #expect(name(31, 1, .linux) == "SIGSYS / SYS_SECCOMP")
    #expect(name(15, 0, .linux) == "SIGTERM / SI_USER")
    #expect(name(6, UInt32(bitPattern: -6), .linux) == "SIGABRT / SI_TKILL")
    #expect(name(6, UInt32(bitPattern: -1), .linux) == "SIGABRT / SI_QUEUE")
    #expect(name(.max, 0, .linux) == "DUMP_REQUESTED")
    #expect(name(36, 0, .linux) == "SIGRTMIN+2 / SI_USER")
    #expect(name(99, 0, .linux) == "0x63 / SI_USER")
    #expect(name(0xc000_0005, 0, .windowsNT, [8, 0]) == "EXCEPTION_ACCESS_VIOLATION_EXEC")
    #expect(name(0xc000_0005, 0, .windowsNT) == "EXCEPTION_ACCESS_VIOLATION")
    #expect(
      name(0xc000_0006, 0, .windowsNT, [0, 1, 0xc000_0013])
        == "EXCEPTION_IN_PAGE_ERROR_READ / STATUS_NO_MEDIA_IN_DEVICE")
    #expect(name(0xc000_0409, 1, .windowsNT, [0]) == "EXCEPTION_STACK_BUFFER_OVERRUN / FAST_FAIL_LEGACY_GS_VIOLATION")
    #expect(name(0xe06d_7363, 1, .windowsNT) == "Unhandled C++ Exception")
    #expect(name(0xc06d_007e, 1, .windowsNT) == "FACILITY_VISUALCPP / ERROR_MOD_NOT_FOUND")
    #expect(name(0x1234, 1, .windowsNT) == "0x1234")
    #expect(name(2, 9, .linux) == "SIGINT / 0x00000009")
    #expect(name(7, 0x13, .macOS) == "EXC_SYSCALL / 0x00000013")
    #expect(name(1, 2, .macOS) == "EXC_BAD_ACCESS / KERN_PROTECTION_FAILURE")
    #expect(name(1, 13, .macOS) == "EXC_BAD_ACCESS / EXC_I386_GPFLT")
    #expect(name(1, 13, .macOS, [], .arm64) == "EXC_BAD_ACCESS / KERN_NAME_EXISTS")
    #expect(name(2, 1, .macOS) == "EXC_BAD_INSTRUCTION / EXC_I386_INVOP")
    #expect(name(6, 1, .iOS, [], .arm64) == "EXC_BREAKPOINT / EXC_ARM_BREAKPOINT")
    #expect(name(3, 2, .macOS, [], .ppc) == "EXC_ARITHMETIC / EXC_PPC_ZERO_DIVIDE")
    #expect(name(0x4350_6e78, 0, .macOS) == "UNCAUGHT_NSEXCEPTION")
    #expect(name(12, 0x4000_0000, .macOS) == "EXC_GUARD / GUARD_TYPE_FD")
  }
}
