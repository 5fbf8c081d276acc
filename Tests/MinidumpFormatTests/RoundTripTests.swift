// Tests that what the writer writes is what the reader reads.

import MinidumpFormat
import Testing

@Suite struct `Round trip` {
  @Test(arguments: [MinidumpByteOrder.little, .big])
  func `every stream is read as it was written`(order: MinidumpByteOrder) throws {
    let contents = Sample.contents()
    let reader = try MinidumpReader(Sample.write(contents, order: order))
    #expect(reader.byteOrder == order)
    #expect(reader.header.timestamp == contents.timestamp)
    #expect(reader.systemInfo == contents.systemInfo)
    #expect(reader.miscInfo == contents.miscInfo)
    #expect(reader.threads == contents.threads)
    #expect(reader.threadNames == contents.threadNames)
    #expect(reader.exception == contents.exception)
    #expect(reader.modules == contents.modules)
    #expect(reader.unloadedModules == contents.unloadedModules)
    #expect(reader.crashpadInfo == contents.crashpadInfo)
    #expect(reader.memoryInfo == contents.memoryInfo)
    #expect(reader.handles == contents.handles)
    for stream in contents.userStreams {
      let bytes = try #require(reader.streamBytes(stream.type))
      #expect(Array(bytes) == stream.bytes)
    }
    #expect(reader.parts(of: .linuxCommandLine) == ["app", "--flag"])
    #expect(reader.softErrors.isEmpty)
  }

  @Test(arguments: [MinidumpByteOrder.little, .big])
  func `registers of every CPU are read as they were written`(order: MinidumpByteOrder) throws {
    for (architecture, context) in Sample.contexts() {
      let reader = try MinidumpReader(
        Sample.write(Sample.contents(architecture: architecture, context: context), order: order))
      #expect(reader.threads?.first?.context == context)
      #expect(reader.exception?.context == context)
      #expect(reader.systemInfo?.architecture == architecture)
      #expect(context.registers.contains { $0.value == context.instructionPointer })
      #expect(context.registers.contains { $0.value == context.stackPointer })
    }
  }

  @Test func `registers without SystemInfo are recognised by their size and flags`() throws {
    for (architecture, context) in Sample.contexts() {
      var contents = Sample.contents(architecture: architecture, context: context)
      contents.systemInfo = nil
      #expect(try MinidumpReader(Sample.write(contents)).threads?.first?.context == context)
    }
  }

  @Test func `version 5 of MiscInfo carries the extended state and the cookie`() throws {
    var contents = MinidumpContents()
    contents.miscInfo = Sample.miscInfo()
    contents.miscInfo?.processCookie = 0xfeed
    contents.miscInfo?.xState = MinidumpXStateConfiguration(
      contextSize: 1663, enabledFeatures: 7,
      features: [
        MinidumpXStateFeature(index: 0, offset: 0, size: 160), MinidumpXStateFeature(index: 2, offset: 576, size: 256),
      ])
    contents.miscInfo?.integrityLevel = 1
    contents.miscInfo?.executeFlags = 2
    contents.miscInfo?.protectedProcess = 3
    let reader = try MinidumpReader(Sample.write(contents))
    #expect(reader.miscInfo == contents.miscInfo)
    #expect(reader.location(of: .miscInfo)?.size == 1364)
    #expect(reader.header.flags == MinidumpHeader.avxXStateContext)
  }

  @Test func `AVX registers travel behind the context`() throws {
    // An XSAVE area in the standard form, as the kernel gives it.
    var area = [UInt8](repeating: 0, count: 832)
    area[512] = 7
    for index in 576..<832 { area[index] = UInt8(truncatingIfNeeded: index) }
    let state = try #require(MinidumpXState(xsaveArea: area))
    #expect(state.mask == 7)
    var context = Sample.amd64()
    context.extendedState = state
    context.contextFlags |= AMD64Context.extendedStateFlag
    var contents = Sample.contents(context: .amd64(context))
    contents.miscInfo?.xState = MinidumpXStateConfiguration(standardForm: 7, for: state)
    let reader = try MinidumpReader(Sample.write(contents))
    #expect(reader.threads == contents.threads)
    #expect(reader.exception == contents.exception)
    #expect(reader.header.flags == MinidumpHeader.avxXStateContext)
    let configuration = try #require(reader.miscInfo?.xState)
    #expect(configuration.contextSize == 1232 + 64 + 64 + 256)
    #expect(
      configuration.features == [
        MinidumpXStateFeature(index: 0, offset: 0, size: 160), MinidumpXStateFeature(index: 1, offset: 160, size: 256),
        MinidumpXStateFeature(index: 2, offset: 576, size: 256),
      ])
    #expect(state.upperHalf(ofYMM: 1, configuration) == Array(area[592..<608]))
    #expect(MinidumpXState(xsaveArea: Array(area[0..<576])) == nil)
    // A reader that does not know of it sees the same registers.
    guard case .amd64(let plain) = reader.threads?.first?.context else { return }
    #expect(plain.fxsave == context.fxsave)
  }

  @Test func `a dump without anything has its three lists`() throws {
    let reader = try MinidumpReader(Sample.write(MinidumpContents()))
    #expect(reader.threads == [])
    #expect(reader.modules == [])
    #expect(reader.memoryList == [])
    #expect(reader.systemInfo == nil)
    #expect(reader.exception == nil)
    #expect(reader.crashpadInfo == nil)
    #expect(reader.softErrors.isEmpty)
  }

  @Test func `memory is found by address in stacks, in the list and in the 64-bit list`() throws {
    var contents = Sample.contents()
    contents.memory = [
      MinidumpAddressRange(start: 0x7fff_0000_1000, size: 0x1000), MinidumpAddressRange(start: 0x10_0000, size: 100),
    ]
    contents.memory64 = [MinidumpAddressRange(start: 0x20_0000, size: 300_000)]
    let reader = try MinidumpReader(Sample.write(contents))
    #expect(reader.memoryList?.count == 4)
    #expect(reader.memory64List?.count == 1)
    for (start, count) in [
      (0x7fff_0000_0000 as UInt64, 0x2000), (0x7ffe_0000_0000, 64), (0x10_0000, 100), (0x20_0000, 300_000),
      (0x20_1001, 5),
    ] {
      var bytes = [UInt8](repeating: 0, count: count)
      #expect(bytes.withUnsafeMutableBytes { reader.memoryMap.read(at: start, into: $0) } == count)
      #expect(bytes == (0..<count).map { Sample.byte(at: start + UInt64($0)) })
    }
    #expect(reader.memoryMap.bytes(at: 0x10_0000 - 1) == nil)
    #expect(reader.memoryMap.bytes(at: 0x10_0000 + 100) == nil)
    #expect(reader.memoryMap.bytes(at: 0x10_0000 + 99)?.count == 1)
    #expect(reader.memoryMap.bytes(at: 0) == nil)
    #expect(reader.memoryMap.bytes(at: .max) == nil)
  }
}
