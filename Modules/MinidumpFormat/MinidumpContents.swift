// Provides everything that goes into a minidump, as one value.

/// Everything that goes into a minidump, memory contents excepted: those are read while the dump is written.
public struct MinidumpContents: Hashable, Sendable {
  /// Seconds since 1970.
  public var timestamp: UInt32 = 0
  /// Flags of the header; 0 outside Windows. `MinidumpHeader.avxXStateContext` is added when `miscInfo.xState` is there.
  public var flags: UInt64 = 0
  public var systemInfo: MinidumpSystemInfo?
  public var miscInfo: MinidumpMiscInfo?
  public var threads: [MinidumpThread] = []
  public var threadNames: [MinidumpThreadName] = []
  public var exception: MinidumpException?
  /// More exceptions, a stream each, as LLDB writes them for other stopped threads. Crashpad, Breakpad and LLDB itself
  /// refuse dumps in which a type occurs twice.
  public var otherExceptions: [MinidumpException] = []
  public var modules: [MinidumpModule] = []
  public var unloadedModules: [MinidumpUnloadedModule] = []
  public var crashpadInfo: MinidumpCrashpadInfo?
  public var memoryInfo: [MinidumpMemoryInfo] = []
  public var handles: [MinidumpHandle] = []
  public var threadInfo: [MinidumpThreadInfo] = []
  public var handleOperations: [MinidumpHandleOperation] = []
  public var functionTables: [MinidumpFunctionTable] = []
  public var tokens: [MinidumpToken] = []
  public var systemMemoryInfo: MinidumpSystemMemoryInfo?
  public var processVMCounters: MinidumpProcessVMCounters?
  /// Up to its first NUL.
  public var comment: String?
  /// The same in UTF-16, up to its first NUL.
  public var commentW: String?
  public var breakpadInfo: MinidumpBreakpadInfo?
  public var assertionInfo: MinidumpAssertionInfo?
  /// What libraries of macOS say of the crash, 20 at most.
  public var macOSCrashInfo: [MinidumpMacOSCrashInfo] = []
  public var macOSBootArgs: String?
  /// Objects that the dynamic linker has loaded.
  public var dsoDebug: MinidumpDSODebug?
  /// Streams written as they are, in this order: text of `/proc`, soft errors, streams of the application. A type that
  /// occurs again, or that this value writes itself, is left out.
  public var userStreams: [MinidumpUserStream] = []
  /// Writes also those of `userStreams` whose type occurs more than once among them.
  public var repeatsTypes = false
  /// Memory besides the stacks, in any order. Merged, and cut where a stack has the bytes already.
  public var memory: [MinidumpAddressRange] = []
  /// Memory for the 64-bit list, which may lie beyond 4 GiB of the file. What `memory` or a stack has is left out.
  public var memory64: [MinidumpAddressRange] = []

  public init() {}
}

extension MinidumpContents {
  /// Everything of a dump, so that it can be filtered, repaired or converted. Memory is read by `reader.memoryMap`.
  ///
  /// Streams with offsets of the file in them are decoded and encoded anew, or left out where they cannot be read, since
  /// their offsets would lead elsewhere. All others are kept byte for byte in
  /// `userStreams`, also those that have a property here and those that nobody knows. In a big-endian dump the ones that
  /// have a property are decoded, since the dump may be written in the other byte order; the rest stays as it is.
  public init(_ reader: MinidumpReader) {
    timestamp = reader.header.timestamp
    // The writer adds the flag of the extended state.
    flags = reader.header.flags & ~MinidumpHeader.avxXStateContext
    systemInfo = reader.systemInfo
    // Only one of the two layouts of ARM64 is written.
    if systemInfo?.architecture == .arm64Breakpad { systemInfo?.architecture = .arm64 }
    miscInfo = reader.miscInfo
    threads = reader.threads ?? []
    threadNames = reader.threadNames ?? []
    exception = reader.exception
    otherExceptions = Array(reader.exceptions.dropFirst())
    modules = reader.modules ?? []
    unloadedModules = reader.unloadedModules ?? []
    crashpadInfo = reader.crashpadInfo
    memoryInfo = reader.memoryInfo ?? []
    handles = reader.handles ?? []
    dsoDebug = reader.dsoDebug
    macOSCrashInfo = reader.macOSCrashInfo ?? []
    macOSBootArgs = reader.macOSBootArgs
    memory = (reader.memoryList ?? []).map { $0.addresses }
    memory64 = (reader.memory64List ?? []).map { $0.addresses }
    var written: Set<MinidumpStreamType> = [
      .unused, .systemInfo, .miscInfo, .threadList, .threadExList, .threadNames, .exception, .moduleList,
      .unloadedModuleList, .crashpadInfo, .memoryInfoList, .handleData, .linuxDSODebug, .macOSCrashInfo,
      .macOSBootArgs, .memoryList, .memory64List,
    ]
    if reader.byteOrder == .big {
      threadInfo = reader.threadInfo ?? []
      handleOperations = reader.handleOperations ?? []
      functionTables = reader.functionTables ?? []
      tokens = reader.tokens ?? []
      systemMemoryInfo = reader.systemMemoryInfo
      processVMCounters = reader.processVMCounters
      commentW = reader.commentW
      breakpadInfo = reader.breakpadInfo
      assertionInfo = reader.assertionInfo
      written.formUnion([
        .threadInfoList, .handleOperationList, .functionTable, .token, .systemMemoryInfo, .processVMCounters, .commentW,
        .breakpadInfo, .assertionInfo,
      ])
    }
    var seen: Set<MinidumpStreamType> = []
    for location in reader.directory where !written.contains(location.type) {
      guard let bytes = reader.streamBytes(at: location) else { continue }
      if !seen.insert(location.type).inserted { repeatsTypes = true }
      userStreams.append(MinidumpUserStream(type: location.type, bytes: [UInt8](bytes)))
    }
  }
}
