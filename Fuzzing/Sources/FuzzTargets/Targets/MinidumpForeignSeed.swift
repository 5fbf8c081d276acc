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
  let streams: [(MinidumpStreamType, [UInt32])] = [
    (.threadInfoList, [12, 64, 1, 77, 2, 3, 259] + zeros(12)),
    (.handleOperationList, [16, 288, 1, 0, 0x40, 0, 5, 6, 2, 0, 3, 9] + zeros(64)),
    (.functionTable, [24, 32, 4, 12, 1, 0, 1, 0, 2, 0, 3, 0, 2, 4, 0, 0] + zeros(6)),
    (.token, [16 + 24 + 16, 2, 16, 16, 24, 7, 0x55, 0, 1, 0, 16, 8, 0x66, 0]),
    (.commentA, [0x6c6c_6568, 0x6f]), (.commentW, [0x0061_0061, 0x0000_0061]),
    (.breakpadInfo, [3, 10, 20]), (.assertionInfo, [0x0061_0061] + zeros(193)),
    (.linuxDSODebug, [1, 64, 1, 0x1000, 0, 0x2000, 0, 0x3000, 0] + zeros(4)),
    // Their offsets lead to the header: any place will do, the mutations find others.
    (.macOSCrashInfo, [0x4d7a_0001, 1, 40, 64, 32] + zeros(38)), (.macOSBootArgs, [0x4d7a_0002, 32, 0]),
    (.threadExList, [1, 77, 0, 0, 0, 0, 0, 0x7000, 0] + zeros(8)),
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
