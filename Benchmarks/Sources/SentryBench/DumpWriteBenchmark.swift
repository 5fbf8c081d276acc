// Provides the throughput of the minidump writer, beside plain write(2) calls with the same bytes.
import Foundation
import LinuxSystem
import MinidumpFormat

/// A dump goes into a file, as in the handler.
final class FileSink: MinidumpSink {
  let file: OwnedFileDescriptor
  init(_ path: FilePath) throws { file = try FileSystem.open(path, [.readWrite, .create, .truncate]) }
  var canOverwrite: Bool { true }
  func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) {
    do throws(Errno) { try file.writeAll(bytes) } catch { throw MinidumpSinkError(code: error.rawValue) }
  }
  func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) -> Bool {
    do throws(Errno) { try file.writeAll([UInt8](bytes), at: Int64(offset)) } catch {
      throw MinidumpSinkError(code: error.rawValue)
    }
    return true
  }
}

func dumpWrite(_ settings: Settings, _ emit: (Row) -> Void) throws {
  let folder = try settings.folder("dump-write")
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 100 << 20, alignment: 4096)
  defer { memory.deallocate() }
  for offset in stride(from: 0, to: memory.count, by: 8) {
    memory.storeBytes(of: UInt64(truncatingIfNeeded: offset &* 0x9e37_79b9), toByteOffset: offset, as: UInt64.self)
  }
  emit(try measure("dump-write/memory-100MB", oneRange(memory.count), memory, folder, settings.runs))
  emit(try measure("dump-write/threads-1000", manyThreads(1000), memory, folder, settings.runs))
  emit(try measure("dump-write/modules-1000-threads-100", manyModules(), memory, folder, settings.runs))
  emit(try inMemory(settings.runs))
}

private let base: UInt64 = 0x7f00_0000_0000

private func oneRange(_ size: Int) -> MinidumpContents {
  var contents = MinidumpContents()
  contents.memory = [MinidumpAddressRange(start: base, size: UInt64(size))]
  return contents
}

func manyThreads(_ count: Int, stack size: UInt64 = 8192) -> MinidumpContents {
  var contents = MinidumpContents()
  for index in 0..<count {
    var registers = AMD64Context()
    registers.rip = 0x40_0000 &+ UInt64(index)
    registers.fxsave = [UInt8](repeating: UInt8(truncatingIfNeeded: index | 1), count: 512)
    let stack = MinidumpAddressRange(start: base + UInt64(index) * 65536, size: size)
    contents.threads.append(
      MinidumpThread(id: UInt32(1000 + index), priority: 0x314, stack: stack, context: .amd64(registers)))
    contents.threadNames.append(MinidumpThreadName(threadID: UInt32(1000 + index), name: "worker-\(index)"))
  }
  return contents
}

func manyModules() -> MinidumpContents {
  var contents = manyThreads(100)
  for index in 0..<1000 {
    contents.modules.append(
      MinidumpModule(
        base: 0x7e00_0000_0000 + UInt64(index) << 24, size: 1 << 20, name: "/usr/lib/x86_64-linux-gnu/lib\(index).so.1",
        codeView: .elfBuildID([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 20))))
  }
  return contents
}

private func measure(
  _ name: String, _ contents: MinidumpContents, _ memory: UnsafeMutableRawBufferPointer, _ folder: String, _ runs: Int
) throws -> Row {
  var row = Row(name: name, unit: "MB/s")
  let size = try MinidumpWriter.size(of: contents)
  for run in -1..<runs {
    let path = FilePath("\(folder)/dump")
    let ours = try seconds {
      let sink = try FileSink(path)
      try MinidumpWriter.write(contents, to: sink) { address, buffer in
        let offset = Int(truncatingIfNeeded: (address &- base) % UInt64(memory.count))
        let count = min(buffer.count, memory.count - offset)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[offset..<offset + count]))
        return count
      }
    }
    try FileSystem.remove(path)
    let floor = try seconds {
      let file = try FileSystem.open(path, [.readWrite, .create, .truncate])
      var written = 0
      while written < Int(size) {
        let count = min(1 << 20, Int(size) - written, memory.count - written % memory.count)
        let offset = written % memory.count
        try file.writeAll(UnsafeRawBufferPointer(rebasing: memory[offset..<offset + count]))
        written += count
      }
    }
    try FileSystem.remove(path)
    if run < 0 { continue }
    row.ours.append(Double(size) / 1e6 / ours)
    row.floor.append(Double(size) / 1e6 / floor)
  }
  return row
}

/// Ten thousand threads with 64 KiB of stack each, beside memcpy of as many bytes.
private func inMemory(_ runs: Int) throws -> Row {
  var row = Row(name: "dump-write/memory/threads-10000", unit: "MB/s")
  let contents = manyThreads(10_000, stack: 65536)
  let size = Int(try MinidumpWriter.size(of: contents))
  let source = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
  let target = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
  defer {
    source.deallocate()
    target.deallocate()
  }
  source.initializeMemory(as: UInt8.self, repeating: 1)
  target.initializeMemory(as: UInt8.self, repeating: 2)
  for run in -1..<runs {
    let ours = try seconds {
      try MinidumpWriter.write(contents, to: MinidumpPlaceSink(target)) { address, buffer in
        let offset = Int(truncatingIfNeeded: address &- base)
        guard offset >= 0, offset < source.count else { return 0 }
        let count = min(buffer.count, source.count - offset)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + count]))
        return count
      }
    }
    let floor = seconds { target.copyMemory(from: UnsafeRawBufferPointer(source)) }
    if run < 0 { continue }
    row.ours.append(Double(size) / 1e6 / ours)
    row.floor.append(Double(size) / 1e6 / floor)
  }
  return row
}

/// How long `body` takes, by the monotonic clock.
func seconds(_ body: () throws -> Void) rethrows -> Double {
  let began = MonotonicInstant.now()
  try body()
  return Double(MonotonicInstant.now().nanoseconds - began.nanoseconds) / 1e9
}
