// Provides a small dump to read.
import MinidumpFormat

/// Writes the dump of a process that never was: two threads, one of which read from address 8.
func writeSample(to path: String) throws {
  var contents = MinidumpContents()
  contents.systemInfo = MinidumpSystemInfo(architecture: .amd64, platform: .linux)
  contents.miscInfo = MinidumpMiscInfo(processID: 4711)
  let stacks: UInt64 = 0x7ffc_0000_0000
  for index in 0..<2 as Range<UInt32> {
    var registers = AMD64Context()
    registers.rip = 0x40_1000 + UInt64(index)
    registers.rsp = stacks + UInt64(index) << 16
    let stack = MinidumpAddressRange(start: registers.rsp, size: 4096)
    contents.threads.append(MinidumpThread(id: 4711 + index, stack: stack, context: .amd64(registers)))
    contents.threadNames.append(MinidumpThreadName(threadID: 4711 + index, name: index == 0 ? "main" : "worker"))
  }
  // SIGSEGV, SEGV_MAPERR.
  contents.exception = MinidumpException(
    threadID: 4712, code: 11, flags: 1, address: 8, context: contents.threads[1].context)
  contents.modules = [
    MinidumpModule(
      base: 0x40_0000, size: 0x2000, name: "/usr/bin/shop", codeView: .elfBuildID([UInt8](0..<20)))
  ]
  contents.crashpadInfo = MinidumpCrashpadInfo(
    simpleAnnotations: [MinidumpSimpleAnnotation(key: "release", value: "shop@1.2.3")])
  // Memory comes from wherever the caller has it: another process, a core file, or, as here, nowhere.
  try MinidumpWriter.write(contents, to: try FileSink(path)) { address, buffer in
    for offset in buffer.indices { buffer[offset] = UInt8(truncatingIfNeeded: (address &+ UInt64(offset)) >> 16 &+ 1) }
    return buffer.count
  }
}
