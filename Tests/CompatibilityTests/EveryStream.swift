// Provides a dump with every stream that our writer knows and some other reader reads.
import MinidumpFormat
import SentryNativeTesting

enum EveryStream {
  static func write(_ contents: MinidumpContents) throws -> [UInt8] {
    let sink = MinidumpMemorySink()
    try MinidumpWriter.write(contents, to: sink) { address, buffer in
      for index in 0..<buffer.count { buffer[index] = UInt8(truncatingIfNeeded: address &+ UInt64(index)) }
      return buffer.count
    }
    return sink.bytes
  }

  static func contents() -> MinidumpContents {
    var contents = MinidumpContents()
    contents.timestamp = 1_700_000_000
    contents.systemInfo = MinidumpSystemInfo(
      architecture: .amd64, processorLevel: 6, processorRevision: 0x9e0d, processorCount: 8, majorVersion: 6,
      minorVersion: 8, buildNumber: 12, suiteMask: 3, serviceDescription: "-45-generic #45 ü")
    contents.miscInfo = miscInfo()
    addThreads(to: &contents)
    addModules(to: &contents)
    contents.crashpadInfo = MinidumpCrashpadInfo(
      reportID: MinidumpGUID(uuidBytes: (0..<16).map { UInt8($0) }),
      clientID: MinidumpGUID(data1: 1, data2: 2, data3: 3, data4: 4),
      simpleAnnotations: [
        MinidumpSimpleAnnotation(key: "a", value: "1"), MinidumpSimpleAnnotation(key: "é", value: "ü😀"),
      ],
      modules: [
        MinidumpModuleCrashpadInfo(
          moduleIndex: 1, listAnnotations: ["abort() called"],
          simpleAnnotations: [MinidumpSimpleAnnotation(key: "k", value: "v")],
          annotations: [MinidumpAnnotation(name: "text", value: Array("value".utf8))])
      ])
    contents.memoryInfo = [
      MinidumpMemoryInfo(
        base: 0x5555_0000_0000, size: 0x1000, protection: .executeRead, kind: .image, allocationBase: 0x5554_0000_0000,
        allocationProtection: .readWrite)
    ]
    contents.handles = [
      MinidumpHandle(
        handle: 3, typeName: "File", objectName: "/dev/null", attributes: 1, grantedAccess: 2, handleCount: 4,
        pointerCount: 5)
    ]
    addForeign(to: &contents)
    contents.memory = [MinidumpAddressRange(start: 0x10_0000, size: 100)]
    contents.memory64 = [MinidumpAddressRange(start: 0x20_0000, size: 300)]
    return contents
  }

  static func miscInfo() -> MinidumpMiscInfo {
    var info = MinidumpMiscInfo(processID: 4242)
    info.processTimes = MinidumpProcessTimes(created: 11, user: 2, kernel: 3)
    var power = MinidumpProcessorPower()
    (power.maxMHz, power.currentMHz, power.limitMHz) = (14, 15, 16)
    (power.maxIdleState, power.currentIdleState) = (7, 8)
    info.processorPower = power
    var zone = MinidumpTimeZone()
    (zone.id, zone.bias, zone.standardName, zone.daylightName, zone.daylightBias) = (2, -60, "CET", "CEST", -30)
    info.timeZone = zone
    (info.integrityLevel, info.executeFlags, info.protectedProcess) = (17, 18, 19)
    info.buildString = "Linux 6.8.0"
    info.debugBuildString = "writer.amd64,1"
    info.processCookie = 0xfeed
    return info
  }

  static func registers() -> AMD64Context {
    var registers = AMD64Context()
    (registers.rax, registers.rcx, registers.rdx, registers.rbx) = (0x101, 0x102, 0x103, 0x104)
    (registers.rsp, registers.rbp, registers.rsi, registers.rdi) = (0x7fff_0000_1000, 0x7fff_0000_1100, 0x105, 0x106)
    (registers.r8, registers.r9, registers.r10, registers.r11) = (0x108, 0x109, 0x10a, 0x10b)
    (registers.r12, registers.r13, registers.r14, registers.r15) = (0x10c, 0x10d, 0x10e, .max)
    (registers.rip, registers.eflags, registers.mxcsr) = (0x5555_0000_0123, 0x10246, 0x1f80)
    (registers.cs, registers.ds, registers.es, registers.fs, registers.gs, registers.ss) = (0x33, 1, 2, 3, 4, 0x2b)
    (registers.dr0, registers.dr1, registers.dr2, registers.dr3) = (0x201, 0x202, 0x203, 0x204)
    (registers.dr6, registers.dr7, registers.p1Home, registers.p6Home) = (0x206, 0x207, 0x301, 0x306)
    return registers
  }

  private static func addThreads(to contents: inout MinidumpContents) {
    contents.threads = [
      MinidumpThread(
        id: 100, suspendCount: 1, priorityClass: 2, priority: 0x314, teb: 0x7f00_0000_0740,
        stack: MinidumpAddressRange(start: 0x7fff_0000_0000, size: 0x1234), context: .amd64(registers())),
      MinidumpThread(id: 101, teb: 5, context: .amd64(registers())),
    ]
    contents.threadNames = [
      MinidumpThreadName(threadID: 100, name: "main"), MinidumpThreadName(threadID: 101, name: "wörk 😀"),
    ]
    var crashed = registers()
    crashed.rip = 0x5555_0000_0999
    contents.exception = MinidumpException(
      threadID: 100, code: 11, flags: 1, record: 9, address: 0x42, parameters: [1, 2, .max], context: .amd64(crashed))
    var info = MinidumpThreadInfo(threadID: 100)
    (info.dumpFlags, info.dumpError, info.exitStatus) = (2, 3, 259)
    (info.createTime, info.exitTime, info.kernelTime, info.userTime) = (130, 140, 40, 50)
    (info.startAddress, info.affinity) = (0x40_1000, 15)
    contents.threadInfo = [info]
  }

  private static func addModules(to contents: inout MinidumpContents) {
    var version = MinidumpVersionInfo(fileType: 1)
    (version.fileVersionHigh, version.fileVersionLow) = (0x0001_0002, 0x0003_0004)
    (version.productVersionHigh, version.productVersionLow) = (0x0005_0006, 0x0007_0008)
    (version.flagsMask, version.flags, version.operatingSystem, version.fileSubtype) = (9, 10, 11, 12)
    (version.fileDateHigh, version.fileDateLow) = (13, 14)
    let guid = MinidumpGUID(data1: 0x0123_4567, data2: 0x89ab, data3: 0xcdef, data4: 0x0123_4567_89ab_cdef)
    contents.modules = [
      MinidumpModule(
        base: 0x5555_0000_0000, size: 0x2000, name: "/usr/bin/app", checksum: 1, timestamp: 2, version: version,
        codeView: .elfBuildID((1...20).map { UInt8($0) })),
      MinidumpModule(
        base: 0x7f00_0000_0000, size: 0x3000, name: "libc.so.6",
        codeView: .pdb70(guid: guid, age: 0x1f, name: "libc.pdb")),
      MinidumpModule(
        base: 0x7f10_0000_0000, size: 0x3000, name: "ntdll.dll",
        codeView: .pdb20(offset: 3, signature: 0x3a2b_1c0d, age: 5, name: "ntdll.pdb")),
    ]
    contents.unloadedModules = [
      MinidumpUnloadedModule(base: 0x7e00_0000_0000, size: 0x1000, name: "gone.so", checksum: 3, timestamp: 4)
    ]
  }

  /// What other producers write.
  private static func addForeign(to contents: inout MinidumpContents) {
    contents.comment = "a comment"
    contents.commentW = "wide ü"
    contents.breakpadInfo = MinidumpBreakpadInfo(dumpThreadID: 101, requestingThreadID: 100)
    contents.assertionInfo = MinidumpAssertionInfo(
      expression: "x == y", function: "check", file: "a.c", line: 7, kind: 1)
    var record = MinidumpMacOSCrashInfo(version: 5)
    (record.thread, record.dialogMode, record.abortCause) = (21, 22, 23)
    (record.modulePath, record.message, record.signature) = ("/usr/lib/a", "abort() called", "signed")
    (record.backtrace, record.message2) = ("traced", "more")
    contents.macOSCrashInfo = [record]
    contents.macOSBootArgs = "-v debug=1"
    contents.userStreams = [
      MinidumpUserStream(type: .linuxCommandLine, bytes: Array("app\0--flag\0".utf8)),
      MinidumpUserStream(type: .linuxEnvironment, bytes: Array("A=1\0".utf8)),
      MinidumpUserStream(type: .linuxMaps, bytes: Array("555500000000-555500001000 r-xp 0 0:0 0 /usr/bin/app\n".utf8)),
      MinidumpUserStream(type: .linuxCPUInfo, bytes: Array("vendor_id : X\n".utf8)),
      MinidumpUserStream(type: .linuxProcStatus, bytes: Array("Pid: 4242\n".utf8)),
      MinidumpUserStream(type: .linuxLSBRelease, bytes: Array("DISTRIB_ID=Y\n".utf8)),
      MinidumpUserStream(type: .linuxLimits, bytes: Array("Limit  Soft Limit  Hard Limit  Units\n".utf8)),
      MinidumpUserStream(type: .softErrors, bytes: Array("[]".utf8)),
    ]
  }
}
