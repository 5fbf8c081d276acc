// Provides the modules of a process as they were found before.
internal import ProcessMemory

/// The modules of a process, and the map that it had when they were found: while that is the same, so are they.
///
/// To find them takes a good part of the time that a process stands still. One that lives on is looked at before it is
/// stopped, or was captured before. What Crashpad clients in the modules say is not in here.
public struct KnownModules: Sendable {
  /// To compare a longer map costs more than the modules, and it would be kept.
  private static let mapLimit = 256 << 10

  /// Whose modules they are.
  public let processID: Int32
  /// Text of `/proc/PID/maps`.
  private let maps: [UInt8]
  let map: MemoryMap
  let is64Bit: Bool
  let modules: [ModuleSnapshot]
  let source: ModuleSource
  let clients: [(module: Int, place: CrashpadInfo.Place)]

  /// What a capture has found; `nil` when it is not worth keeping, or there was something to complain of: whoever looks
  /// again shall see that, too.
  init?(
    process: Int32, maps: [UInt8], map: MemoryMap, is64Bit: Bool, discovery: ModuleDiscovery, source: ModuleSource
  ) {
    if maps.isEmpty || maps.count > Self.mapLimit || !discovery.errors.isEmpty { return nil }
    processID = process
    self.maps = maps
    self.map = map
    self.is64Bit = is64Bit
    self.source = source
    modules = discovery.modules
    clients = discovery.clients
  }

  /// Looks for the modules of a process that runs.
  init?(of files: ProcessFiles, limits: CaptureLimits) {
    guard let maps = try? files.read("maps", limit: Self.mapLimit), case .parsed(let map) = MemoryMap.parse(maps),
      let auxiliary = try? files.read("auxv", limit: 65536)
    else { return nil }
    let memory = CachingMemoryReader(ProcessVMMemoryReader(thread: files.process), capacity: 2048)
    memory.prefetch(map.imagePages)
    // Its registers tell later whether it has 64 bits; where it has not, this finds no executable.
    var discovery = ModuleDiscovery(memory: memory, map: map, auxiliary: auxiliary, is64Bit: true, limits: limits)
    let source = discovery.run()
    self.init(process: files.process, maps: maps, map: map, is64Bit: true, discovery: discovery, source: source)
  }

  /// Whether they are those of a process with this map.
  func hold(for maps: [UInt8], is64Bit: Bool) -> Bool { is64Bit == self.is64Bit && maps == self.maps }
}
