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
  /// Sorted by address.
  private let memoryRanges: [AddressRange]

  /// More threads than this are left out.
  private static let threadLimit = 4096
  private static let moduleLimit = 4096
  /// Threads, the crashed one first, whose stacks are looked at for a gap.
  private static let fewThreads = 256

  init(_ arguments: Arguments) throws(WalkFailure) {
    self.arguments = arguments
    reader = try Self.open(Self.map(FilePath(arguments.dump)))
    memoryRanges = reader.memoryMap.ranges.map { AddressRange(start: $0.start, size: $0.size) }
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
    // What this machine has under the paths of another kind of machine is something else.
    options.usesLocalFiles = arguments.usesLocalFiles && isOfThisKind
    // Seconds, rounded down by whoever wrote the dump.
    if reader.header.timestamp != 0 {
      options.newestFile = Timestamp(seconds: Int64(reader.header.timestamp) + 1)
    }
    options.executableRanges = executableRanges
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
          id: thread.id, name: names[thread.id], isCrashed: isCrashed,
          stack: stack(context, walker, isOneOfFew: report.threads.count < Self.fewThreads),
          registers: (context?.registers ?? []).map { ($0.name, $0.value) }))
    }
    // Optimised code traps without a message; its debug information has one as the name of an inlined function.
    if report.message == nil, let first = report.threads.first(where: { $0.isCrashed })?.stack.frames.first,
      first.isInline, let name = first.symbol, name.utf8.starts(with: "Swift runtime failure: ".utf8)
    {
      report.message = name
    }
    let platform = reader.systemInfo?.platform
    report.modules = (reader.modules ?? []).prefix(Self.moduleLimit).map { module in
      WalkReport.Module(
        path: path(of: module), base: module.base, size: UInt64(module.size), codeID: module.codeID(on: platform) ?? "",
        debugID: module.debugID ?? "")
    }
    if threads.count > Self.threadLimit {
      report.problems.append("\(threads.count - Self.threadLimit) threads are left out")
    }
    report.problems += walker.problems.prefix(64).map { $0.description }
    report.problems += reader.softErrors.prefix(16).map { "\($0)" }
    return report
  }

  private func stack(
    _ context: MinidumpContext?, _ walker: StackWalker, isOneOfFew: Bool
  ) -> SymbolizedStack {
    switch context {
    case .amd64(let context):
      let registers = Registers(context)
      // The map is gone through for each; whoever writes a dump decides how long it is.
      let missing = isOneOfFew ? registers.stackPointer.flatMap { gap(inStackAt: $0) } : nil
      return walker.symbolize(walker.walk(registers, over: missing))
    case let context?:
      guard let (registers, architecture) = context.foreign else { break }
      return walker.symbolize(walker.walk(registers, on: architecture))
    case nil: break
    }
    return SymbolizedStack(frames: [], end: .lost)
  }

  /// What lies between the young and the old end of a stack that was too deep to be kept whole: from the end of the memory
  /// around its stack pointer to the last memory of the same mapping.
  private func gap(inStackAt stackPointer: UInt64) -> AddressRange? {
    // An overflow leaves the stack pointer below the stack.
    let above = (1...16).lazy.map { (stackPointer & ~4095) &+ UInt64($0) * 4096 }
    guard let mapping = mapping(of: stackPointer) ?? above.compactMap({ mapping(of: $0) }).first else { return nil }
    let stackPointer = max(stackPointer, mapping.start)
    var first: UInt64?
    var last: AddressRange?
    for piece in memoryRanges where piece.start < mapping.end && piece.end > stackPointer {
      if piece.start <= first ?? stackPointer {
        first = piece.end
      } else if let known = last, known.end == piece.start {
        last = AddressRange(start: known.start, end: piece.end)
      } else {
        last = piece
      }
    }
    guard let first, let last, last.start > first else { return nil }
    return AddressRange(start: first, size: last.start - first)
  }

  /// Memory that a stack can lie in.
  private func mapping(of address: UInt64) -> AddressRange? {
    mappings.first { $0.range.contains(address) && $0.isReadable }?.range
  }

  private var isOfThisKind: Bool {
    guard let system = reader.systemInfo else { return true }
    return system.platform == .linux && system.architecture == .amd64
  }

  /// By the text of `/proc/PID/maps`, else by the list of regions that other systems have.
  private var executableRanges: [AddressRange] {
    if !mappings.isEmpty { return mappings.filter { $0.isExecutable }.map { $0.range } }
    // PAGE_EXECUTE and its three kin.
    return (reader.memoryInfo ?? []).filter { $0.protection.rawValue & 0xf0 != 0 }.prefix(65_536).map {
      AddressRange(start: $0.base, size: $0.size)
    }
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
      return CodeModule(base: module.base, size: UInt64(module.size), path: path(of: module), buildID: buildID)
    }
  }

  /// Crashpad names libraries by their SONAME; the memory map, where the dump has it, knows the file.
  private func path(of module: MinidumpModule) -> FilePath {
    let path = FilePath(module.name)
    if !path.isAbsolute, let mapping = mappings.first(where: { $0.range.contains(module.base) }),
      mapping.path.isAbsolute
    {
      return mapping.path
    }
    return path
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
