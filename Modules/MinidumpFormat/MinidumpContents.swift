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
  /// Streams written as they are, in this order: text of `/proc`, soft errors, streams of the application. A type that
  /// occurs again, or that this value writes itself, is left out.
  public var userStreams: [MinidumpUserStream] = []
  /// Memory besides the stacks, in any order. Merged, and cut where a stack has the bytes already.
  public var memory: [MinidumpAddressRange] = []
  /// Memory for the 64-bit list, which may lie beyond 4 GiB of the file. What `memory` or a stack has is left out.
  public var memory64: [MinidumpAddressRange] = []

  public init() {}
}
