// Provides names of functions that no module exports, for stacks that the program captures of itself.
import CLinuxShims
import LinuxSystem
import LocalStack
import SentryClient

/// Names out of the symbol tables in the files of loaded modules, kept by address: private functions are there, and
/// `dladdr(3)` sees exported ones only.
///
/// An address that was seen before costs a look into a dictionary. New ones cost one pass over the symbol table of
/// their module: some ten nanoseconds a symbol, a millisecond for a program with fifty thousand functions.
internal final class FunctionNames: Sendable {
  static let shared = FunctionNames()

  /// Addresses that are remembered; beyond that all are forgotten, as a program has few places that capture.
  private static let limit = 10_000

  private let lock = Lock()
  // Changed under `lock`.
  private nonisolated(unsafe) var known: [UInt: FunctionName?] = [:]
  private nonisolated(unsafe) var modules: LoadedModules?

  // A forked child goes on to capture.
  init() { lock.holdDuringForks() }

  /// The functions at these addresses, in their order; `nil` where no file says. Any thread may call it, no signal
  /// handler.
  func names(of addresses: [UInt]) -> [FunctionName?] {
    let current = LoadedModules.current()
    var found: [UInt: FunctionName?] = [:]
    lock.withLock {
      if modules !== current || known.count > Self.limit {
        // Another module may be where one was unloaded.
        known = [:]
        modules = current
      }
      for address in addresses { found[address] = known[address] }
    }
    let missing = addresses.filter { found[$0] == nil }
    if !missing.isEmpty {
      // Two threads may look for the same: both find the same.
      let read = Self.read(missing, current)
      found.merge(read) { $1 }
      lock.withLock {
        if modules === current { known.merge(read) { $1 } }
      }
    }
    return addresses.map { found[$0] ?? nil }
  }

  private static func read(_ addresses: [UInt], _ modules: LoadedModules) -> [UInt: FunctionName?] {
    var result: [UInt: FunctionName?] = [:]
    var groups: [UInt: (module: LoadedModule, addresses: [UInt])] = [:]
    for address in addresses {
      result[address] = .some(nil)
      guard let module = modules.module(containing: address) else { continue }
      groups[module.base, default: (module, [])].addresses.append(address)
    }
    let program = UInt(getauxval(UInt(AT_PHDR)))
    for (module, addresses) in groups.values {
      // The program itself also when it was deleted or replaced meanwhile.
      let path = module.contains(program) ? "/proc/self/exe" : module.path
      let names = SymbolFile.names(of: addresses, in: path, loadedAt: module.base)
      for (address, name) in names { result[address] = name }
    }
    return result
  }
}
