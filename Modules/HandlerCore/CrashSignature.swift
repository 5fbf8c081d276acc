// Provides a number that crashes of one cause share.
internal import CallFrames
internal import LinuxSystem
internal import ProcessMemory
internal import ProcessSnapshot

/// What two crashes of one cause have in common, run after run: signal, code, and the code addresses of the calls that
/// led to the crash (`CallChain`), as places in their modules.
///
/// The chain is walked by call frame information. Words of the stack, as they were taken once, are not enough: return
/// addresses of calls that are over lie among them, and differ with what the program did before. One program that was
/// started again before its first report had been uploaded had another signature than one that was started later.
struct CrashSignature: Hashable {
  /// FNV-1a.
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  private static let places = 6

  /// `nil` where nothing crashed.
  init?(_ snapshot: borrowing ProcessSnapshot, memory: any MemoryReader) {
    guard let exception = snapshot.exception, !exception.isSimulated else { return nil }
    add(UInt64(UInt32(bitPattern: exception.signal.signal)))
    add(UInt64(UInt32(bitPattern: exception.signal.code)))
    let thread = snapshot.threads.first { $0.threadID == exception.threadID }
    guard let context = exception.context ?? thread?.context else { return }
    let chain = CallChain(
      memory: CachingMemoryReader(memory, capacity: 128), map: snapshot.map, modules: snapshot.modules,
      is64Bit: snapshot.is64Bit)
    var place: CallChain.Place? = CallChain.Place(registers: Registers(context.general), isExact: true)
    for _ in 0..<Self.places {
      guard let current = place else { return }
      if chain.isCode(current.code), let module = chain.module(at: current.code) { add(current.code, module) }
      place = chain.caller(of: current)
    }
  }

  /// Adds an address as a place in its module: relocated programs lie elsewhere in each run, their places do not.
  private mutating func add(_ address: UInt64, _ module: ModuleSnapshot) {
    for byte in module.buildID.isEmpty ? module.path.bytes : module.buildID { add(UInt64(byte)) }
    add(address &- module.range.start)
  }

  private mutating func add(_ word: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      value = (value ^ (word >> shift & 0xff)) &* 0x100_0000_01b3
    }
  }
}
