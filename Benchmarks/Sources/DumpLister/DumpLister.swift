// Provides a program that prints every record of every stream of a minidump, memory contents excepted: the reader alone,
// linked statically, as readers of others are.
import Glibc
import MinidumpFormat

@main
struct DumpLister {
  static func main() {
    guard CommandLine.arguments.count == 2, let bytes = map(CommandLine.arguments[1]) else { exit(2) }
    guard let reader = try? MinidumpReader(MinidumpBytes(unowned: bytes)) else { exit(1) }
    var output = TextBuffer(capacity: 1 << 20)
    list(reader, &output)
    exit(output.flush() ? 0 : 1)
  }

  private static func map(_ path: String) -> UnsafeRawBufferPointer? {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_size > 0 else { return nil }
    let size = Int(status.st_size)
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED else { return nil }
    return UnsafeRawBufferPointer(start: start, count: size)
  }

  private static func list(_ reader: MinidumpReader, _ output: inout TextBuffer) {
    output.heading("header")
    output.field("version", reader.header.version)
    output.field("streams", reader.header.streamCount)
    output.field("directory", reader.header.directoryOffset)
    output.field("timestamp", reader.header.timestamp)
    output.field("flags", reader.header.flags)
    output.heading("directory ", reader.directory.count)
    for stream in reader.directory {
      output.add("  ")
      output.hex(UInt64(stream.type.rawValue))
      output.add(" ")
      output.add(stream.type.name ?? "?")
      output.add(" ")
      output.hex(UInt64(stream.offset))
      output.add(" ")
      output.hex(UInt64(stream.size))
      output.newline()
    }
    if let system = reader.systemInfo {
      output.heading("system")
      output.field("architecture", system.architecture.rawValue)
      output.field("platform", system.platform.rawValue)
      output.field("level", system.processorLevel)
      output.field("revision", system.processorRevision)
      output.field("processors", system.processorCount)
      output.field("major", system.majorVersion)
      output.field("minor", system.minorVersion)
      output.field("build", system.buildNumber)
      output.field("csd", system.serviceDescription)
    }
    if let misc = reader.miscInfo {
      output.heading("misc")
      output.field("pid", misc.processID ?? 0)
      output.field("created", misc.processTimes?.created ?? 0)
      output.field("build", misc.buildString ?? "")
    }
    threads(reader, &output)
    modules(reader, &output)
    memory(reader, &output)
    others(reader, &output)
  }

  private static func context(_ context: MinidumpContext?, _ output: inout TextBuffer) {
    for register in context?.registers ?? [] {
      output.add("    ")
      output.add(register.name)
      output.add(" = 0x")
      output.hex(register.value)
      output.newline()
    }
  }

  private static func threads(_ reader: MinidumpReader, _ output: inout TextBuffer) {
    output.heading("threads ", reader.threads?.count)
    for thread in reader.threads ?? [] {
      output.add("thread\n")
      output.field("id", thread.id)
      output.field("suspend_count", thread.suspendCount)
      output.field("priority_class", thread.priorityClass)
      output.field("priority", thread.priority)
      output.field("teb", thread.teb)
      output.field("stack.start", thread.stack?.start ?? 0)
      output.field("stack.size", thread.stack?.size ?? 0)
      context(thread.context, &output)
    }
    for name in reader.threadNames ?? [] {
      output.field("thread", name.threadID)
      output.field("name", name.name)
    }
    for exception in reader.exceptions {
      output.heading("exception")
      output.field("thread", exception.threadID)
      output.field("code", exception.code)
      output.field("flags", exception.flags)
      output.field("record", exception.record)
      output.field("address", exception.address)
      for parameter in exception.parameters { output.field("parameter", parameter) }
      context(exception.context, &output)
    }
  }

  private static func modules(_ reader: MinidumpReader, _ output: inout TextBuffer) {
    output.heading("modules ", reader.modules?.count)
    for module in reader.modules ?? [] {
      output.add("module\n")
      output.field("base", module.base)
      output.field("size", module.size)
      output.field("checksum", module.checksum)
      output.field("timestamp", module.timestamp)
      output.field("name", module.name)
      output.field("version", module.version?.fileVersion ?? "")
      output.field("code_id", module.codeID(on: reader.systemInfo?.platform) ?? "")
      output.field("debug_id", module.debugID ?? "")
      output.field("debug_file", module.debugFile ?? "")
    }
    for module in reader.unloadedModules ?? [] {
      output.add("unloaded module\n")
      output.field("base", module.base)
      output.field("size", module.size)
      output.field("name", module.name)
    }
  }

  private static func memory(_ reader: MinidumpReader, _ output: inout TextBuffer) {
    output.heading("memory ", (reader.memoryList?.count ?? 0) + (reader.memory64List?.count ?? 0))
    for range in (reader.memoryList ?? []) + (reader.memory64List ?? []) {
      output.add("range\n")
      output.field("start", range.start)
      output.field("size", range.size)
      output.field("offset", range.offset)
    }
    for region in reader.memoryInfo ?? [] {
      output.add("region\n")
      output.field("base", region.base)
      output.field("size", region.size)
      output.field("state", region.state.rawValue)
      output.field("protection", region.protection.rawValue)
      output.field("type", region.kind.rawValue)
    }
  }

  private static func others(_ reader: MinidumpReader, _ output: inout TextBuffer) {
    for handle in reader.handles ?? [] {
      output.field("handle", handle.handle)
      output.field("type", handle.typeName ?? "")
      output.field("object", handle.objectName ?? "")
    }
    if let info = reader.crashpadInfo {
      output.heading("crashpad")
      output.field("report", info.reportID.description)
      output.field("client", info.clientID.description)
      for annotation in info.simpleAnnotations {
        output.field("key", annotation.key)
        output.field("value", annotation.value)
      }
    }
    for location in reader.directory {
      guard let text = reader.text(of: location.type), location.type.rawValue >> 16 == 0x4767 else { continue }
      output.add(text)
    }
    for error in reader.softErrors { output.field("error", error.description) }
  }
}
