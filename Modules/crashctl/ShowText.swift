// Provides the human form of `crashctl show`.

internal import CLinuxShims
internal import MinidumpFormat

/// A minidump for human eyes.
struct ShowText {
  private let dump: DumpDescription
  let reader: MinidumpReader
  let isVerbose: Bool
  var report: TextReport

  private init(_ reader: MinidumpReader, isColoured: Bool, isVerbose: Bool) {
    dump = DumpDescription(reader: reader)
    self.reader = reader
    self.isVerbose = isVerbose
    report = TextReport(isColoured: isColoured)
  }

  /// - Parameter isVerbose: also registers of every thread, ranges, regions, texts of Linux and the environment.
  static func text(of reader: MinidumpReader, file: String, isColoured: Bool, isVerbose: Bool) -> [UInt8] {
    var text = ShowText(reader, isColoured: isColoured, isVerbose: isVerbose)
    text.file(file)
    text.system()
    text.exception()
    text.crashpad()
    text.threads()
    text.modules()
    text.memory()
    text.handles()
    text.windows()
    text.systemFiles()
    text.apple()
    text.comments()
    text.errors()
    return text.report.output
  }

  func hex(_ value: UInt64, _ digits: Int = 0) -> String {
    let text = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  /// Hex digits of an address of this dump.
  private var addressDigits: Int {
    switch dump.architecture?.instructionSet {
    case .x86, .arm, .ppc, .mips, .sparc, .riscv: 8
    default: 12
    }
  }

  func address(_ value: UInt64) -> String { hex(value, addressDigits) }

  func bytes(_ count: UInt64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    guard count >= 1024 else { return "\(count) bytes" }
    // Integers: floating-point rounding would need libm.
    let unit = min((63 - count.leadingZeroBitCount) / 10, units.count)
    let shift = UInt64(unit * 10)
    let tenths = (count >> shift) * 10 + ((count >> (shift - 10) & 1023) * 10 + 512) / 1024
    return "\(tenths / 10).\(tenths % 10) \(units[unit - 1])"
  }

  private func date(_ seconds: UInt32) -> String {
    var time = time_t(seconds)
    var parts = tm()
    guard seconds != 0, gmtime_r(&time, &parts) != nil else { return "\(seconds)" }
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
      + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) UTC"
  }

  private mutating func file(_ name: String) {
    report.heading("Minidump")
    report.field("file", name)
    report.field("size", bytes(UInt64(reader.bytes.buffer.count)))
    report.field("written", date(reader.header.timestamp))
    report.field("writer", reader.miscInfo?.debugBuildString)
    report.field("flags", reader.header.flags == 0 ? nil : hex(reader.header.flags))
    if reader.byteOrder == .big { report.field("byte order", "big-endian") }
    report.field("streams", "\(reader.directory.count)")
    if !isVerbose { return }
    report.table(
      ["type", "name", "offset", "size"],
      reader.directory.map {
        [hex(UInt64($0.type.rawValue)), $0.type.name ?? "?", hex(UInt64($0.offset)), "\($0.size)"]
      })
  }

  private mutating func system() {
    if let system = reader.systemInfo {
      report.heading("System")
      report.field("os", "\(DumpDescription.name(of: system.platform)) \(DumpDescription.version(of: system))")
      report.field("details", system.serviceDescription.isEmpty ? nil : system.serviceDescription)
      let count = system.processorCount == 0 ? "" : ", \(system.processorCount) CPUs"
      report.field("cpu", DumpDescription.name(of: system.architecture) + count)
      if case .x86(let vendor, _, _, _) = system.cpu { report.field("cpu vendor", vendor.text) }
    }
    if reader.miscInfo == nil, dump.processID == nil { return }
    report.heading("Process")
    report.field("pid", dump.processID.map { "\($0)" })
    if let times = reader.miscInfo?.processTimes {
      report.field("started", date(times.created))
      report.field("cpu time", "\(times.user) s user, \(times.kernel) s kernel")
    }
    report.field("build", reader.miscInfo?.buildString)
    if let zone = reader.miscInfo?.timeZone, isVerbose { report.field("time zone", zone.standardName) }
    report.field("command", reader.parts(of: .linuxCommandLine)?.joined(separator: " "))
  }

  private mutating func exception() {
    for exception in reader.exceptions {
      report.heading("Exception")
      report.field("reason", dump.name(of: exception).summary(of: exception), .bad)
      report.field("code", "\(hex(UInt64(exception.code))), flags \(hex(UInt64(exception.flags)))")
      report.field("thread", "\(exception.threadID)")
      report.field("address", address(exception.address) + module(at: exception.address))
      let fault = exception.faultAddress(on: dump.platform, architecture: dump.architecture)
      if fault != exception.address { report.field("accessed", address(fault)) }
      if !exception.parameters.isEmpty {
        report.field("parameters", exception.parameters.map { hex($0) }.joined(separator: " "))
      }
      if let pointer = exception.context?.instructionPointer {
        report.field("instruction", address(pointer) + module(at: pointer))
      }
      if let context = exception.context { registers(context) }
    }
    if let info = reader.assertionInfo, !info.expression.isEmpty {
      report.heading("Assertion")
      report.field("expression", info.expression)
      report.field("function", info.function)
      report.field("place", "\(info.file):\(info.line)")
    }
  }

  private func module(at address: UInt64) -> String {
    for module in reader.modules ?? [] where module.addresses.contains(address) {
      let name = module.name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map { String($0) } ?? module.name
      return " in \(name) + \(hex(address - module.base))"
    }
    return ""
  }

  private mutating func registers(_ context: MinidumpContext) {
    let digits = addressDigits == 8 ? 8 : 16
    let values = context.registers
    let width = values.map { $0.name.utf8.count }.max() ?? 0
    for start in stride(from: 0, to: values.count, by: 4) {
      let row = values[start..<min(start + 4, values.count)].map { register in
        String(repeating: " ", count: width - register.name.utf8.count) + "\(register.name) "
          + hex(register.value, digits).dropFirst(2)
      }
      report.line("    " + row.joined(separator: "  "))
    }
  }

  private mutating func threads() {
    guard let threads = reader.threads else { return }
    report.heading("Threads (\(threads.count))")
    var names: [UInt32: String] = [:]
    for name in reader.threadNames ?? [] where names[name.threadID] == nil { names[name.threadID] = name.name }
    let crashed = threads.firstIndex { $0.id == reader.exception?.threadID }
    report.table(
      ["id", "name", "instruction", "stack", "bytes"],
      threads.map { thread in
        let pointer = thread.context?.instructionPointer
        return [
          "\(thread.id)", names[thread.id] ?? "", pointer.map { address($0) + module(at: $0) } ?? "",
          thread.stack.map { address($0.start) } ?? "", thread.stack.map { "\($0.size)" } ?? "",
        ]
      }, marked: crashed)
    if !isVerbose { return }
    for thread in threads {
      guard let context = thread.context else { continue }
      report.line("  registers of thread \(thread.id)")
      registers(context)
    }
  }

  private mutating func modules() {
    if let modules = reader.modules {
      report.heading("Modules (\(modules.count))")
      report.table(
        ["start", "end", "debug id", "version", "name"],
        modules.map { module in
          let version = module.version?.fileVersion
          return [
            address(module.base), address(module.addresses.end), module.debugID ?? "-",
            version == nil || version == "0.0.0.0" ? "" : version ?? "", module.name,
          ]
        })
    }
    if let modules = reader.unloadedModules, !modules.isEmpty {
      report.heading("Unloaded modules (\(modules.count))")
      report.table(
        ["start", "size", "name"], modules.map { [address($0.base), hex(UInt64($0.size)), $0.name] })
    }
  }

  private mutating func memory() {
    let ranges = (reader.memoryList ?? []) + (reader.memory64List ?? [])
    if !ranges.isEmpty || reader.memoryInfo != nil {
      report.heading("Memory")
      report.field("contents", "\(ranges.count) ranges, \(bytes(ranges.reduce(0) { $0 &+ $1.size }))")
      report.field("regions", reader.memoryInfo.map { "\($0.count)" })
    }
    if !isVerbose { return }
    if !ranges.isEmpty { report.table(["start", "size"], ranges.map { [address($0.start), hex($0.size)] }) }
    guard let regions = reader.memoryInfo, !regions.isEmpty else { return }
    report.table(
      ["region", "size", "state", "protection", "type"],
      regions.map {
        [
          address($0.base), hex($0.size), hex(UInt64($0.state.rawValue)), hex(UInt64($0.protection.rawValue)),
          hex(UInt64($0.kind.rawValue)),
        ]
      })
  }

  private mutating func handles() {
    guard let handles = reader.handles, !handles.isEmpty else { return }
    report.heading("Handles (\(handles.count))")
    if !isVerbose { return }
    report.table(
      ["handle", "type", "name"], handles.map { [hex($0.handle), $0.typeName ?? "", $0.objectName ?? ""] })
  }

  private mutating func crashpad() {
    guard let info = reader.crashpadInfo else { return }
    report.heading("Crashpad")
    report.field("report", info.reportID.description)
    report.field("client", info.clientID.description)
    for annotation in info.simpleAnnotations { report.field(annotation.key, annotation.value) }
    for module in info.modules {
      let index = Int(module.moduleIndex)
      let name = reader.modules.flatMap { index < $0.count ? $0[index].name : nil } ?? "module \(index)"
      report.line("  " + TextReport.printable(name))
      for text in module.listAnnotations { report.line("    " + TextReport.printable(text)) }
      for annotation in module.simpleAnnotations { report.field("  " + annotation.key, annotation.value) }
      for annotation in module.annotations {
        let value =
          annotation.kind == .string
          ? String(decoding: annotation.value, as: UTF8.self) : "\(annotation.value.count) bytes"
        report.field("  " + annotation.name, value)
      }
    }
  }

  private mutating func systemFiles() {
    let types: [MinidumpStreamType] = [
      .linuxLSBRelease, .linuxProcStatus, .linuxCPUInfo, .linuxMaps, .linuxLimits, .linuxProcStat, .linuxProcUptime,
      .linuxProcFD, .softErrors,
    ]
    let present = types.filter { reader.contains($0) }
    if !present.isEmpty || reader.contains(.linuxEnvironment) || reader.dsoDebug != nil {
      report.heading("Linux")
      for type in present {
        report.field(type.name ?? "", bytes(UInt64(reader.streamBytes(type)?.count ?? 0)))
        if isVerbose || type == .softErrors { report.block(reader.text(of: type) ?? "") }
      }
      // The environment may hold secrets: its values are shown only when asked for.
      let environment = reader.parts(of: .linuxEnvironment)
      report.field("LinuxEnviron", environment.map { "\($0.count) variables" })
      if isVerbose { for variable in environment ?? [] { report.block(variable) } }
      report.field("LinuxDsoDebug", reader.dsoDebug.map { "\($0.entries.count) objects" })
      if isVerbose, let debug = reader.dsoDebug {
        report.table(
          ["bias", "dynamic", "name"],
          debug.entries.map { [address($0.loadBias), address($0.dynamicSection), $0.name] })
      }
    }
    let streams = dump.userStreams
    if streams.isEmpty { return }
    report.heading("Other streams")
    report.table(["type", "bytes"], streams.map { [hex(UInt64($0.type.rawValue)), "\($0.size)"] })
  }

  private mutating func apple() {
    let records = reader.macOSCrashInfo ?? []
    if records.isEmpty, reader.macOSBootArgs == nil { return }
    report.heading("macOS")
    report.field("boot args", reader.macOSBootArgs)
    for record in records {
      report.field("module", record.modulePath)
      report.field("message", record.message.isEmpty ? nil : record.message)
      report.field("message", record.message2.isEmpty ? nil : record.message2)
      report.field("signature", record.signature.isEmpty ? nil : record.signature)
    }
  }

  private mutating func comments() {
    if reader.comment == nil, reader.commentW == nil { return }
    report.heading("Comment")
    report.block(reader.comment ?? "")
    report.block(reader.commentW ?? "")
  }

  private mutating func errors() {
    if reader.softErrors.isEmpty { return }
    report.heading("What could not be read")
    for error in reader.softErrors { report.line("  " + TextReport.printable(error.description)) }
    if reader.droppedSoftErrors > 0 { report.line("  and \(reader.droppedSoftErrors) more") }
  }
}
