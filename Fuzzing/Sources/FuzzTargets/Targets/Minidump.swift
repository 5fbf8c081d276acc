// Provides the fuzz target of the minidump reader: dumps come from anywhere.
import MinidumpFormat

let minidump = FuzzTarget(
  name: "minidump",
  seeds: {
    [("everything-little", minidumpSeed(.little)), ("everything-big", minidumpSeed(.big))]
      + [MinidumpByteOrder.little, .big].map { ("foreign-\($0)", foreignMinidumpSeed($0)) }
      + contextSeeds()
  },
  mutate: mutateMinidump,
  body: { bytes in
    guard let reader = try? MinidumpReader(MinidumpBytes(unowned: bytes)) else { return }
    readEverything(reader)
    precondition(reader.allocatedBytes <= reader.allocationLimit, "more memory than the limit")
    precondition(reader.softErrors.count <= MinidumpReader.maximumSoftErrors)
    // What was read can be laid out again, however odd it is. One in sixteen, since it takes as long as all of the above.
    if bytes.count % 16 == 4 { use(try? MinidumpWriter.size(of: MinidumpContents(reader))) }
  })

private func readEverything(_ reader: MinidumpReader) {
  use(reader.systemInfo)
  use(reader.miscInfo)
  for thread in reader.threads ?? [] {
    use(thread.context?.registers)
    use(thread.context?.stackPointer)
  }
  use(reader.threadNames)
  use(reader.threadInfo)
  let platform = reader.systemInfo?.platform
  let architecture = reader.systemInfo?.architecture
  for exception in reader.exceptions {
    use(exception.name(on: platform, architecture: architecture).summary(of: exception))
    use(exception.faultAddress(on: platform, architecture: architecture))
  }
  for module in reader.modules ?? [] {
    use(module.codeID(on: platform))
    use(module.debugID)
    use(module.debugFile)
    use(module.addresses.end)
  }
  use(reader.unloadedModules)
  use(reader.memoryList)
  use(reader.memory64List)
  use(reader.memoryInfo)
  use(reader.handles)
  use(reader.handleOperations)
  use(reader.functionTables)
  use(reader.tokens)
  use(reader.systemMemoryInfo)
  use(reader.processVMCounters)
  use(reader.comment)
  use(reader.commentW)
  use(reader.crashpadInfo)
  use(reader.breakpadInfo)
  use(reader.assertionInfo)
  use(reader.dsoDebug)
  use(reader.macOSCrashInfo)
  use(reader.macOSBootArgs)
  // Decoding of text is the standard library's; more of it would cost most of the time.
  use(reader.text(of: .linuxMaps))
  use(reader.parts(of: .linuxEnvironment))
  use(reader.auxiliaryVector()?.count)
  let map = reader.memoryMap
  var buffer = [UInt8](repeating: 0, count: 64)
  for range in map.ranges.prefix(16) {
    for address in [range.start, range.start &- 1, range.end, range.end &- 1] {
      use(map.bytes(at: address)?.count)
      use(buffer.withUnsafeMutableBytes { map.read(at: address, into: $0) })
    }
  }
}
