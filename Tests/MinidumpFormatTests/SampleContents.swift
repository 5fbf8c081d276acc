// Provides minidump contents with every stream in them.

import MinidumpFormat

enum Sample {
  static func amd64() -> AMD64Context {
    var context = AMD64Context()
    context.rax = 0x1111_2222_3333_4444
    context.rbx = 2
    context.rcx = 3
    context.rdx = 4
    context.rsp = 0x7fff_0000_1000
    context.rbp = 0x7fff_0000_1100
    context.rsi = 7
    context.rdi = 8
    context.r8 = 9
    context.r15 = .max
    context.rip = 0x5555_0000_1234
    context.eflags = 0x10246
    context.cs = 0x33
    context.fs = 1
    context.gs = 2
    context.mxcsr = 0x1f80
    context.fxsave = (0..<512).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    return context
  }

  static func contexts() -> [(MinidumpProcessorArchitecture, MinidumpContext)] {
    var arm64 = ARM64Context(x: (0..<31).map { UInt64($0) << 32 | 5 })
    arm64.sp = 0x1000
    arm64.pc = 0x2000
    arm64.cpsr = 0x6000_0000
    arm64.fpcr = 1
    arm64.fpsr = 2
    arm64.v = (0..<512).map { UInt8(truncatingIfNeeded: $0) }
    arm64.debugRegisters = Array(repeating: 3, count: 120)
    var x86 = X86Context()
    x86.eip = 0x0804_8000
    x86.esp = 0xbfff_0000
    x86.gs = 0x33
    x86.fsave = Array(repeating: 9, count: 112)
    x86.fxsave = Array(repeating: 8, count: 512)
    var arm = ARMContext(r: (0..<16).map { UInt32($0) * 3 })
    arm.cpsr = 0x10
    arm.fpscr = 7
    arm.d = (0..<32).map { UInt64($0) << 40 }
    arm.extra = (0..<8).map { UInt32($0) }
    var riscv = RISCV64Context(x: (0..<31).map { UInt64($0) + 100 })
    riscv.pc = 0xabc
    riscv.f = (0..<32).map { UInt64($0) + 1 }
    riscv.fcsr = 5
    return [
      (.amd64, .amd64(amd64())), (.arm64, .arm64(arm64)), (.x86, .x86(x86)), (.arm, .arm(arm)),
      (.riscv64, .riscv64(riscv)),
    ]
  }

  /// Every stream that the writer knows. Memory is not there yet.
  static func contents(
    architecture: MinidumpProcessorArchitecture = .amd64, context: MinidumpContext = .amd64(amd64())
  ) -> MinidumpContents {
    var contents = MinidumpContents()
    contents.timestamp = 1_700_000_000
    contents.systemInfo = MinidumpSystemInfo(
      architecture: architecture, processorLevel: 6, processorRevision: 0x9e0d, processorCount: 8, majorVersion: 6,
      minorVersion: 8, buildNumber: 12, suiteMask: 3,
      cpu: architecture == .x86
        ? .x86(
          vendor: MinidumpCPUVendor(ebx: 0x756e_6547, edx: 0x4965_6e69, ecx: 0x6c65_746e), version: 1, features: 2,
          amdFeatures: 3)
        : .other(features0: 0x1234_5678_9abc_def0, features1: 77),
      serviceDescription: "-45-generic #45 SMP x86_64 ü 😀")
    contents.miscInfo = miscInfo()
    contents.threads = [
      MinidumpThread(
        id: 100, suspendCount: 1, priorityClass: 2, priority: 0x00_0003_14, teb: 0x7f00_0000_0740,
        stack: MinidumpAddressRange(start: 0x7fff_0000_0000, size: 0x1234), context: context),
      MinidumpThread(id: 101, teb: 5, context: context),
      MinidumpThread(id: 102, stack: MinidumpAddressRange(start: 0x7ffe_0000_0000, size: 64)),
    ]
    contents.threadNames = [
      MinidumpThreadName(threadID: 100, name: "main"), MinidumpThreadName(threadID: 101, name: "wörk-1 😀"),
      MinidumpThreadName(threadID: 102, name: ""),
    ]
    contents.exception = MinidumpException(
      threadID: 100, code: 11, flags: 1, record: 9, address: 0x42, parameters: [1, 2, .max], context: context)
    var version = MinidumpVersionInfo(fileType: 1)
    version.fileVersionHigh = 0x0001_0002
    version.fileVersionLow = 0x0003_0004
    version.productVersionHigh = 5
    version.productVersionLow = 6
    version.flagsMask = 7
    version.flags = 8
    version.operatingSystem = 9
    version.fileSubtype = 10
    version.fileDateHigh = 11
    version.fileDateLow = 12
    let guid = MinidumpGUID(data1: 0x0123_4567, data2: 0x89ab, data3: 0xcdef, data4: 0x0123_4567_89ab_cdef)
    contents.modules = [
      MinidumpModule(
        base: 0x5555_0000_0000, size: 0x2000, name: "/usr/bin/app", checksum: 1, timestamp: 2, version: version,
        codeView: .elfBuildID((1...20).map { UInt8($0) })),
      MinidumpModule(
        base: 0x7f00_0000_0000, size: 0x3000, name: "libc.so.6", version: nil,
        codeView: .pdb70(guid: guid, age: 0x1f, name: "libc.so.6")),
      MinidumpModule(
        base: 0x7f10_0000_0000, size: 0x3000, name: "ntdll.dll",
        codeView: .pdb20(offset: 3, signature: 0x3a2b_1c0d, age: 5, name: "ntdll.pdb")),
      MinidumpModule(base: 0x7f20_0000_0000, size: .max, name: "", codeView: .raw([1, 2, 3, 4, 5])),
      MinidumpModule(base: 0x7f30_0000_0000, size: 0, name: "none"),
    ]
    contents.unloadedModules = [
      MinidumpUnloadedModule(base: 0x7e00_0000_0000, size: 0x1000, name: "gone.so", checksum: 3, timestamp: 4)
    ]
    contents.crashpadInfo = crashpadInfo()
    contents.memoryInfo = [
      MinidumpMemoryInfo(
        base: 0x5555_0000_0000, size: 0x1000, protection: .init(read: true, write: false, execute: true), kind: .image,
        allocationBase: 0x5555_0000_0000 - 0x1000, allocationProtection: .readWrite),
      MinidumpMemoryInfo(base: 0x6000_0000_0000, size: .max, state: .free, protection: .noAccess, kind: .private),
    ]
    contents.handles = [
      MinidumpHandle(
        handle: 3, typeName: "File", objectName: "/dev/null", attributes: 1, grantedAccess: 2, handleCount: 4,
        pointerCount: 5),
      MinidumpHandle(handle: 4),
    ]
    contents.userStreams = [
      MinidumpUserStream(type: .linuxMaps, bytes: Array("5555-6666 r-xp 0 0:0 0 /usr/bin/app\n".utf8)),
      MinidumpUserStream(type: .linuxCommandLine, bytes: Array("app\0--flag\0".utf8)),
      MinidumpUserStream(type: .linuxEnvironment, bytes: []),
      MinidumpUserStream(type: .softErrors, bytes: Array("[]".utf8)),
      MinidumpUserStream(type: MinidumpStreamType(rawValue: 0x4b6b_0007), bytes: [1, 2, 3]),
    ]
    return contents
  }

  static func miscInfo() -> MinidumpMiscInfo {
    var info = MinidumpMiscInfo(processID: 4242)
    info.processTimes = MinidumpProcessTimes(created: 1, user: 2, kernel: 3)
    var power = MinidumpProcessorPower()
    power.maxMHz = 4
    power.currentMHz = 5
    power.limitMHz = 6
    power.maxIdleState = 7
    power.currentIdleState = 8
    info.processorPower = power
    var zone = MinidumpTimeZone()
    zone.id = 2
    zone.bias = -60
    zone.standardName = "CET"
    zone.daylightName = "CEST"
    zone.daylightBias = -60
    zone.standardDate.month = 10
    zone.daylightDate.milliseconds = 999
    info.timeZone = zone
    info.buildString = "Linux 6.8.0 #1 SMP x86_64"
    info.debugBuildString = "crashpad.amd64,0.8.0,linux"
    return info
  }

  static func crashpadInfo() -> MinidumpCrashpadInfo {
    MinidumpCrashpadInfo(
      reportID: MinidumpGUID(uuidBytes: (0..<16).map { UInt8($0) }),
      clientID: MinidumpGUID(data1: 1, data2: 2, data3: 3, data4: 4),
      simpleAnnotations: [
        MinidumpSimpleAnnotation(key: "a", value: "1"), MinidumpSimpleAnnotation(key: "b", value: ""),
        MinidumpSimpleAnnotation(key: "é", value: "ü😀"),
      ],
      modules: [
        MinidumpModuleCrashpadInfo(
          moduleIndex: 1, listAnnotations: ["abort() called", ""],
          simpleAnnotations: [MinidumpSimpleAnnotation(key: "k", value: "v")],
          annotations: [
            MinidumpAnnotation(name: "text", value: Array("value".utf8)),
            MinidumpAnnotation(name: "text", kind: .init(rawValue: 0x8001), value: [0, 1, 0xff]),
            MinidumpAnnotation(name: "empty", value: []),
          ]),
        MinidumpModuleCrashpadInfo(moduleIndex: 0, listAnnotations: ["only"]),
      ], addressMask: 0xffff_8000_0000_0000)
  }

  /// Memory whose byte at each address is a function of the address.
  static func byte(at address: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: address &* 31 &+ address >> 8) }

  static func readMemory(_ address: UInt64, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    for index in 0..<buffer.count { buffer[index] = byte(at: address &+ UInt64(index)) }
    return buffer.count
  }

  static func write(_ contents: MinidumpContents, order: MinidumpByteOrder = .little) throws -> [UInt8] {
    let sink = MinidumpMemorySink()
    try MinidumpWriter.write(contents, to: sink, order: order, readMemory: readMemory)
    return sink.bytes
  }
}
