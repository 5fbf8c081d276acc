// Provides the JSON form of `crashctl show`.

internal import MinidumpFormat

/// A minidump as JSON. Addresses, codes and sizes of 64 bits are `0x…`; ids and counts are numbers; a key is absent when
/// the dump has no such stream, and null when it cannot be read.
struct ShowJSON {
  private let dump: DumpDescription
  private let reader: MinidumpReader
  private var members: [(String, JSONValue)] = []

  init(_ reader: MinidumpReader) {
    dump = DumpDescription(reader: reader)
    self.reader = reader
  }

  static func text(of reader: MinidumpReader) -> [UInt8] {
    var json = ShowJSON(reader)
    json.collect()
    var output: [UInt8] = []
    // Growing copies everything each time; memory that is never touched costs nothing.
    output.reserveCapacity(min(reader.bytes.buffer.count / 4, 16 << 20))
    JSONValue.object(json.members).write(to: &output)
    output.append(UInt8(ascii: "\n"))
    return output
  }

  private mutating func add(_ key: String, _ value: JSONValue?) {
    if let value { members.append((key, value)) }
  }

  /// Absent without the stream, null when it cannot be read.
  private mutating func add<T>(_ key: String, _ type: MinidumpStreamType, _ content: T?, _ make: (T) -> JSONValue) {
    if let content {
      members.append((key, make(content)))
    } else if reader.contains(type) {
      members.append((key, .null))
    }
  }

  private mutating func collect() {
    add("header", header)
    add("system", .systemInfo, reader.systemInfo, system)
    add("process", process)
    add("exception", .exception, reader.exception, exception)
    // LLDB writes one for each thread that had stopped.
    if reader.exceptions.count > 1 {
      add("other_exceptions", .list(reader.exceptions.dropFirst().map { exception($0) }))
    }
    let threads = reader.contains(.threadList) ? MinidumpStreamType.threadList : .threadExList
    add("threads", threads, reader.threads, threadList)
    add("modules", .moduleList, reader.modules, moduleList)
    add("unloaded_modules", .unloadedModuleList, reader.unloadedModules, unloadedModules)
    add("memory", memory)
    add("memory_info", .memoryInfoList, reader.memoryInfo, memoryInfo)
    add("handles", .handleData, reader.handles, handles)
    add("handle_operations", .handleOperationList, reader.handleOperations, handleOperations)
    add("thread_info", .threadInfoList, reader.threadInfo, threadInfo)
    add("function_tables", .functionTable, reader.functionTables, functionTables)
    add("tokens", .token, reader.tokens, tokens)
    add("system_memory", .systemMemoryInfo, reader.systemMemoryInfo, systemMemory)
    add("process_memory", .processVMCounters, reader.processVMCounters, processMemory)
    add("crashpad", .crashpadInfo, reader.crashpadInfo, crashpad)
    add("breakpad", .breakpadInfo, reader.breakpadInfo, breakpad)
    add("assertion", .assertionInfo, reader.assertionInfo, assertion)
    add("comment", .commentA, reader.comment) { .text($0) }
    add("comment_wide", .commentW, reader.commentW) { .text($0) }
    add("linux", linux)
    add("macos", macOS)
    add(
      "user_streams",
      .list(
        dump.userStreams.map { .object([("type", .number($0.type.rawValue)), ("size", .number($0.size))]) }))
    var errors = reader.softErrors.map { $0.description }
    if reader.droppedSoftErrors > 0 { errors.append("\(reader.droppedSoftErrors) more errors") }
    add("soft_errors", .list(errors.map { .text($0) }))
  }

  private var header: JSONValue {
    .object([
      ("version", .number(reader.header.version)), ("flags", .hex(reader.header.flags)),
      ("timestamp", .number(reader.header.timestamp)),
      (
        "streams",
        .list(
          reader.directory.map { stream in
            .object([
              ("type", .number(stream.type.rawValue)), ("name", .optional(stream.type.name)),
              ("offset", .number(stream.offset)), ("size", .number(stream.size)),
            ])
          })
      ),
    ])
  }

  private func system(_ system: MinidumpSystemInfo) -> JSONValue {
    .object([
      ("os", .text(DumpDescription.name(of: system.platform))),
      ("os_version", .text(DumpDescription.version(of: system))),
      ("cpu", .text(DumpDescription.name(of: system.architecture))),
      ("cpu_count", .number(UInt64(system.processorCount))), ("csd", .text(system.serviceDescription)),
    ])
  }

  private var process: JSONValue? {
    if let info = reader.miscInfo {
      return .object([
        ("pid", info.processID.map { .number($0) } ?? .null),
        ("create_time", info.processTimes.map { .number($0.created) } ?? .null),
      ])
    }
    if reader.contains(.miscInfo) { return .null }
    return dump.processID.map { .object([("pid", .number($0))]) }
  }

  private func exception(_ exception: MinidumpException) -> JSONValue {
    let name = dump.name(of: exception)
    return .object([
      ("thread_id", .number(exception.threadID)), ("code", .hex(exception.code)), ("code_name", .optional(name.code)),
      ("flags", .hex(exception.flags)), ("flags_name", .optional(name.flags)), ("address", .hex(exception.address)),
      ("parameters", .list(exception.parameters.map { .hex($0) })),
      ("registers", exception.context.map { registers($0) } ?? .null),
    ])
  }

  private func registers(_ context: MinidumpContext) -> JSONValue {
    .object(context.registers.map { ($0.name, .hex($0.value)) })
  }

  private func threadList(_ threads: [MinidumpThread]) -> JSONValue {
    var names: [UInt32: String] = [:]
    for name in reader.threadNames ?? [] where names[name.threadID] == nil { names[name.threadID] = name.name }
    return .list(
      threads.map { thread in
        var members: [(String, JSONValue)] = [("id", .number(thread.id))]
        if reader.contains(.threadNames) { members.append(("name", .optional(names[thread.id]))) }
        members += [
          ("suspend_count", .number(thread.suspendCount)), ("priority", .number(thread.priority)),
          ("teb", .hex(thread.teb)),
          (
            "stack",
            .object([("start", .hex(thread.stack?.start ?? 0)), ("size", .hex(thread.stack?.size ?? 0))])
          ), ("registers", thread.context.map { registers($0) } ?? .null),
        ]
        return .object(members)
      })
  }

  private func moduleList(_ modules: [MinidumpModule]) -> JSONValue {
    .list(
      modules.enumerated().map { index, module in
        .object([
          ("base", .hex(module.base)), ("size", .number(module.size)),
          ("name", module.name.isEmpty && dump.isUnreadable(.moduleList, index, "name") ? .null : .text(module.name)),
          ("timestamp", .number(module.timestamp)), ("checksum", .number(module.checksum)),
          ("version", .optional(module.version?.fileVersion)), ("code_id", .optional(module.codeID(on: dump.platform))),
          ("debug_id", .optional(module.debugID)), ("debug_file", .optional(module.debugFile)),
        ])
      })
  }

  private func unloadedModules(_ modules: [MinidumpUnloadedModule]) -> JSONValue {
    .list(
      modules.map { module in
        .object([
          ("base", .hex(module.base)), ("size", .number(module.size)), ("name", .text(module.name)),
          ("timestamp", .number(module.timestamp)), ("checksum", .number(module.checksum)),
        ])
      })
  }

  private var memory: JSONValue? {
    if !reader.contains(.memoryList), !reader.contains(.memory64List) { return nil }
    let ranges = (reader.memoryList ?? []) + (reader.memory64List ?? [])
    if reader.memoryList == nil, reader.memory64List == nil { return .null }
    return .object([
      ("ranges", .list(ranges.map { .object([("start", .hex($0.start)), ("size", .hex($0.size))]) })),
      ("total", .hex(ranges.reduce(0) { $0 &+ $1.size })),
    ])
  }

  private func memoryInfo(_ regions: [MinidumpMemoryInfo]) -> JSONValue {
    .list(
      regions.map { region in
        .object([
          ("base", .hex(region.base)), ("size", .hex(region.size)), ("state", .hex(region.state.rawValue)),
          ("protection", .hex(region.protection.rawValue)), ("type", .hex(region.kind.rawValue)),
        ])
      })
  }

  private func crashpad(_ info: MinidumpCrashpadInfo) -> JSONValue {
    .object([
      ("report_id", .text(info.reportID.description)), ("client_id", .text(info.clientID.description)),
      ("annotations", annotations(info.simpleAnnotations)), ("address_mask", .hex(info.addressMask)),
      (
        "modules",
        .list(
          info.modules.map { module in
            .object([
              ("index", .number(module.moduleIndex)),
              ("list_annotations", .list(module.listAnnotations.map { .text($0) })),
              ("simple_annotations", annotations(module.simpleAnnotations)),
              ("annotation_objects", .list(module.annotations.map { annotation($0) })),
            ])
          })
      ),
    ])
  }

  /// Of equal keys the first one.
  private func annotations(_ annotations: [MinidumpSimpleAnnotation]) -> JSONValue {
    var seen: Set<String> = []
    return .object(annotations.filter { seen.insert($0.key).inserted }.map { ($0.key, .text($0.value)) })
  }

  /// Text for strings, hex for every other kind.
  private func annotation(_ annotation: MinidumpAnnotation) -> JSONValue {
    let value =
      annotation.kind == .string
      ? String(decoding: annotation.value, as: UTF8.self)
      : Self.digits(annotation.value)
    return .object([
      ("name", .text(annotation.name)), ("type", .number(UInt64(annotation.kind.rawValue))), ("value", .text(value)),
    ])
  }

  private func breakpad(_ info: MinidumpBreakpadInfo) -> JSONValue {
    .object([
      ("dump_thread_id", info.dumpThreadID.map { .number($0) } ?? .null),
      ("requesting_thread_id", info.requestingThreadID.map { .number($0) } ?? .null),
    ])
  }

  private func assertion(_ info: MinidumpAssertionInfo) -> JSONValue {
    .object([
      ("expression", .text(info.expression)), ("function", .text(info.function)), ("file", .text(info.file)),
      ("line", .number(info.line)), ("type", .number(info.kind)),
    ])
  }

  private var linux: JSONValue? {
    var members: [(String, JSONValue)] = []
    for (key, type) in Self.linuxTexts where reader.contains(type) {
      members.append((key, .optional(reader.text(of: type))))
    }
    for (key, type) in [("command_line", MinidumpStreamType.linuxCommandLine), ("environment", .linuxEnvironment)]
    where reader.contains(type) {
      members.append((key, reader.parts(of: type).map { .list($0.map { .text($0) }) } ?? .null))
    }
    if reader.contains(.linuxAuxv) {
      let pairs = reader.auxiliaryVector()
      members.append(
        (
          "auxv",
          pairs.map { .list($0.map { .object([("type", .number($0.type)), ("value", .hex($0.value))]) }) } ?? .null
        ))
    }
    if reader.contains(.linuxDSODebug) { members.append(("dso_debug", reader.dsoDebug.map { dsoDebug($0) } ?? .null)) }
    return members.isEmpty ? nil : .object(members)
  }

  private static let linuxTexts: [(String, MinidumpStreamType)] = [
    ("maps", .linuxMaps), ("cpu_info", .linuxCPUInfo), ("status", .linuxProcStatus), ("lsb_release", .linuxLSBRelease),
    ("stat", .linuxProcStat), ("uptime", .linuxProcUptime), ("fd", .linuxProcFD), ("limits", .linuxLimits),
    ("soft_errors", .softErrors),
  ]

  private func dsoDebug(_ debug: MinidumpDSODebug) -> JSONValue {
    .object([
      ("version", .number(debug.version)), ("breakpoint", .hex(debug.breakpoint)),
      ("linker_base", .hex(debug.linkerBase)), ("dynamic_section", .hex(debug.dynamicSection)),
      (
        "objects",
        .list(
          debug.entries.map { entry in
            .object([
              ("load_bias", .hex(entry.loadBias)), ("name", .text(entry.name)),
              ("dynamic_section", .hex(entry.dynamicSection)),
            ])
          })
      ),
    ])
  }

  private var macOS: JSONValue? {
    var members: [(String, JSONValue)] = []
    if reader.contains(.macOSCrashInfo) {
      members.append(
        (
          "crash_info",
          reader.macOSCrashInfo.map { records in
            .list(
              records.map { record in
                .object([
                  ("version", .number(record.version)), ("module_path", .text(record.modulePath)),
                  ("message", .text(record.message)), ("signature", .text(record.signature)),
                  ("backtrace", .text(record.backtrace)), ("message2", .text(record.message2)),
                  ("thread", record.thread.map { .hex($0) } ?? .null),
                  ("dialog_mode", record.dialogMode.map { .hex($0) } ?? .null),
                  ("abort_cause", record.abortCause.map { .hex($0) } ?? .null),
                ])
              })
          } ?? .null
        ))
    }
    if reader.contains(.macOSBootArgs) { members.append(("boot_args", .optional(reader.macOSBootArgs))) }
    return members.isEmpty ? nil : .object(members)
  }
}
