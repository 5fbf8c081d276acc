// Tests that dumps of many producers are read as other tools read them.

import MinidumpFormat
import Testing

@Suite(.enabled(if: Corpus.isPresent, Comment(rawValue: Corpus.absence))) struct `Dumps of many producers` {
  /// Its DSO debug stream points into text that was appended by hand.
  private static let brokenLinkMap = ["breakpad-linux_executable_stack.dmp"]

  @Test func `SHA-256 of the tests is right`() {
    #expect(SHA256.hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test(arguments: Corpus.dumps) func `header and directory`(dump: Corpus.Dump) throws {
    let (reader, expected) = (try MinidumpReader(dump.bytes()), try dump.expected())
    let header = expected["header"]
    #expect(reader.header.version & 0xffff == header["version_low"].number.map { UInt32($0) })
    #expect(reader.header.version >> 16 == header["version_high"].number.map { UInt32($0) })
    #expect(UInt64(reader.header.streamCount) == header["stream_count"].number)
    #expect(UInt64(reader.header.timestamp) == header["timestamp"].number)
    #expect(reader.header.flags == header["flags"].number)
    #expect(reader.byteOrder == (expected["endian"].text == "big" ? .big : .little))
    let streams = expected["streams"].list
    #expect(reader.directory.count == streams.count)
    for (entry, stream) in zip(reader.directory, streams) {
      #expect(UInt64(entry.type.rawValue) == stream[0].number)
      #expect(UInt64(entry.size) == stream[1].number)
      #expect(UInt64(entry.offset) == stream[2].number)
    }
  }

  @Test(arguments: Corpus.dumps) func `system and process`(dump: Corpus.Dump) throws {
    let (reader, expected) = (try MinidumpReader(dump.bytes()), try dump.expected())
    let system = expected["system_info"]
    if system.isNull {
      #expect(reader.systemInfo == nil)
    } else {
      let info = try #require(reader.systemInfo)
      #expect(UInt64(info.architecture.rawValue) == system["cpu_raw"].number)
      #expect(UInt64(info.platform.rawValue) == system["os_raw"].number)
      #expect(UInt64(info.processorLevel) == system["level"].number)
      #expect(UInt64(info.processorRevision) == system["revision"].number)
      #expect(UInt64(info.processorCount) == system["processors"].number)
      #expect(UInt64(info.productType) == system["product_type"].number)
      #expect(UInt64(info.majorVersion) == system["major"].number)
      #expect(UInt64(info.minorVersion) == system["minor"].number)
      #expect(UInt64(info.buildNumber) == system["build"].number)
      #expect(UInt64(info.suiteMask) == system["suite_mask"].number)
      #expect(info.serviceDescription == system["csd"].text ?? "")
      if case .x86(let vendor, _, _, _) = info.cpu, let text = system["cpu_vendor"].text {
        #expect(vendor.text == text)
      }
    }
    let misc = expected["misc_info"]
    if misc.isNull { return }
    let info = try #require(reader.miscInfo)
    #expect(info.processID.map { UInt64($0) } == misc["process_id"].number)
    #expect(info.processTimes.map { UInt64($0.created) } == misc["process_create_time"].number)
    #expect(info.processTimes.map { UInt64($0.user) } == misc["user_time"].number)
    #expect(info.processTimes.map { UInt64($0.kernel) } == misc["kernel_time"].number)
    if let text = misc["build_string"].text { #expect(info.buildString == text) }
    if let text = misc["debug_build_string"].text { #expect(info.debugBuildString == text) }
    if let size = misc["xstate"]["context_size"].number, size != 0 {
      #expect(info.xState.map { UInt64($0.contextSize) } == size)
      #expect(info.xState?.enabledFeatures == misc["xstate"]["enabled_features"].number)
    }
  }

  @Test(arguments: Corpus.dumps) func `threads and their names`(dump: Corpus.Dump) throws {
    let (reader, expected) = (try MinidumpReader(dump.bytes()), try dump.expected())
    if expected["threads"].isNull {
      #expect(reader.threads == nil)
    } else {
      let threads = try #require(reader.threads)
      #expect(threads.count == expected["threads"].list.count)
      #expect(threads.count == expected["thread_count"].number.map { Int($0) })
      for (thread, row) in zip(threads, expected["threads"].list) {
        #expect(UInt64(thread.id) == row[0].number)
        #expect(thread.stack?.start ?? 0 == row[1].number)
        #expect(thread.stack?.size ?? 0 == row[2].number)
        // Contexts are there where they have bytes. Test inputs have some of a few bytes.
        if let size = row[3].number, size >= 256 { #expect(thread.context != nil) }
        if row[3].number == 0 { #expect(thread.context == nil) }
      }
    }
    let names = expected["thread_names"].list
    #expect((reader.threadNames ?? []).count == names.count)
    for (name, row) in zip(reader.threadNames ?? [], names) {
      #expect(UInt64(name.threadID) == row[0].number)
      #expect(name.name == row[1].text)
    }
    let info = expected["thread_info"]
    if !info.isNull { #expect(reader.threadInfo?.count == info["count"].number.map { Int($0) }) }
  }

  @Test(arguments: Corpus.dumps) func `the exception, its name and its registers`(dump: Corpus.Dump) throws {
    let (reader, expected) = (try MinidumpReader(dump.bytes()), try dump.expected())
    let raw = expected["exception"]
    if raw.isNull {
      #expect(reader.exception == nil)
      return
    }
    let exception = try #require(reader.exception)
    #expect(UInt64(exception.threadID) == raw["thread_id"].number)
    #expect(UInt64(exception.threadID) == expected["crashing_thread_id"].number)
    #expect(UInt64(exception.code) == raw["code"].number)
    #expect(UInt64(exception.flags) == raw["flags"].number)
    #expect(exception.record == raw["record"].number)
    #expect(exception.address == raw["address"].number)
    #expect(exception.parameters == raw["parameters"].list.compactMap { $0.number })
    for (exception, row) in zip(reader.exceptions, expected["exception_streams"].list) {
      #expect(UInt64(exception.threadID) == row["thread_id"].number)
    }
    // Of several exceptions rust-minidump takes the last one.
    let rust = expected["oracles"]["rust_minidump"]
    let theirs = rust["crash_type"].isNull ? exception : reader.exceptions.last ?? exception
    let (platform, architecture) = (reader.systemInfo?.platform, reader.systemInfo?.architecture)
    let name = theirs.name(on: platform, architecture: architecture)
    if let type = rust["crash_type"].text, !type.hasPrefix("unknown") {
      #expect(name.summary(of: theirs) == type)
    }
    if let address = rust["crash_address"].hex {
      #expect(theirs.faultAddress(on: platform, architecture: architecture) == address)
    }
    let registers = theirs.context?.registers ?? []
    for key in rust["crash_registers"].keys {
      #expect(registers.first { $0.name == key }?.value == rust["crash_registers"][key].hex, "\(key)")
    }
  }

  @Test(arguments: Corpus.dumps) func `modules and their identifiers`(dump: Corpus.Dump) throws {
    let (reader, expected) = (try MinidumpReader(dump.bytes()), try dump.expected())
    if expected["modules"].isNull {
      #expect(expected["module_count"].number.map { Int($0) } == reader.modules?.count)
      return
    }
    let modules = try #require(reader.modules)
    let rows = expected["modules"].list
    #expect(modules.count == expected["module_count"].number.map { Int($0) })
    #expect(modules.count == rows.count)
    #expect(modules.first?.name == expected["first_module"].text)
    #expect(modules.last?.name == expected["last_module"].text)
    let platform = reader.systemInfo?.platform
    for (module, row) in zip(modules, rows) {
      #expect(module.base == row["base"].number)
      #expect(UInt64(module.size) == row["size"].number)
      #expect(module.name == row["name"].text)
      #expect(UInt64(module.timestamp) == row["timestamp"].number)
      #expect(module.version?.fileVersion == row["version"].text)
      switch module.codeView {
      case .elfBuildID(let bytes):
        #expect(row["codeview"].text == "ELF")
        #expect(bytes.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined() == row["build_id"].text)
      case .pdb70(let guid, let age, let name):
        #expect(row["codeview"].text == "PDB70")
        #expect(guid.description == row["cv_guid"].text)
        #expect(UInt64(age) == row["cv_age"].number)
        #expect(name == row["cv_file"].text)
      case .pdb20(_, let signature, let age, let name):
        #expect(row["codeview"].text == "PDB20")
        #expect(UInt64(signature) == row["cv_sig"].number)
        #expect(UInt64(age) == row["cv_age"].number)
        #expect(name == row["cv_file"].text)
      case .raw, nil: #expect(row["codeview"].text?.hasPrefix("PDB") != true && row["codeview"].text != "ELF")
      }
      // Where the two tools differ, one of them is right.
      let debugIDs = ["symbolic", "rust_minidump"].filter { !row[$0].isNull }.map { row[$0]["debug_id"].text }
      let zeros = String(repeating: "0", count: 33)
      if !debugIDs.isEmpty {
        #expect(
          debugIDs.contains { $0 == module.debugID || (module.debugID == nil && ($0 == nil || $0 == zeros)) },
          "\(module.name): \(module.debugID ?? "none") is not among \(debugIDs)")
      }
      let codeIDs = ["symbolic", "rust_minidump"].filter { !row[$0].isNull }.map {
        row[$0]["code_id"].text?.lowercased()
      }
      let codeID = module.codeID(on: platform)
      if !codeIDs.isEmpty {
        #expect(
          codeIDs.contains { $0 == codeID || (codeID == nil && $0 == "") },
          "\(module.name): \(codeID ?? "none") is not among \(codeIDs)")
      }
    }
    let unloaded = expected["unloaded_modules"]
    if !unloaded.isNull {
      let modules = try #require(reader.unloadedModules)
      #expect(modules.count == unloaded["count"].number.map { Int($0) })
      #expect(modules.first?.base == unloaded["first"][0][0].number)
      #expect(modules.first.map { UInt64($0.size) } == unloaded["first"][0][1].number)
      #expect(modules.first?.name == unloaded["first"][0][2].text)
    }
  }

  @Test(arguments: Corpus.dumps) func `memory`(dump: Corpus.Dump) throws {
    let bytes = try dump.bytes()
    let (reader, expected) = (try MinidumpReader(bytes), try dump.expected())
    for (list, ranges) in [("memory_list", reader.memoryList), ("memory64_list", reader.memory64List)] {
      let row = expected[list]
      #expect(ranges?.count == row["count"].number.map { Int($0) })
      if let ranges { #expect(ranges.reduce(0) { $0 + $1.size } == row["bytes"].number) }
    }
    let ranges = reader.memoryList ?? reader.memory64List ?? []
    for (key, range) in [("first_memory_range", ranges.first), ("last_memory_range", ranges.last)] {
      let row = expected[key]
      if row.isNull { continue }
      let range = try #require(range)
      #expect(range.start == row["address"].number)
      #expect(range.size == row["size"].number)
      guard range.offset + range.size <= UInt64(bytes.count) else { continue }
      let content = bytes[Int(range.offset)..<Int(range.offset + range.size)]
      #expect(SHA256.hex(content) == row["sha256"].text)
      if content.isEmpty { continue }
      // The same bytes by address, unless another range of the dump overlaps.
      let overlapped = ranges.filter { $0.addresses.overlaps(range.addresses) }.count > 1
      if !overlapped {
        let found = try #require(reader.memoryMap.bytes(at: range.start))
        #expect(found.count >= content.count)
        #expect(found.prefix(content.count).elementsEqual(content))
      }
    }
    // Stacks are found by address, also those that the thread list gives no offset for.
    for thread in reader.threads ?? [] where (thread.stack?.size ?? 0) > 0 && !ranges.isEmpty {
      #expect(reader.memoryMap.bytes(at: thread.stack?.start ?? 0) != nil)
    }
    let info = expected["memory_info"]
    if !info.isNull { #expect(reader.memoryInfo?.count == info["count"].number.map { Int($0) }) }
    let handles = expected["handle_data"]
    if !handles.isNull { #expect(reader.handles?.count == handles["count"].number.map { Int($0) }) }
  }

  @Test(arguments: Corpus.dumps) func `Crashpad's annotations`(dump: Corpus.Dump) throws {
    let (reader, expected) = (try MinidumpReader(dump.bytes()), try dump.expected())
    let crashpad = expected["crashpad"]
    if crashpad.isNull {
      #expect(reader.crashpadInfo == nil)
      return
    }
    let info = try #require(reader.crashpadInfo)
    #expect(info.reportID.description == crashpad["report_id"].text)
    #expect(info.clientID.description == crashpad["client_id"].text)
    let simple = Dictionary(info.simpleAnnotations.map { ($0.key, $0.value) }) { first, _ in first }
    #expect(simple.keys.sorted() == crashpad["simple_annotations"].keys)
    for (key, value) in simple { #expect(value == crashpad["simple_annotations"][key].text) }
    #expect(info.modules.count == crashpad["modules"].list.count)
    for (module, row) in zip(info.modules, crashpad["modules"].list) {
      #expect(UInt64(module.moduleIndex) == row["module_index"].number)
      #expect(module.listAnnotations == row["list_annotations"].list.compactMap { $0.text })
      #expect(module.simpleAnnotations.map { $0.key }.sorted() == row["simple_annotations"].keys)
      let objects = row["annotation_objects"].list
      #expect(module.annotations.count == objects.count)
      for (annotation, object) in zip(module.annotations, objects) {
        #expect(annotation.name == object["name"].text)
        #expect(UInt64(annotation.kind.rawValue) == object["type"].number)
        if annotation.kind == .string {
          #expect(String(decoding: annotation.value, as: UTF8.self) == object["value"].text)
        }
      }
    }
  }

  @Test(arguments: Corpus.dumps) func `streams of Linux, Breakpad and Windows`(dump: Corpus.Dump) throws {
    let (reader, expected) = (try MinidumpReader(dump.bytes()), try dump.expected())
    for name in expected["linux_streams"].keys {
      let location = try #require(reader.directory.first { $0.type.name == name }, "\(name)")
      let bytes = try #require(reader.streamBytes(location.type))
      #expect(UInt64(bytes.count) == expected["linux_streams"][name]["size"].number)
      #expect(SHA256.hex(bytes) == expected["linux_streams"][name]["sha256"].text)
    }
    if reader.contains(.linuxDSODebug), !Self.brokenLinkMap.contains(dump.file) {
      let debug = try #require(reader.dsoDebug)
      #expect(!debug.entries.isEmpty)
      #expect(debug.version == 1)
      #expect(
        debug.entries.contains { $0.name.contains("libc.so") || $0.name.contains("libc-") } || debug.entries.count < 3)
    }
    if let text = expected["comment_a"].text { #expect(reader.comment == text) }
    if let text = expected["comment_w"].text { #expect(reader.commentW == text) }
    let breakpad = expected["breakpad_info"]
    if let validity = breakpad["validity"].number, validity == 3 {
      #expect(reader.breakpadInfo?.dumpThreadID.map { UInt64($0) } == breakpad["dump_thread"].number)
      #expect(reader.breakpadInfo?.requestingThreadID.map { UInt64($0) } == breakpad["requesting_thread"].number)
    }
    let assertion = expected["assertion"]
    if !assertion.isNull {
      #expect(reader.assertionInfo?.expression == assertion["expression"].text)
      #expect(reader.assertionInfo?.function == assertion["function"].text)
      #expect(reader.assertionInfo?.file == assertion["file"].text)
    }
  }

  /// `read(write(read(x))) == read(x)`, and the same memory at the same addresses.
  @Test(arguments: Corpus.dumps) func `a dump that is written again says the same`(dump: Corpus.Dump) throws {
    let reader = try MinidumpReader(dump.bytes())
    let contents = MinidumpContents(reader)
    // Stacks that the dump has no bytes for (full-memory dumps) would be written as unreadable.
    let sink = MinidumpMemorySink()
    try MinidumpWriter.write(contents, to: sink) { reader.memoryMap.read(at: $0, into: $1) }
    let again = try MinidumpReader(sink.bytes)
    #expect(again.systemInfo == contents.systemInfo)
    if reader.systemInfo?.architecture != .arm64Breakpad { #expect(contents.systemInfo == reader.systemInfo) }
    #expect(again.miscInfo == reader.miscInfo)
    // A thread list is always written, and registers of the big-endian dump change their byte order.
    if reader.threads != nil, reader.byteOrder == .little { #expect(again.threads == reader.threads) }
    #expect(again.threadNames ?? [] == reader.threadNames ?? [])
    if reader.byteOrder == .little { #expect(again.exception == reader.exception) }
    if reader.modules != nil { #expect(again.modules == reader.modules) }
    #expect(again.unloadedModules ?? [] == reader.unloadedModules ?? [])
    #expect(again.crashpadInfo == reader.crashpadInfo)
    #expect(again.memoryInfo ?? [] == reader.memoryInfo ?? [])
    #expect(again.handles ?? [] == reader.handles ?? [])
    #expect(again.exceptions.count == reader.exceptions.count)
    #expect(again.dsoDebug == reader.dsoDebug)
    #expect(again.threadInfo == reader.threadInfo)
    #expect(again.functionTables == reader.functionTables)
    #expect(again.systemMemoryInfo == reader.systemMemoryInfo)
    #expect(again.processVMCounters == reader.processVMCounters)
    // No stream is missing, and those without offsets in them have every byte they had.
    let decoded: Set<MinidumpStreamType> = [
      .systemInfo, .miscInfo, .threadList, .threadNames, .exception, .moduleList, .unloadedModuleList, .crashpadInfo,
      .memoryInfoList, .handleData, .linuxDSODebug, .memoryList, .memory64List,
    ]
    for location in reader.directory where location.type != .unused {
      let isBroken = location.type == .linuxDSODebug && reader.dsoDebug == nil
      // Ranges that a stack or the other list has as well are not written twice.
      let isElsewhere =
        location.type == .memory64List
        && contents.memory64.allSatisfy { range in
          var bytes = [UInt8](repeating: 0, count: Int(range.size))
          return bytes.withUnsafeMutableBytes { again.memoryMap.read(at: range.start, into: $0) } == bytes.count
        }
      #expect(again.contains(location.type) || isBroken || isElsewhere, "\(location.type)")
      if decoded.contains(location.type) || reader.byteOrder == .big && location.type.name != nil { continue }
      let bytes = reader.streamBytes(at: location).map { Array($0) }
      let copies = again.directory.filter { $0.type == location.type }.map {
        again.streamBytes(at: $0).map { Array($0) }
      }
      #expect(copies.contains { $0 == bytes }, "\(location.type)")
    }
    for range in reader.memoryMap.ranges {
      let one = try #require(reader.memoryMap.bytes(at: range.start))
      var other = [UInt8](repeating: 0, count: one.count)
      #expect(other.withUnsafeMutableBytes { again.memoryMap.read(at: range.start, into: $0) } == one.count)
      #expect(one.elementsEqual(other))
    }
    // Writing what was read again changes nothing more.
    let second = MinidumpMemorySink()
    try MinidumpWriter.write(MinidumpContents(again), to: second) { again.memoryMap.read(at: $0, into: $1) }
    #expect(second.bytes == sink.bytes)
  }

  @Test func `the extended state of Windows is found`() throws {
    func state(_ file: String) throws -> (MinidumpXState?, MinidumpXStateConfiguration?) {
      let dump = try #require(Corpus.dumps.first { $0.file == file })
      let reader = try MinidumpReader(dump.bytes())
      guard case .amd64(let context) = reader.threads?.first?.context else { return (nil, nil) }
      return (context.extendedState, reader.miscInfo?.xState)
    }
    let (shadow, _) = try state("breakpad-tiny-exe-with-cet-xsave.dmp")
    #expect(shadow?.mask == 0x800)
    #expect(shadow?.compaction == 0x8000_0000_0000_0800)
    // The control register 1 and the shadow stack's pointer.
    #expect(shadow?.area.prefix(8).elementsEqual([1, 0, 0, 0, 0, 0, 0, 0]) == true)
    #expect(shadow?.area.count == 16)
    let (vectors, configuration) = try state("sentry-native-minidump.dmp")
    #expect(vectors?.area.count == 272)
    #expect(configuration?.features.map { $0.index } == [0, 1, 2])
    #expect(vectors?.upperHalf(ofYMM: 15, configuration) == Array(repeating: 0, count: 16))
    #expect(vectors?.upperHalf(ofYMM: 16, configuration) == nil)
  }

  @Test(arguments: Corpus.dumps) func `a good dump leaves no soft error`(dump: Corpus.Dump) throws {
    let reader = try MinidumpReader(dump.bytes())
    reader.touchEverything()
    // Contexts of a few bytes and memory beyond the end occur in inputs made for tests of other tools.
    if Self.brokenLinkMap.contains(dump.file) {
      #expect(reader.softErrors.map { $0.stream } == [.linuxDSODebug])
      return
    }
    let synthetic = try dump.expected()["producer"].text?.contains("yaml2obj") == true
    if !synthetic { #expect(reader.softErrors.map { $0.description } == []) }
    #expect(reader.allocatedBytes <= reader.allocationLimit)
  }
}

extension MinidumpReader {
  /// Decodes every stream.
  func touchEverything() {
    _ = (systemInfo, miscInfo, threads, threadNames, threadInfo, exceptions, modules, unloadedModules)
    _ = (memoryList, memory64List, memoryInfo, handles, handleOperations, functionTables, tokens)
    _ = (systemMemoryInfo, processVMCounters)
    _ = (comment, commentW, crashpadInfo, breakpadInfo, assertionInfo, dsoDebug, macOSCrashInfo, macOSBootArgs)
    _ = memoryMap.ranges
    _ = auxiliaryVector()
    for location in directory {
      _ = streamBytes(location.type)
      _ = text(of: location.type)
      _ = parts(of: location.type)
    }
    for module in modules ?? [] { _ = (module.codeID(on: systemInfo?.platform), module.debugID, module.debugFile) }
    for exception in exceptions {
      _ = exception.name(on: systemInfo?.platform, architecture: systemInfo?.architecture)
      _ = exception.faultAddress(on: systemInfo?.platform, architecture: systemInfo?.architecture)
      _ = exception.context?.registers
    }
    for thread in threads ?? [] {
      _ = (thread.context?.registers, thread.context?.instructionPointer, thread.context?.stackPointer)
      if let stack = thread.stack { _ = memoryMap.bytes(at: stack.start) }
    }
    _ = softErrors.map { $0.description }
  }
}
