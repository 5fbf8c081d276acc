// Provides a program that prints what is in a minidump, and can write one to read.
import Glibc
import MinidumpFormat

@main
struct ReadADump {
  static func main() {
    do {
      switch Array(CommandLine.arguments.dropFirst()) {
      case let arguments where arguments.count == 2 && arguments[0] == "--write": try writeSample(to: arguments[1])
      case let arguments where arguments.count == 4 && arguments[0] == "--copy":
        guard let limit = UInt64(arguments[3]) else { fail("how many bytes is \(arguments[3])?") }
        try copy(arguments[1], to: arguments[2], limit: limit)
      case let arguments where arguments.count == 1: try show(arguments[0])
      default: fail("usage: ReadADump DUMP | --write DUMP | --copy DUMP NEW BYTES")
      }
    } catch {
      fail("\(error)")
    }
  }

  static func show(_ path: String) throws {
    // The bytes may be anybody's: whatever they are, this ends with an error or with what could be read.
    let dump = try MinidumpReader(MappedDump(path).minidump)
    if let system = dump.systemInfo {
      let platform = system.platform == .linux ? "Linux" : "platform 0x\(hex(UInt64(system.platform.rawValue)))"
      let cpu = system.architecture == .amd64 ? "AMD64" : "CPU \(system.architecture.rawValue)"
      print("process \(dump.miscInfo?.processID.map { "\($0)" } ?? "?") on \(platform), \(cpu)")
    }
    if let exception = dump.exception, let system = dump.systemInfo {
      let name = exception.name(on: system.platform, architecture: system.architecture)
      let address = exception.faultAddress(on: system.platform, architecture: system.architecture)
      print("thread \(exception.threadID) died of \(name.summary(of: exception)) at 0x\(hex(address))")
    }
    let names = dump.threadNames ?? []
    for thread in dump.threads ?? [] {
      let name = names.first { $0.threadID == thread.id }?.name ?? "?"
      var line = "thread \(thread.id) \(name)"
      if let pointer = thread.context?.instructionPointer { line += " at 0x\(hex(pointer))" }
      // Memory by address: here the first word of the stack.
      if let pointer = thread.context?.stackPointer, let bytes = dump.memoryMap.bytes(at: pointer), bytes.count >= 8 {
        line += ", on its stack 0x\(hex(UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))))"
      }
      print(line)
    }
    for module in dump.modules ?? [] {
      print("module 0x\(hex(module.base)) \(module.name) \(module.debugID ?? "-")")
    }
    for (key, value) in (dump.crashpadInfo?.simpleAnnotations ?? []).map({ ($0.key, $0.value) }) {
      print("annotation \(key) = \(value)")
    }
    if let comment = dump.comment { print("comment \(comment)") }
    for error in dump.softErrors { print("not read: \(error)") }
  }

  /// Copies a dump of any producer, without memory that would make it larger than `limit`. Streams that nobody knows come
  /// along byte for byte.
  static func copy(_ path: String, to new: String, limit: UInt64) throws {
    let dump = try MinidumpReader(MappedDump(path).minidump)
    var contents = MinidumpContents(dump)
    contents.comment = "copied by ReadADump"
    let dropped = try contents.limit(to: limit)
    // Memory of the copy comes out of the dump, by address.
    let map = dump.memoryMap
    let result = try MinidumpWriter.write(contents, to: try FileSink(new)) { map.read(at: $0, into: $1) }
    print("\(result.size) bytes, \(dropped) bytes of memory left out")
  }

  private static func hex(_ value: UInt64) -> String { String(value, radix: 16) }

  private static func fail(_ message: String) -> Never {
    let line = "error: \(message)\n"
    _ = write(2, line, line.utf8.count)
    exit(1)
  }
}
