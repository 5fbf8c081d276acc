// Provides a number that crashes of one cause share.
internal import LinuxSystem
internal import ProcessMemory
internal import ProcessSnapshot

/// What two crashes of one cause have in common, run after run: signal, code, and the code addresses at the top of the
/// stack, as places in their modules.
///
/// The words of the stack are not walked but scanned, which needs nothing but memory. A stale word among them can tell
/// two crashes of one cause apart, and costs a dump more; it does not make one of two causes.
struct CrashSignature: Hashable {
  /// FNV-1a.
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  private static let searchedBytes = 2048
  private static let places = 6

  /// `nil` where nothing crashed.
  init?(_ snapshot: borrowing ProcessSnapshot, memory: any MemoryReader) {
    guard let exception = snapshot.exception, !exception.isSimulated else { return nil }
    add(UInt64(UInt32(bitPattern: exception.signal.signal)))
    add(UInt64(UInt32(bitPattern: exception.signal.code)))
    let thread = snapshot.threads.first { $0.threadID == exception.threadID }
    guard let context = exception.context ?? thread?.context else { return }
    // Relocated programs lie elsewhere in each run; their places do not.
    let modules = Array(snapshot.modules.prefix(4096))
    let map = snapshot.map
    var found = 0
    if add(context.instructionPointer, modules, map) { found += 1 }
    let bytes = memory.readAvailable(at: context.stackPointer, count: Self.searchedBytes)
    let width = snapshot.is64Bit ? 8 : 4
    var offset = 0
    while offset + width <= bytes.count && found < Self.places {
      var word: UInt64 = 0
      for index in 0..<width { word |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
      if add(word, modules, map) { found += 1 }
      offset += width
    }
  }

  /// Adds an address as a place in its module. `false`: it is no code of a module.
  private mutating func add(_ address: UInt64, _ modules: [ModuleSnapshot], _ map: MemoryMap) -> Bool {
    guard let module = modules.first(where: { $0.range.contains(address) }),
      map.mapping(of: address)?.isExecutable == true
    else { return false }
    for byte in module.buildID.isEmpty ? module.path.bytes : module.buildID { add(UInt64(byte)) }
    add(address &- module.range.start)
    return true
  }

  private mutating func add(_ word: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      value = (value ^ (word >> shift & 0xff)) &* 0x100_0000_01b3
    }
  }
}
