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
  public var modules: [MinidumpModule] = []
  public var unloadedModules: [MinidumpUnloadedModule] = []
  public var crashpadInfo: MinidumpCrashpadInfo?
  public var memoryInfo: [MinidumpMemoryInfo] = []
  public var handles: [MinidumpHandle] = []
  /// Objects that the dynamic linker has loaded.
  public var dsoDebug: MinidumpDSODebug?
  /// Streams written as they are, in this order: text of `/proc`, soft errors, streams of the application. A type that
  /// occurs again, or that this value writes itself, is left out.
  public var userStreams: [MinidumpUserStream] = []
  /// Memory besides the stacks, in any order. Merged, and cut where a stack has the bytes already.
  public var memory: [MinidumpAddressRange] = []
  /// Memory for the 64-bit list, which may lie beyond 4 GiB of the file. What `memory` or a stack has is left out.
  public var memory64: [MinidumpAddressRange] = []

  public init() {}
}

extension MinidumpContents {
  /// Everything that the writer can write of a dump, so that one can be filtered, repaired or converted. Memory is read
  /// by `reader.memoryMap`.
  ///
  /// Streams that only Windows writes and that have no type of their own here are kept as bytes; offsets in them would
  /// not be true any more, so those that have some (handle operations, Mozilla's of macOS) are left out.
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
    modules = reader.modules ?? []
    unloadedModules = reader.unloadedModules ?? []
    crashpadInfo = reader.crashpadInfo
    memoryInfo = reader.memoryInfo ?? []
    handles = reader.handles ?? []
    dsoDebug = reader.dsoDebug
    let written: Set<MinidumpStreamType> = [
      .unused, .systemInfo, .miscInfo, .threadList, .threadExList, .threadNames, .exception, .moduleList,
      .unloadedModuleList, .crashpadInfo, .memoryInfoList, .handleData, .memoryList, .memory64List,
    ]
    let pointing: Set<MinidumpStreamType> = [.handleOperationList, .linuxDSODebug, .macOSCrashInfo, .macOSBootArgs]
    for location in reader.directory where !written.contains(location.type) && !pointing.contains(location.type) {
      guard let bytes = reader.streamBytes(location.type) else { continue }
      userStreams.append(MinidumpUserStream(type: location.type, bytes: [UInt8](bytes)))
    }
    memory = (reader.memoryList ?? []).map { $0.addresses }
    memory64 = (reader.memory64List ?? []).map { $0.addresses }
  }
}
