// Provides small dumps with the streams that other producers write, and with the registers of every CPU.
import MinidumpFormat

/// Words of a stream, 32 bits each, in the order of the dump.
private func words(_ order: MinidumpByteOrder, _ values: [UInt32]) -> [UInt8] {
  var bytes: [UInt8] = []
  for value in values { bytes.append(order == .little ? value : value.byteSwapped) }
  return bytes
}

func foreignMinidumpSeed(_ order: MinidumpByteOrder) -> [UInt8] {
  var contents = MinidumpContents()
  contents.systemInfo = MinidumpSystemInfo(architecture: .amd64, platform: .windowsNT)
  contents.exception = MinidumpException(threadID: 77, code: 0xc000_0005, address: 0x1000, parameters: [1, 2])
  func zeros(_ count: Int) -> [UInt32] { [UInt32](repeating: 0, count: count) }
  var thread = MinidumpThread(id: 77, stack: MinidumpAddressRange(start: 0x7000, size: 8))
  thread.backingStore = MinidumpAddressRange(start: 0x9000, size: 8)
  contents.threads = [thread]
  contents.threadInfo = [MinidumpThreadInfo(threadID: 77)]
  var operation = MinidumpHandleOperation(handle: 0x40)
  operation.backtrace = [1, 2, 3]
  contents.handleOperations = [operation]
  contents.functionTables = [
    MinidumpFunctionTable(
      minimumAddress: 1, maximumAddress: 2, base: 1, nativeDescriptor: [1, 2, 3, 4],
      entries: [UInt8](repeating: 1, count: 24)),
    MinidumpFunctionTable(minimumAddress: 3, maximumAddress: 4, base: 3, entries: [UInt8](repeating: 1, count: 12)),
  ]
  contents.tokens = [MinidumpToken(id: 7, handle: 0x55, data: [1, 2, 3, 4]), MinidumpToken(id: 8, handle: 0x66)]
  contents.systemMemoryInfo = MinidumpSystemMemoryInfo()
  contents.processVMCounters = MinidumpProcessVMCounters()
  contents.comment = "hello"
  contents.commentW = "aa"
  contents.breakpadInfo = MinidumpBreakpadInfo(dumpThreadID: 10, requestingThreadID: 20)
  contents.assertionInfo = MinidumpAssertionInfo(expression: "aa")
  var information = MinidumpMacOSCrashInfo(version: 5)
  (information.thread, information.dialogMode, information.abortCause) = (1, 2, 3)
  (information.modulePath, information.message) = ("/usr/lib/a", "b")
  contents.macOSCrashInfo = [information, information]
  contents.macOSBootArgs = "-v"
  let streams: [(MinidumpStreamType, [UInt32])] = [
    // Breakpad's layout, with padding; its list lies in the directory: any place will do, the mutations find others.
    (.linuxDSODebug, [1, 64, 1, 0, 0x1000, 0, 0x2000, 0, 0x3000, 0] + zeros(4)),
    (.linuxEnvironment, [0x0042_3d41, 0x0044_3d43]),
  ]
  contents.userStreams = streams.map { MinidumpUserStream(type: $0.0, bytes: words(order, $0.1)) }
  return bytes(of: contents, order)
}

/// One dump for each CPU whose registers the reader knows.
func contextSeeds() -> [(name: String, bytes: [UInt8])] {
  var extended = AMD64Context()
  extended.contextFlags |= AMD64Context.extendedStateFlag
  var area = [UInt8](repeating: 0, count: 832)
  area.put(7 as UInt64, at: 512)
  extended.extendedState = MinidumpXState(xsaveArea: area)
  let contexts: [(String, MinidumpProcessorArchitecture, MinidumpContext)] = [
    ("amd64-avx", .amd64, .amd64(extended)), ("x86", .x86, .x86(X86Context())),
    ("arm64", .arm64, .arm64(ARM64Context())), ("arm", .arm, .arm(ARMContext())),
    ("riscv64", .riscv64, .riscv64(RISCV64Context())),
    (
      "mips64", .mips64,
      .other(OtherContext(architecture: .mips64, byteOrder: .little, bytes: [UInt8](repeating: 0, count: 600)))
    ),
  ]
  return contexts.map { name, architecture, context in
    var contents = MinidumpContents()
    contents.systemInfo = MinidumpSystemInfo(architecture: architecture, platform: .linux)
    contents.threads = [MinidumpThread(id: 1, context: context)]
    contents.exception = MinidumpException(threadID: 1, code: 11, flags: 1, address: 8, context: context)
    return ("context-\(name)", bytes(of: contents, .little))
  }
}

private func bytes(of contents: MinidumpContents, _ order: MinidumpByteOrder) -> [UInt8] {
  let sink = MinidumpMemorySink()
  _ = try? MinidumpWriter.write(contents, to: sink, order: order) { _, buffer in
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    return buffer.count
  }
  return sink.bytes
}
