// Provides the bridge from a snapshot to a dump.
public import LinuxSystem
public import MinidumpFormat
public import ProcessMemory
public import ProcessSnapshot
import StableOrder

/// What a dump says beyond the snapshot, and what it takes along.
public struct MinidumpCaptureOptions: Sendable {
  public var reportID: UniqueID?
  /// The installation, from the database's settings.
  public var clientID: UniqueID?
  /// Annotations of the process. Keys are unique; the later of two wins.
  public var annotations: [MinidumpSimpleAnnotation] = []
  public var style = MinidumpStyle.smart
  /// Bytes of heap and variables in the style `smart`.
  public var heapLimit: UInt64 = 512 << 10
  /// Memory besides stacks and what the snapshot and the style take along.
  public var extraMemory: [AddressRange] = []
  /// Whether a second thread may read memory and write it, in the style `full`. For programs that wait for nothing else.
  public var usesSecondThread = false
  /// Streams written as they are, behind all others.
  public var userStreams: [MinidumpUserStream] = []

  public init() {}
}

/// Writes a snapshot as a minidump. Layout: docs/formats/minidump.md.
public enum MinidumpCapture {
  /// The annotation that carries the message of the Swift runtime or of libc.
  public static let fatalMessageKey = ProcessSnapshot.fatalMessageName

  /// Writes the dump while the process is stopped: memory contents are read now.
  ///
  /// - Throws: when the sink fails or the dump would not fit the format; memory that cannot be read is no error.
  @discardableResult
  public static func write(
    _ snapshot: borrowing ProcessSnapshot, memory: any MemoryReader, options: MinidumpCaptureOptions = .init(),
    to sink: any MinidumpSink
  ) throws(MinidumpWriteError) -> MinidumpWriteResult {
    try MinidumpDraft(snapshot, memory: memory, options: options).writeAll(snapshot, to: sink)
  }

  /// Everything of the dump but the bytes of memory.
  static func contents(
    _ snapshot: borrowing ProcessSnapshot, _ options: MinidumpCaptureOptions
  ) -> MinidumpContents {
    var contents = MinidumpContents()
    contents.timestamp = UInt32(truncatingIfNeeded: snapshot.timestamp.seconds)
    contents.systemInfo = snapshot.system.minidumpSystemInfo(is64Bit: snapshot.is64Bit)
    contents.miscInfo = miscInfo(snapshot)
    contents.threads = snapshot.threads.map { thread($0, exception: snapshot.exception) }
    contents.threadNames = snapshot.threads.map {
      MinidumpThreadName(threadID: UInt32(bitPattern: $0.threadID), name: $0.displayName)
    }
    contents.exception = snapshot.exception.map(exception)
    contents.modules = snapshot.modules.map(module)
    contents.crashpadInfo = crashpadInfo(snapshot, options)
    contents.memoryInfo = memoryInfo(snapshot)
    // Memory lists are the dump's own: a client's stream must not pretend to be one.
    let clients = snapshot.userStreams.map { MinidumpUserStream(type: .init(rawValue: $0.type), bytes: $0.bytes) }
    contents.userStreams =
      texts(snapshot) + clients.filter { $0.type != .memoryList && $0.type != .memory64List } + options.userStreams
    return contents
  }

  private static func miscInfo(_ snapshot: borrowing ProcessSnapshot) -> MinidumpMiscInfo {
    var info = MinidumpMiscInfo(processID: UInt32(bitPattern: snapshot.processID))
    func seconds(_ value: Double?) -> UInt32 {
      // Rounded to the nearest without libm.
      guard let value, value > 0, value < 4e9 else { return 0 }
      return UInt32(value + 0.5)
    }
    info.processTimes = MinidumpProcessTimes(
      created: UInt32(truncatingIfNeeded: snapshot.process.startTime?.seconds ?? 0),
      user: seconds(snapshot.process.userSeconds), kernel: seconds(snapshot.process.systemSeconds))
    var power = MinidumpProcessorPower()
    // Crashpad writes the two the other way round, and its readers have learnt to expect that.
    power.maxMHz = UInt32(clamping: snapshot.system.cpuFrequency / 1000)
    power.currentMHz = UInt32(clamping: snapshot.system.cpuMaximumFrequency / 1000)
    info.processorPower = power
    info.timeZone = timeZone(snapshot.system.timeZone)
    info.buildString = snapshot.system.buildString
    info.debugBuildString = "sentry-native-swift,linux"
    if snapshot.is64Bit, let context = snapshot.exception?.context, let state = context.minidumpExtendedState {
      info.xState = MinidumpXStateConfiguration(standardForm: context.enabledExtendedFeatures, for: state)
    }
    return info
  }

  private static func timeZone(_ zone: TimeZoneFacts) -> MinidumpTimeZone {
    var result = MinidumpTimeZone()
    result.id = zone.daylight == .none ? 0 : zone.daylight == .standardNow ? 1 : 2
    // Windows counts minutes to the west.
    result.bias = Int32(clamping: -(zone.standardOffset / 60))
    result.standardName = zone.standardName
    result.daylightName = zone.daylightName
    result.daylightBias = Int32(clamping: (zone.standardOffset - zone.daylightOffset) / 60)
    return result
  }

  /// The crashing thread is shown as it was when the signal came, not inside of the signal handler.
  ///
  /// Its vector registers are whole here, in a context that is longer than usual; those of the other threads and of the
  /// exception end with SSE. Seen with the Breakpad processor of 2021 (PyPI symbolic 8.7.1): a longer context in the
  /// exception costs it the crashing thread's stack; one in the thread list, which it does not use then, does no harm.
  private static func thread(_ thread: ThreadSnapshot, exception: ExceptionSnapshot?) -> MinidumpThread {
    var context = thread.context.minidumpContext()
    if let exception, exception.threadID == thread.threadID, let interrupted = exception.context {
      context = interrupted.minidumpContext(extended: true)
    }
    return MinidumpThread(
      id: UInt32(bitPattern: thread.threadID),
      priority: thread.priority.map {
        MinidumpThread.linuxPriority(policy: $0.policy, nice: $0.nice, staticPriority: $0.staticPriority)
      } ?? .max,
      teb: thread.context.threadPointer,
      stack: thread.stack.map { MinidumpAddressRange(start: $0.kept.start, size: $0.kept.size) },
      context: context)
  }

  private static func exception(_ exception: ExceptionSnapshot) -> MinidumpException {
    MinidumpException(
      threadID: UInt32(bitPattern: exception.threadID), code: UInt32(bitPattern: exception.signal.signal),
      flags: UInt32(bitPattern: exception.signal.code), address: exception.address,
      parameters: exception.parameters, context: exception.context?.minidumpContext())
  }

  private static func module(_ module: ModuleSnapshot) -> MinidumpModule {
    let name = module.path.isEmpty ? String(decoding: module.soname, as: UTF8.self) : module.path.description
    let fileType: UInt32 =
      switch module.kind {
      case .executable: 1
      case .sharedLibrary, .vdso: 2
      case .dynamicLoader: 0
      }
    return MinidumpModule(
      base: module.range.start, size: UInt32(clamping: module.range.size), name: name,
      version: MinidumpVersionInfo(fileType: fileType),
      codeView: module.buildID.isEmpty
        ? .pdb70(guid: .zero, age: 0, name: String(decoding: FilePath(name).lastComponent, as: UTF8.self))
        : .elfBuildID(module.buildID))
  }

  private static func crashpadInfo(
    _ snapshot: borrowing ProcessSnapshot, _ options: MinidumpCaptureOptions
  ) -> MinidumpCrashpadInfo {
    var annotations = options.annotations
    if let message = snapshot.fatalMessage {
      annotations.removeAll { $0.key == fatalMessageKey }
      annotations.append(
        MinidumpSimpleAnnotation(key: fatalMessageKey, value: String(decoding: message, as: UTF8.self)))
    }
    func guid(_ id: UniqueID?) -> MinidumpGUID { id.map { MinidumpGUID(uuidBytes: $0.bytes) } ?? .zero }
    return MinidumpCrashpadInfo(
      reportID: guid(options.reportID), clientID: guid(options.clientID), simpleAnnotations: annotations,
      modules: snapshot.modules.enumerated().compactMap { moduleAnnotations($0.element, index: $0.offset) })
  }

  private static func moduleAnnotations(_ module: ModuleSnapshot, index: Int) -> MinidumpModuleCrashpadInfo? {
    guard let annotations = module.annotations, !annotations.isEmpty else { return nil }
    return MinidumpModuleCrashpadInfo(
      moduleIndex: UInt32(clamping: index),
      simpleAnnotations: annotations.simple.map {
        MinidumpSimpleAnnotation(
          key: String(decoding: $0.key, as: UTF8.self), value: String(decoding: $0.value, as: UTF8.self))
      },
      annotations: annotations.objects.map {
        MinidumpAnnotation(
          name: String(decoding: $0.name, as: UTF8.self), kind: .init(rawValue: $0.kind), value: $0.value)
      })
  }

  private static func memoryInfo(_ snapshot: borrowing ProcessSnapshot) -> [MinidumpMemoryInfo] {
    // There may be tens of thousands: nothing is copied of them but numbers.
    let modules = snapshot.modules.map { $0.range }.inOrder { $0.start < $1.start }
    let mappings = snapshot.map.mappings
    var result: [MinidumpMemoryInfo] = []
    result.reserveCapacity(mappings.count)
    var next = 0
    for index in mappings.indices {
      let range = mappings[index].range
      while next < modules.count, modules[next].end <= range.start { next += 1 }
      let module = next < modules.count && modules[next].overlaps(range) ? modules[next] : nil
      result.append(
        MinidumpMemoryInfo(
          base: range.start, size: range.size, state: .commit,
          protection: .init(
            read: mappings[index].isReadable, write: mappings[index].isWritable, execute: mappings[index].isExecutable),
          kind: module != nil ? .image : mappings[index].inode != 0 ? .mapped : .private,
          allocationBase: module?.start))
    }
    return result
  }

  /// Files of /proc as processors know them. The environment is in here only if the snapshot has it.
  private static func texts(_ snapshot: borrowing ProcessSnapshot) -> [MinidumpUserStream] {
    let process = snapshot.process
    let texts: [(MinidumpStreamType, [UInt8])] = [
      (.linuxCPUInfo, snapshot.system.cpuInfo), (.linuxProcStatus, process.status),
      (.linuxLSBRelease, snapshot.system.osRelease), (.linuxCommandLine, process.commandLine),
      (.linuxEnvironment, process.environment), (.linuxAuxv, process.auxiliaryVector), (.linuxMaps, process.maps),
      (.linuxLimits, process.limits), (.softErrors, softErrors(snapshot)),
    ]
    return texts.filter { !$0.1.isEmpty }.map { MinidumpUserStream(type: $0.0, bytes: $0.1) }
  }

  /// A JSON array of strings; empty without errors.
  private static func softErrors(_ snapshot: borrowing ProcessSnapshot) -> [UInt8] {
    if snapshot.softErrors.isEmpty { return [] }
    var json: [UInt8] = [UInt8(ascii: "[")]
    for (index, error) in snapshot.softErrors.enumerated() {
      if index > 0 { json.append(UInt8(ascii: ",")) }
      json.append(UInt8(ascii: "\""))
      for byte in error.description.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): json += [UInt8(ascii: "\\"), byte]
        case 0..<0x20: json.append(UInt8(ascii: " "))
        default: json.append(byte)
        }
      }
      json.append(UInt8(ascii: "\""))
    }
    json.append(UInt8(ascii: "]"))
    return json
  }
}
