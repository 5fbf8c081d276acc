// Provides the capture: a stopped process becomes a snapshot.
internal import CLinuxShims
internal import LinuxSystem
public import ProcessMemory

extension ProcessSnapshot {
  /// Captures a stopped process. Never fails: what cannot be read is missing, with a line in `softErrors`.
  ///
  /// On the OS thread that stopped the process. The order is: threads' registers, maps, modules, exception, stacks, memory
  /// windows, message, then the facts that cannot change while the process is stopped.
  ///
  /// - Parameters:
  ///   - memory: how memory is read; `nil` takes the best way that works.
  ///   - request: where the process tells of its crash; `nil` for a process that did not crash.
  ///   - system: facts of the machine that were read before, so that the process stands still for less long.
  public static func capture(
    _ stopped: borrowing StoppedProcess, memory access: MemoryAccess? = nil, request: ExceptionRequest? = nil,
    limits: CaptureLimits = CaptureLimits(), system: SystemFacts? = nil
  ) -> ProcessSnapshot {
    let access = access ?? MemoryAccess.open(process: stopped.processID, thread: stopped.representative)
    let source = CaptureSource(
      threads: stopped.threadIDs,
      files: ProcessFiles(process: stopped.processID, representative: stopped.representative), memory: access,
      registers: .ptrace, softErrors: stopped.softErrors + access.refusalErrors)
    return capture(source, request: request, limits: limits, system: system)
  }

  /// Captures a process by whatever way leads to it.
  static func capture(
    _ source: CaptureSource, request: ExceptionRequest?, limits: CaptureLimits, system: SystemFacts?
  ) -> ProcessSnapshot {
    var capture = ProcessCapture(source, limits: limits)
    capture.readThreads(source.threads, request)
    capture.readMap(request)
    capture.readModules()
    capture.readException(request)
    capture.chooseMemory()
    capture.readMessage()
    capture.readProcessFacts()
    capture.snapshot.system = system ?? SystemFacts.current()
    capture.snapshot.softErrors += capture.snapshot.system.softErrors
    return capture.snapshot
  }
}

/// What a capture works with: the threads that it may ask for, and where registers, memory and files come from.
struct CaptureSource {
  /// The main thread first when it lives.
  let threads: [Int32]
  let files: ProcessFiles
  let memory: MemoryAccess
  let registers: RegisterSource
  let softErrors: [SoftError]
  let known: KnownModules?
  /// Over `memory`.
  let cache: CachingMemoryReader

  init(
    threads: [Int32], files: ProcessFiles, memory: MemoryAccess, registers: RegisterSource, softErrors: [SoftError],
    known: KnownModules? = nil
  ) {
    self.threads = threads
    self.files = files
    self.memory = memory
    self.registers = registers
    self.softErrors = softErrors
    self.known = known
    // Two pages of each module are read ahead, and no more than half of all that fit; what is not used costs nothing.
    cache = CachingMemoryReader(memory.reader, capacity: 2048)
  }
}

/// The steps of a capture, in order.
private struct ProcessCapture {
  let process: Int32
  let files: ProcessFiles
  let memory: CachingMemoryReader
  let registers: RegisterSource
  let limits: CaptureLimits
  private let known: KnownModules?
  var snapshot: ProcessSnapshot
  private var fatalMessageSlot: UInt64 = 0

  init(_ source: CaptureSource, limits: CaptureLimits) {
    process = source.files.process
    files = source.files
    memory = source.cache
    registers = source.registers
    known = source.known
    self.limits = limits
    snapshot = ProcessSnapshot(processID: process)
    snapshot.memoryStrategy = source.memory.strategy
    snapshot.softErrors = source.softErrors
  }

  private mutating func fail(_ part: String, _ message: String) { snapshot.softErrors.append(SoftError(part, message)) }

  private mutating func read(_ name: String, limit: Int) -> [UInt8] {
    do throws(Errno) {
      return try files.read(name, limit: limit)
    } catch {
      fail(name, "\(files.path(name)) cannot be read: \(error)")
      return []
    }
  }

  mutating func readThreads(_ stopped: [Int32], _ request: ExceptionRequest?) {
    var threads = Array(stopped.prefix(limits.threads))
    if stopped.count > threads.count {
      let record = request.flatMap {
        CrashRecord(memory.readAvailable(at: $0.informationAddress, count: CrashRecord.size))
      }
      if let crashed = record?.thread, !threads.contains(crashed), stopped.contains(crashed) { threads.append(crashed) }
      fail("threads", "only \(threads.count) of \(stopped.count) threads are captured")
    }
    let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    for thread in threads {
      let context: CPUContext
      do throws(Errno) {
        context = try registers.read(thread, extended: limits.readsExtendedState, &snapshot.softErrors)
      } catch {
        fail("threads", "registers of thread \(thread) cannot be read: \(error)")
        continue
      }
      var result = ThreadSnapshot(threadID: thread, context: context)
      let statistics =
        limits.readsThreadTimes
        ? ThreadStatistics((try? files.read("stat", thread: thread, limit: 4096)) ?? []) : nil
      result.name = statistics?.name ?? name(of: thread)
      if let statistics {
        result.userSeconds = Double(statistics.userTicks) / ticks
        result.systemSeconds = Double(statistics.systemTicks) / ticks
      }
      result.priority = statistics?.priority ?? (files.isVisible ? Self.priority(of: thread) : nil)
      snapshot.threads.append(result)
    }
    snapshot.is64Bit = snapshot.threads.first?.context.is64Bit ?? true
  }

  private func name(of thread: Int32) -> [UInt8] {
    var name = (try? files.read("comm", thread: thread, limit: 4096)) ?? []
    if name.last == 0x0a { name.removeLast() }
    return name
  }

  private static func priority(of thread: Int32) -> ThreadPriority? {
    var scheduling = linux_scheduling()
    guard linux_thread_scheduling(thread, &scheduling) == 0 else { return nil }
    return ThreadPriority(
      policy: scheduling.policy, staticPriority: scheduling.static_priority, nice: scheduling.nice)
  }

  mutating func readMap(_ request: ExceptionRequest?) {
    readMapFile()
    if snapshot.map.mappings.isEmpty { probeMap(request) }
  }

  /// Without the file: what is readable around the places that matter most.
  private mutating func probeMap(_ request: ExceptionRequest?) {
    var places = snapshot.threads.map { $0.context.stackPointer }
    if let request {
      places.append(request.stackAddress)
      let record = CrashRecord(memory.readAvailable(at: request.informationAddress, count: CrashRecord.size))
      let context = record.flatMap {
        SignalContext.read(memory, at: $0.contextAddress, is64Bit: snapshot.is64Bit)
      }
      if let context { places += [context.stackPointer, context.instructionPointer] + context.general.pointers }
    }
    snapshot.map = MemoryProbe.map(memory, around: places, limit: limits.crashingStack)
    fail("maps", "the map is unknown: \(snapshot.map.mappings.count) readable places were found by trying")
  }

  private mutating func readMapFile() {
    var malformed: Int?
    for _ in 0..<3 {
      snapshot.process.maps = read("maps", limit: 128 << 20)
      if let known, known.hold(for: snapshot.process.maps, is64Bit: snapshot.is64Bit) {
        snapshot.map = known.map
        snapshot.knownModules = known
        return
      }
      switch MemoryMap.parse(snapshot.process.maps) {
      case .parsed(let map):
        snapshot.map = map
        if map.mappings.isEmpty { fail("maps", "the process has no mappings") }
        return
      case .malformed(let line): malformed = line
      case .changed: continue
      }
    }
    if let malformed {
      fail("maps", "line \(malformed) is malformed")
    } else {
      fail("maps", "the mappings changed while they were read")
    }
  }

  mutating func readModules() {
    snapshot.process.auxiliaryVector = read("auxv", limit: 65536)
    if let known = snapshot.knownModules {
      snapshot.moduleSource = known.source
      snapshot.modules = known.modules
      readClients(known.clients)
      return
    }
    memory.prefetch(snapshot.map.imagePages)
    var discovery = ModuleDiscovery(
      memory: memory, map: snapshot.map, auxiliary: snapshot.process.auxiliaryVector, is64Bit: snapshot.is64Bit,
      limits: limits)
    snapshot.moduleSource = discovery.run()
    snapshot.modules = discovery.modules
    snapshot.softErrors += discovery.errors
    snapshot.knownModules = KnownModules(
      process: process, maps: snapshot.process.maps, map: snapshot.map, is64Bit: snapshot.is64Bit,
      discovery: discovery, source: snapshot.moduleSource)
    readClients(discovery.clients)
  }

  /// What they say may have changed a moment ago.
  private mutating func readClients(_ clients: [(module: Int, place: CrashpadInfo.Place)]) {
    var left = limits.clientData
    for (module, place) in clients {
      guard let client = CrashpadInfo(place, memory: memory) else { continue }
      client.merge(into: &snapshot.clientOptions)
      snapshot.modules[module].annotations = client.annotations(&snapshot.softErrors, within: &left)
      snapshot.clientOptions.extraMemory += client.ranges(&snapshot.softErrors)
      snapshot.userStreams += client.streams(&snapshot.softErrors, within: &left)
    }
  }

  private func stack(of thread: ThreadSnapshot, context: CPUContext, limit: UInt64) -> StackRegion? {
    snapshot.map.stack(
      at: context.stackPointer, threadPointer: thread.threadID == process ? 0 : thread.context.threadPointer,
      redZone: context.is64Bit, limit: limit)
  }

  mutating func readException(_ request: ExceptionRequest?) {
    guard let request else { return }
    let stacks = snapshot.threads.map { stack(of: $0, context: $0.context, limit: 0) }
    var reading = ExceptionReading(
      memory: memory, files: files, threads: snapshot.threads, stacks: stacks, is64Bit: snapshot.is64Bit)
    snapshot.exception = reading.read(request)
    fatalMessageSlot = reading.fatalMessageSlot
    snapshot.softErrors += reading.errors
  }

  mutating func chooseMemory() {
    let crashed =
      snapshot.exception.flatMap { exception in
        snapshot.threads.firstIndex { $0.threadID == exception.threadID }
      } ?? (snapshot.threads.isEmpty ? nil : 0)
    var left = limits.allStacks
    var windows = MemoryWindows(map: snapshot.map)
    // What Crashpad clients may ask for beyond the crashing thread.
    let gatherLimit = snapshot.clientOptions.indirectMemoryLimit
    var gathered: UInt64 = 0
    // The one that matters comes first, before the budget is spent on thousands of others.
    let order = snapshot.threads.indices.filter { $0 == crashed } + snapshot.threads.indices.filter { $0 != crashed }
    for index in order {
      let thread = snapshot.threads[index]
      var context = thread.context
      if index == crashed {
        if let interrupted = snapshot.exception?.context { context = interrupted }
        for pointer in context.general.pointers {
          windows.add(around: pointer, size: limits.registerWindow, before: limits.registerWindow / 4)
        }
      }
      if index != crashed, snapshot.clientOptions.gathersIndirectMemory == true, gathered < gatherLimit {
        let before = windows.size
        for pointer in context.general.pointers where windows.size - before < gatherLimit - gathered {
          windows.add(around: pointer, size: 512, before: 128)
        }
        gathered += windows.size - before
      }
      windows.add(around: context.instructionPointer, size: limits.codeWindow, before: limits.codeWindow / 2)
      var limit = index == crashed ? limits.crashingStack : limits.otherStack
      if let wanted = snapshot.clientOptions.stackLimit { limit = min(limit, wanted) }
      let region = stack(of: thread, context: context, limit: min(limit, left))
      if let region { left -= min(left, region.kept.size) }
      snapshot.threads[index].stack = region
    }
    // A runaway recursion is told by its top; how the thread came into it, by its bottom.
    for index in order {
      guard let region = snapshot.threads[index].stack else { continue }
      let size = min(limits.stackBottom, left, region.whole.end - region.kept.end)
      if size > 0 { left -= windows.add(AddressRange(start: region.whole.end - size, size: size), limit: size) }
    }
    var extra = limits.extraMemory
    for range in snapshot.clientOptions.extraMemory { extra -= windows.add(range, limit: extra) }
    let withoutStack = snapshot.threads.filter { $0.stack == nil }.count
    if withoutStack > 0 { fail("stacks", "the stack pointers of \(withoutStack) threads lead to no stack") }
    snapshot.memoryWindows = windows.merged(without: snapshot.threads.compactMap { $0.stack?.kept })
  }

  mutating func readMessage() {
    let search = FatalMessage(
      memory: memory, modules: snapshot.modules, is64Bit: snapshot.is64Bit, limit: limits.fatalMessage)
    snapshot.fatalMessage = search.find(slot: fatalMessageSlot, exception: snapshot.exception)
  }

  mutating func readProcessFacts() {
    var facts = snapshot.process
    facts.status = read("status", limit: 1 << 20)
    let status = StatusFile(facts.status)
    facts.parentProcessID = status.numbers("PPid")?.first.flatMap { Int32(exactly: $0) }
    facts.userIDs = (status.numbers("Uid") ?? []).compactMap { UInt32(exactly: $0) }
    facts.groupIDs = (status.numbers("Gid") ?? []).compactMap { UInt32(exactly: $0) }
    facts.commandLine = read("cmdline", limit: 4 << 20)
    if limits.readsEnvironment { facts.environment = read("environ", limit: 4 << 20) }
    facts.limits = read("limits", limit: 1 << 20)
    if files.isVisible { facts.executable = try? FileSystem.linkTarget(FilePath("/proc/\(process)/exe")) }
    facts.executable = facts.executable ?? snapshot.modules.first { $0.kind == .executable }?.path
    // The process's own file counts threads that have ended as well.
    if let statistics = ThreadStatistics((try? files.readWhole("stat", limit: 65536)) ?? []) {
      let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
      facts.userSeconds = Double(statistics.userTicks) / ticks
      facts.systemSeconds = Double(statistics.systemTicks) / ticks
      facts.startTime = Self.startTime(statistics.startTicks, perSecond: UInt64(ticks))
      if !limits.readsEnvironment {
        snapshot.hiddenEnvironment = AddressRange(start: statistics.environmentStart, end: statistics.environmentEnd)
      }
    } else {
      fail("stat", "times of the process cannot be read")
    }
    snapshot.process = facts
  }

  /// Clock ticks after the boot as a point of the calendar.
  private static func startTime(_ ticks: UInt64, perSecond: UInt64) -> Timestamp? {
    var boot = timespec()
    guard clock_gettime(CLOCK_BOOTTIME, &boot) == 0, ticks < 1 << 48 else { return nil }
    let now = Timestamp.now()
    let second: Int64 = 1_000_000_000
    let start =
      (now.seconds - Int64(boot.tv_sec)) &* second &+ Int64(now.nanoseconds) &- Int64(boot.tv_nsec)
      &+ Int64(ticks / perSecond) &* second &+ Int64(ticks % perSecond) &* (second / Int64(perSecond))
    return start > 0 ? Timestamp(seconds: start / second, nanoseconds: Int32(start % second)) : nil
  }
}
