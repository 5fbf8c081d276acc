// Provides the walk through one dump: from its streams to a report.
internal import LinuxSystem
internal import MinidumpFormat
internal import ProcessMemory
internal import StackWalk

/// Why there is no report at all.
struct WalkFailure: Error, CustomStringConvertible {
  let description: String
}

/// Memory that a dump holds.
final class DumpMemory: MemoryReader {
  private let map: MinidumpMemoryMap
  init(_ map: MinidumpMemoryMap) { self.map = map }
  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    map.read(at: address, into: buffer)
  }
}

/// Walks all threads of a dump.
struct DumpWalk {
  private let arguments: Arguments
  private let reader: MinidumpReader
  private let mappings: [DumpMapping]

  /// More threads than this are left out.
  private static let threadLimit = 4096

  init(_ arguments: Arguments) throws(WalkFailure) {
    self.arguments = arguments
    reader = try Self.open(Self.map(FilePath(arguments.dump)))
    mappings = DumpMapping.parse(reader.streamBytes(.linuxMaps).map { Array($0) } ?? [])
  }

  private static func map(_ path: FilePath) throws(WalkFailure) -> MappedFile {
    do throws(Errno) {
      return try MappedFile(path)
    } catch .invalidArgument {
      throw WalkFailure(description: "\(path) is empty or no file")
    } catch {
      throw WalkFailure(description: "\(path) cannot be opened: \(error)")
    }
  }

  private static func open(_ file: MappedFile) throws(WalkFailure) -> MinidumpReader {
    do throws(MinidumpReadError) {
      return try MinidumpReader(MinidumpBytes(unowned: file.bytes, keepingAlive: file))
    } catch {
      throw WalkFailure(description: "this is no minidump that can be read: \(error)")
    }
  }

  func report() -> WalkReport {
    var options = StackWalker.Options()
    options.symbolDirectories = arguments.symbolDirectories.map { FilePath($0) }
    options.usesLocalFiles = arguments.usesLocalFiles
    // Seconds, rounded down by whoever wrote the dump.
    if reader.header.timestamp != 0 {
      options.newestFile = Timestamp(seconds: Int64(reader.header.timestamp) + 1)
    }
    options.executableRanges = mappings.filter { $0.isExecutable }.map { $0.range }
    options.usesLibunwind = arguments.usesLibraries
    options.readsSourceLines = arguments.usesLibraries
    // Names take time as well; what is walked by then gets its names.
    options.deadline = MonotonicInstant.now().advanced(milliseconds: Int64(arguments.seconds) * 500)
    let walker = StackWalker(memory: DumpMemory(reader.memoryMap), modules: modules, options: options)

    let exception = reader.exception
    let crashed = exception.map { $0.threadID }
    let names = Dictionary(
      (reader.threadNames ?? []).map { ($0.threadID, $0.name) }, uniquingKeysWith: { first, _ in first })
    var report = WalkReport()
    report.crash = exception.map {
      CrashReason(
        $0, platform: reader.systemInfo?.platform, architecture: reader.systemInfo?.architecture,
        isStackOverflow: isStackOverflow($0))
    }
    report.message = message
    var threads = reader.threads ?? []
    if threads.isEmpty, let exception {
      threads = [MinidumpThread(id: exception.threadID, stack: nil, context: exception.context)]
    }
    // The crashing one first: time may run out.
    if let index = threads.firstIndex(where: { $0.id == crashed }) { threads.swapAt(0, index) }
    for thread in threads.prefix(Self.threadLimit) {
      let isCrashed = thread.id == crashed
      // The context in the thread list is that of the signal handler, the exception's that of the crash.
      let context = (isCrashed ? exception?.context : nil) ?? thread.context
      report.threads.append(
        WalkReport.Thread(
          id: thread.id, name: names[thread.id], isCrashed: isCrashed, stack: stack(context, walker)))
    }
    // Optimised code traps without a message; its debug information has one as the name of an inlined function.
    if report.message == nil, let first = report.threads.first(where: { $0.isCrashed })?.stack.frames.first,
      first.isInline, let name = first.symbol, name.utf8.starts(with: "Swift runtime failure: ".utf8)
    {
      report.message = name
    }
    if threads.count > Self.threadLimit {
      report.problems.append("\(threads.count - Self.threadLimit) threads are left out")
    }
    report.problems += walker.problems.prefix(64).map { $0.description }
    report.problems += reader.softErrors.prefix(16).map { "\($0)" }
    return report
  }

  private func stack(_ context: MinidumpContext?, _ walker: StackWalker) -> SymbolizedStack {
    switch context {
    case .amd64(let context): return walker.symbolize(walker.walk(Registers(context)))
    case let context?:
      // Of other processors the innermost frame at least.
      guard let instruction = context.instructionPointer else { break }
      let frame = StackFrame(instruction: instruction)
      return SymbolizedStack(frames: walker.symbolize(frame), end: .lost)
    case nil: break
    }
    return SymbolizedStack(frames: [], end: .lost)
  }

  /// Whether a fault was the stack's: its address is next to the stack pointer, has no memory, and has some above it.
  private func isStackOverflow(_ exception: MinidumpException) -> Bool {
    guard let stackPointer = exception.context?.stackPointer else { return false }
    let address = exception.address
    let distance = address > stackPointer ? address - stackPointer : stackPointer - address
    guard distance < 1 << 16, address & ~0xffff != 0 else { return false }
    let map = reader.memoryMap
    // The page of the fault is not mapped; what a writer put in its place lies in no range of the memory map.
    if let mapping = mappings.first(where: { $0.range.contains(address) }) {
      if mapping.isReadable { return false }
    } else if mappings.isEmpty, map.bytes(at: address) != nil {
      return false
    }
    return (1...16).contains { map.bytes(at: (address & ~4095) &+ UInt64($0) * 4096) != nil }
  }

  private var modules: [CodeModule] {
    (reader.modules ?? []).map { module in
      var buildID: [UInt8] = []
      if case .elfBuildID(let bytes) = module.codeView, bytes.contains(where: { $0 != 0 }) { buildID = bytes }
      var path = FilePath(module.name)
      // Crashpad names libraries by their SONAME; the memory map, where the dump has it, knows the file.
      if !path.isAbsolute, let mapping = mappings.first(where: { $0.range.contains(module.base) }),
        mapping.path.isAbsolute
      {
        path = mapping.path
      }
      return CodeModule(base: module.base, size: UInt64(module.size), path: path, buildID: buildID)
    }
  }

  /// What the program said before it died: an annotation of the handler or of the client.
  private var message: String? {
    let key = "swift.fatal_message"
    guard let info = reader.crashpadInfo else { return nil }
    if let found = info.simpleAnnotations.first(where: { $0.key == key }) { return found.value }
    for module in info.modules {
      if let found = module.simpleAnnotations.first(where: { $0.key == key }) { return found.value }
      if let found = module.annotations.first(where: { $0.name == key && $0.kind == .string }) {
        return String(decoding: found.value, as: UTF8.self)
      }
    }
    return nil
  }
}

extension Registers {
  init(_ context: AMD64Context) {
    self.init()
    self[.rax] = context.rax
    self[.rdx] = context.rdx
    self[.rcx] = context.rcx
    self[.rbx] = context.rbx
    self[.rsi] = context.rsi
    self[.rdi] = context.rdi
    self[.rbp] = context.rbp
    self[.rsp] = context.rsp
    self[.r8] = context.r8
    self[.r9] = context.r9
    self[.r10] = context.r10
    self[.r11] = context.r11
    self[.r12] = context.r12
    self[.r13] = context.r13
    self[.r14] = context.r14
    self[.r15] = context.r15
    self[.rip] = context.rip
  }
}
