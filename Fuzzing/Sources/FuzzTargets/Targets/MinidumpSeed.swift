// Provides a small dump with every stream that our writer knows.
import MinidumpFormat

func minidumpSeed(_ order: MinidumpByteOrder) -> [UInt8] {
  var contents = MinidumpContents()
  contents.timestamp = 1_700_000_000
  contents.systemInfo = MinidumpSystemInfo(architecture: .amd64, platform: .linux, processorCount: 2)
  contents.miscInfo = MinidumpMiscInfo(processID: 42)
  var registers = AMD64Context()
  registers.rip = 0x40_1000
  registers.rsp = 0x7ffd_0000
  let stack = MinidumpAddressRange(start: 0x7ffd_0000, size: 64)
  contents.threads = [
    MinidumpThread(id: 42, stack: stack, context: .amd64(registers)),
    MinidumpThread(id: 43, context: .arm64(ARM64Context())),
  ]
  contents.threadNames = [MinidumpThreadName(threadID: 42, name: "main")]
  contents.exception = MinidumpException(
    threadID: 42, code: 11, flags: 1, address: 0x10, parameters: [1, 2], context: .amd64(registers))
  contents.modules = [
    MinidumpModule(
      base: 0x40_0000, size: 0x2000, name: "/bin/a", codeView: .elfBuildID([UInt8](repeating: 7, count: 20))),
    MinidumpModule(base: 0x50_0000, size: 0x2000, name: "b.so", codeView: .pdb70(guid: .zero, age: 1, name: "b.pdb")),
  ]
  contents.unloadedModules = [MinidumpUnloadedModule(base: 0x60_0000, size: 0x1000, name: "c.so")]
  var info = MinidumpCrashpadInfo(reportID: .zero, clientID: .zero)
  info.simpleAnnotations = [MinidumpSimpleAnnotation(key: "k", value: "v")]
  var module = MinidumpModuleCrashpadInfo(moduleIndex: 0)
  module.listAnnotations = ["x"]
  module.simpleAnnotations = [MinidumpSimpleAnnotation(key: "a", value: "b")]
  module.annotations = [MinidumpAnnotation(name: "n", kind: .string, value: [65, 66])]
  info.modules = [module]
  contents.crashpadInfo = info
  contents.memoryInfo = [
    MinidumpMemoryInfo(
      base: 0x40_0000, size: 0x1000, state: .commit, protection: .init(read: true, write: false, execute: true),
      kind: .image)
  ]
  contents.handles = [MinidumpHandle(handle: 3, typeName: "File", objectName: "/dev/null")]
  contents.handles[0].information = [
    MinidumpHandleInformation(kind: 6, data: [1, 2]), MinidumpHandleInformation(kind: 1, data: [3]),
  ]
  contents.userStreams = [
    MinidumpUserStream(type: .linuxMaps, bytes: Array("400000-401000 r-xp 0 8:1 1 /bin/a\n".utf8)),
    MinidumpUserStream(type: .linuxAuxv, bytes: [3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
    MinidumpUserStream(type: .linuxEnvironment, bytes: Array("A=B\0C=D\0".utf8)),
  ]
  contents.memory = [MinidumpAddressRange(start: 0x10_0000, size: 32)]
  contents.memory64 = [MinidumpAddressRange(start: 0x20_0000, size: 16)]
  let sink = MinidumpMemorySink()
  _ = try? MinidumpWriter.write(contents, to: sink, order: order) { address, buffer in
    for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: address &+ UInt64(index)) }
    return buffer.count
  }
  return sink.bytes
}
