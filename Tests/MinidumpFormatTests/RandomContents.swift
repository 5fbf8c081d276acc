// Provides random contents of every stream, each made again from its seed.

import MinidumpFormat

/// The generator of Marsaglia, so that a failure can be repeated.
struct Random {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
  mutating func below(_ bound: Int) -> Int { Int((next() >> 16) % UInt64(max(bound, 1))) }
  /// Small numbers, extreme ones and any.
  mutating func u64() -> UInt64 {
    switch below(4) {
    case 0: UInt64(below(16))
    case 1: [0, .max, 1 << 63, 0xffff_ffff, 1 << 32].randomElement(using: &self) ?? 0
    default: next()
    }
  }
  mutating func u32() -> UInt32 { UInt32(truncatingIfNeeded: u64()) }
  mutating func u16() -> UInt16 { UInt16(truncatingIfNeeded: u64()) }
  mutating func flip() -> Bool { below(2) == 0 }
  /// Not all zero: the reader gives no bytes for zeros.
  mutating func bytes(_ count: Int) -> [UInt8] {
    var result = (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    if count > 0 { result[count - 1] |= 1 }
    return result
  }
  /// Without NUL: several fields end there.
  mutating func text(_ most: Int = 40) -> String {
    let scalars: [Unicode.Scalar] = ["a", "Z", "/", "\\", " ", "ß", "漢", "😀", "\u{fffd}", "\u{301}", "\n"]
    var text = String.UnicodeScalarView()
    for _ in 0..<below(most) { text.append(scalars[below(scalars.count)]) }
    return String(text)
  }
  mutating func list<T>(_ most: Int = 4, _ make: (inout Random) -> T) -> [T] {
    (0..<below(most + 1)).map { _ in make(&self) }
  }
  mutating func maybe<T>(_ make: (inout Random) -> T) -> T? { flip() ? make(&self) : nil }
}

extension Random: RandomNumberGenerator {}

extension Random {
  mutating func guid() -> MinidumpGUID { MinidumpGUID(data1: u32(), data2: u16(), data3: u16(), data4: next()) }

  static let architectures: [MinidumpProcessorArchitecture] = [
    .amd64, .x86, .arm64, .arm, .riscv64, .ppc, .ppc64, .mips, .mips64, .sparc, .riscv, .x86OnAMD64, .armOnARM64,
    .x86OnARM64,
  ]

  mutating func context(_ architecture: MinidumpProcessorArchitecture, _ order: MinidumpByteOrder) -> MinidumpContext {
    switch architecture.instructionSet {
    case .amd64:
      var context = AMD64Context()
      (context.rip, context.rsp, context.rbx, context.r12) = (u64(), u64(), u64(), u64())
      (context.p1Home, context.p6Home, context.dr0, context.dr7) = (u64(), u64(), u64(), u64())
      (context.eflags, context.cs, context.ss, context.mxcsr) = (u32(), u16(), u16(), u32())
      if flip() { context.fxsave = bytes(512) }
      if flip() { context.vectorRegisters = bytes(416) }
      (context.vectorControl, context.lastExceptionFromRIP) = (u64(), u64())
      if flip() {
        context.contextFlags |= AMD64Context.extendedStateFlag
        context.extendedState = MinidumpXState(mask: u64(), compaction: u64(), area: bytes(1 + below(400)))
      } else if flip() {
        context.trailing = bytes(1 + below(20))
      }
      return .amd64(context)
    case .x86:
      var context = X86Context()
      (context.eip, context.esp, context.ebx, context.dr7, context.ss) = (u32(), u32(), u32(), u32(), u32())
      if flip() { context.fsave = bytes(112) }
      if flip() { context.fxsave = bytes(512) }
      if flip() {
        context.contextFlags |= AMD64Context.extendedStateFlag
        context.extendedState = MinidumpXState(mask: u64(), compaction: u64(), area: bytes(1 + below(400)))
      } else if flip() {
        context.trailing = bytes(1 + below(20))
      }
      return .x86(context)
    case .arm64:
      var context = ARM64Context(x: (0..<31).map { _ in u64() })
      (context.sp, context.pc, context.cpsr, context.fpcr, context.fpsr) = (u64(), u64(), u32(), u32(), u32())
      if flip() { context.v = bytes(512) }
      if flip() { context.debugRegisters = bytes(120) }
      if flip() { context.trailing = bytes(1 + below(20)) }
      return .arm64(context)
    case .arm:
      var context = ARMContext(r: (0..<16).map { _ in u32() })
      (context.cpsr, context.fpscr) = (u32(), u64())
      if flip() { context.d = (0..<32).map { _ in next() | 1 } }
      if flip() { context.extra = (0..<8).map { _ in u32() | 1 } }
      if flip() { context.trailing = bytes(1 + below(20)) }
      return .arm(context)
    case .riscv64:
      var context = RISCV64Context(x: (0..<31).map { _ in u64() })
      (context.pc, context.fcsr, context.version) = (u64(), u32(), u32())
      if flip() { context.f = (0..<32).map { _ in next() | 1 } }
      if flip() { context.trailing = bytes(1 + below(20)) }
      return .riscv64(context)
    default:
      let sizes: [MinidumpProcessorArchitecture: Int] = [
        .ppc: 1004, .ppc64: 1160, .mips: 600, .mips64: 600, .sparc: 584,
      ]
      let size = sizes[architecture] ?? 140
      return .other(OtherContext(architecture: architecture, byteOrder: order, bytes: bytes(size)))
    }
  }

  mutating func module() -> MinidumpModule {
    var module = MinidumpModule(base: u64(), size: u32(), name: text(), checksum: u32(), timestamp: u32())
    if flip() {
      module.version = nil
    } else {
      module.version?.fileVersionHigh = u32()
      module.version?.fileVersionLow = u32()
      module.version?.productVersionHigh = u32()
      module.version?.productVersionLow = u32()
      module.version?.flagsMask = u32()
      module.version?.flags = u32()
      module.version?.operatingSystem = u32()
      module.version?.fileType = u32()
      module.version?.fileSubtype = u32()
      module.version?.fileDateHigh = u32()
      module.version?.fileDateLow = u32()
    }
    switch below(5) {
    case 0: module.codeView = .elfBuildID(bytes(below(33)))
    case 1: module.codeView = .pdb70(guid: guid(), age: u32(), name: text())
    case 2: module.codeView = .pdb20(offset: u32(), signature: u32(), age: u32(), name: text())
    case 3: module.codeView = .raw([1] + bytes(1 + below(40)))
    default: break
    }
    if flip() { module.miscRecord = bytes(1 + below(40)) }
    return module
  }

  mutating func crashpadInfo() -> MinidumpCrashpadInfo {
    func pairs(_ random: inout Random) -> [MinidumpSimpleAnnotation] {
      // Sorted and without repetition, as they are written.
      var pairs: [MinidumpSimpleAnnotation] = []
      for index in 0..<random.below(4) {
        pairs.append(MinidumpSimpleAnnotation(key: "\(index)" + random.text(), value: random.text()))
      }
      return pairs
    }
    var info = MinidumpCrashpadInfo(reportID: guid(), clientID: guid(), simpleAnnotations: pairs(&self))
    info.addressMask = u64()
    for index in 0..<below(4) {
      var module = MinidumpModuleCrashpadInfo(moduleIndex: UInt32(index) * 2)
      // One without anything is left out.
      module.listAnnotations = [text()] + list { $0.text() }
      module.simpleAnnotations = pairs(&self)
      module.annotations = list {
        MinidumpAnnotation(name: $0.text(), kind: .init(rawValue: $0.u16()), value: $0.bytes($0.below(30)))
      }
      info.modules.append(module)
    }
    return info
  }

  mutating func miscInfo() -> MinidumpMiscInfo {
    var info = Sample.miscInfo()
    if flip() { info.processID = nil }
    if flip() { info.processTimes = nil }
    if flip() { info.processorPower = nil }
    info.integrityLevel = maybe { $0.u32() }
    info.executeFlags = maybe { $0.u32() }
    info.protectedProcess = maybe { $0.u32() }
    if flip() { info.timeZone = nil }
    info.processCookie = maybe { $0.u32() }
    if flip() {
      info.xState = MinidumpXStateConfiguration(
        contextSize: u32(), enabledFeatures: next() | 1,
        features: [MinidumpXStateFeature(index: below(64), offset: u32() | 1, size: u32())])
    }
    return info
  }

  mutating func systemMemoryInfo() -> MinidumpSystemMemoryInfo {
    var info = MinidumpSystemMemoryInfo()
    info.flags = u16()
    (info.timerResolution, info.pageSize, info.physicalPages) = (u32(), u32(), u32())
    (info.lowestPhysicalPage, info.highestPhysicalPage, info.allocationGranularity) = (u32(), u32(), u32())
    (info.minimumUserAddress, info.maximumUserAddress, info.processorMask) = (u64(), u64(), u64())
    (info.processorCount, info.cacheSize, info.peakCacheSize, info.cachePageFaults) = (u32(), u64(), u64(), u32())
    (info.minimumCacheWorkingSet, info.maximumCacheWorkingSet, info.cacheWithTransition) = (u64(), u64(), u64())
    (info.peakCacheWithTransition, info.cacheTransitionRepurposed, info.cacheFlags) = (u64(), u32(), u32())
    (info.available, info.committed, info.commitLimit, info.peakCommitment) = (u64(), u64(), u64(), u64())
    (info.idleTime, info.bytesRead, info.bytesWritten) = (u64(), u64(), u64())
    info.bytesTransferredOtherwise = u64()
    if flip() { info.counters = MinidumpSystemMemoryInfo.counterNames.map { _ in u32() | 1 } }
    (info.dirtyPages, info.dirtyPageThreshold, info.sharedCommittedPages) = (u64(), u64(), u64())
    info.residentAvailablePages = Int64(bitPattern: u64())
    return info
  }

  mutating func processVMCounters() -> MinidumpProcessVMCounters {
    var info = MinidumpProcessVMCounters()
    info.pageFaultCount = u32()
    (info.peakWorkingSet, info.workingSet, info.peakPagedPool, info.pagedPool) = (u64(), u64(), u64(), u64())
    (info.peakNonPagedPool, info.nonPagedPool, info.pagefile, info.peakPagefile) = (u64(), u64(), u64(), u64())
    info.privateUsage = u64()
    if flip() {
      info.revision = 1
      return info
    }
    info.flags = u16()
    (info.peakVirtualSize, info.virtualSize, info.privateWorkingSet, info.sharedCommit) = (u64(), u64(), u64(), u64())
    (info.jobSharedCommit, info.jobPrivateCommit, info.jobPeakPrivateCommit) = (u64(), u64(), u64())
    (info.jobPrivateCommitLimit, info.jobTotalCommitLimit) = (u64(), u64())
    return info
  }

  mutating func macOSCrashInfo() -> [MinidumpMacOSCrashInfo] {
    // All records of a dump have the same fields.
    let fields = below(4)
    return list(20) { random in
      var info = MinidumpMacOSCrashInfo(version: fields == 3 ? 5 : 4)
      if fields > 0 { info.thread = random.u64() }
      if fields > 1 { info.dialogMode = random.u64() }
      if fields > 2 { info.abortCause = random.u64() }
      (info.modulePath, info.message, info.signature) = (random.text(), random.text(), random.text())
      (info.backtrace, info.message2) = (random.text(), random.text())
      return info
    }
  }

  /// Streams of Windows, Breakpad and Mozilla.
  private mutating func addForeignStreams(to contents: inout MinidumpContents) {
    contents.threadInfo = list {
      var info = MinidumpThreadInfo(threadID: $0.u32())
      (info.dumpFlags, info.dumpError, info.exitStatus) = ($0.u32(), $0.u32(), $0.u32())
      (info.createTime, info.exitTime, info.kernelTime, info.userTime) = ($0.u64(), $0.u64(), $0.u64(), $0.u64())
      (info.startAddress, info.affinity) = ($0.u64(), $0.u64())
      return info
    }
    contents.handleOperations = list {
      var operation = MinidumpHandleOperation(handle: $0.u64())
      (operation.processID, operation.threadID, operation.operation) = ($0.u32(), $0.u32(), $0.u32())
      operation.backtraceIndex = $0.u32()
      operation.backtrace = $0.list(32) { $0.u64() }
      return operation
    }
    let (native, entry) = (below(40), 1 + below(20))
    contents.functionTables = list {
      MinidumpFunctionTable(
        minimumAddress: $0.u64(), maximumAddress: $0.u64(), base: $0.u64(), nativeDescriptor: $0.bytes(native),
        entrySize: UInt32(entry), entries: $0.bytes($0.below(5) * entry))
    }
    contents.tokens = list { MinidumpToken(id: $0.u32(), handle: $0.u64(), data: $0.bytes($0.below(50))) }
    contents.systemMemoryInfo = maybe { $0.systemMemoryInfo() }
    contents.processVMCounters = maybe { $0.processVMCounters() }
    contents.comment = maybe { $0.text() }
    contents.commentW = maybe { $0.text() }
    contents.breakpadInfo = maybe {
      MinidumpBreakpadInfo(dumpThreadID: $0.maybe { $0.u32() }, requestingThreadID: $0.maybe { $0.u32() })
    }
    contents.assertionInfo = maybe {
      MinidumpAssertionInfo(
        expression: $0.text(60), function: $0.text(60), file: $0.text(60), line: $0.u32(), kind: $0.u32())
    }
    contents.macOSCrashInfo = macOSCrashInfo()
    contents.macOSBootArgs = maybe { $0.text() }
  }

  /// Contents with every stream in it, most of the time.
  mutating func contents(_ order: MinidumpByteOrder) -> MinidumpContents {
    let architecture = Self.architectures[below(Self.architectures.count)]
    var contents = MinidumpContents()
    contents.timestamp = u32()
    contents.flags = u64() & ~MinidumpHeader.avxXStateContext
    contents.systemInfo = MinidumpSystemInfo(
      architecture: architecture,
      platform: [.linux, .windowsNT, .macOS, .android].randomElement(using: &self) ?? .linux,
      processorLevel: u16(), processorRevision: u16(), processorCount: 3, majorVersion: u32(), minorVersion: u32(),
      buildNumber: u32(), suiteMask: u16(),
      cpu: architecture.instructionSet == .x86
        ? .x86(
          vendor: MinidumpCPUVendor(ebx: u32(), edx: u32(), ecx: u32()), version: u32(), features: u32(),
          amdFeatures: u32())
        : .other(features0: u64(), features1: u64()), serviceDescription: text())
    contents.miscInfo = maybe { $0.miscInfo() }
    let stores = below(4) == 0
    for index in 0..<below(5) {
      var thread = MinidumpThread(
        id: u32(), suspendCount: u32(), priorityClass: u32(), priority: u32(), teb: u64(),
        context: maybe { $0.context(architecture, order) })
      let start = 0x7000_0000 + UInt64(index) << 16
      thread.stack = maybe { MinidumpAddressRange(start: start, size: UInt64(1 + $0.below(300))) }
      if stores {
        thread.backingStore = MinidumpAddressRange(start: start + 0x8000, size: UInt64(1 + below(300)))
      }
      contents.threads.append(thread)
    }
    contents.threadNames = list { MinidumpThreadName(threadID: $0.u32(), name: $0.text()) }
    contents.exception = maybe {
      MinidumpException(
        threadID: $0.u32(), code: $0.u32(), flags: $0.u32(), record: $0.u64(), address: $0.u64(),
        parameters: $0.list(15) { $0.u64() }, context: $0.maybe { $0.context(architecture, order) })
    }
    if contents.exception != nil {
      contents.otherExceptions = list(2) { MinidumpException(threadID: $0.u32(), code: $0.u32(), flags: $0.u32()) }
    }
    contents.modules = list { $0.module() }
    contents.unloadedModules = list {
      MinidumpUnloadedModule(
        base: $0.u64(), size: $0.u32(), name: $0.text(), checksum: $0.u32(), timestamp: $0.u32())
    }
    contents.crashpadInfo = maybe { $0.crashpadInfo() }
    contents.memoryInfo = list {
      MinidumpMemoryInfo(
        base: $0.u64(), size: $0.u64(), state: .init(rawValue: $0.u32()), protection: .init(rawValue: $0.u32()),
        kind: .init(rawValue: $0.u32()), allocationBase: $0.u64(), allocationProtection: .init(rawValue: $0.u32()))
    }
    contents.handles = list {
      var handle = MinidumpHandle(
        handle: $0.u64(), typeName: $0.maybe { $0.text() }, objectName: $0.maybe { $0.text() }, attributes: $0.u32(),
        grantedAccess: $0.u32(), handleCount: $0.u32(), pointerCount: $0.u32())
      handle.information = $0.list(3) { MinidumpHandleInformation(kind: $0.u32(), data: $0.bytes($0.below(40))) }
      return handle
    }
    contents.dsoDebug = maybe { dsoDebug in
      // The low half of an address is never 0, nor below 64 KiB; in 32-bit dumps there is no high half.
      func address(_ random: inout Random) -> UInt64 { UInt64(random.u32() | 0x10_0001) }
      return MinidumpDSODebug(
        version: 1, breakpoint: address(&dsoDebug), linkerBase: address(&dsoDebug), dynamicSection: address(&dsoDebug),
        dynamicSectionBytes: dsoDebug.bytes(dsoDebug.below(40)),
        entries: dsoDebug.list {
          MinidumpDSODebug.Entry(loadBias: address(&$0), name: $0.text(), dynamicSection: address(&$0))
        })
    }
    addForeignStreams(to: &contents)
    let texts: [MinidumpStreamType] = [
      .linuxMaps, .linuxCPUInfo, .linuxProcStatus, .linuxLSBRelease, .linuxCommandLine, .linuxEnvironment, .linuxAuxv,
      .linuxProcStat, .linuxProcUptime, .linuxProcFD, .linuxLimits, .softErrors, .javaScriptData, .iptTrace,
      .stabilityReport, MinidumpStreamType(rawValue: 0xface_1ca7), MinidumpStreamType(rawValue: 0xffff_ffff),
    ]
    for type in texts where flip() {
      contents.userStreams.append(MinidumpUserStream(type: type, bytes: bytes(below(60))))
    }
    contents.memory = list { MinidumpAddressRange(start: UInt64($0.below(1 << 20)), size: UInt64($0.below(5000))) }
    contents.memory64 = list { MinidumpAddressRange(start: UInt64($0.below(1 << 21)), size: UInt64($0.below(9000))) }
    return contents
  }
}
