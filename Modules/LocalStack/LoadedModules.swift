// Provides the modules of this process, read again only after one was loaded or unloaded.
internal import CLinuxShims
internal import LinuxSystem
import StableOrder

/// The modules that are loaded into this process at one moment, ordered by address.
public final class LoadedModules: Sendable {
  /// In ascending order of address, the program itself among them.
  public let modules: [LoadedModule]
  /// Grows with each module that is loaded or unloaded.
  let generation: UInt64

  init(modules: [LoadedModule], generation: UInt64) {
    self.modules = modules.inOrder { $0.base < $1.base }
    self.generation = generation
  }

  /// The module that holds `address`; `nil` for code that was made at run time and for anything else.
  public func module(containing address: UInt) -> LoadedModule? {
    let low = modules.partitioningIndex { $0.base > address }
    guard low > 0, modules[low - 1].contains(address) else { return nil }
    return modules[low - 1]
  }

  private static let lock = Lock()
  nonisolated(unsafe) private static var latest: LoadedModules?

  /// The modules of now. Costs a microsecond while nothing was loaded or unloaded since the last call, else some tens.
  ///
  /// Any thread may call it; never a signal handler, nor a callback of `dl_iterate_phdr`.
  public static func current() -> LoadedModules {
    let generation = currentGeneration()
    // SAFETY: `latest` is only touched under the lock.
    if let known = lock.withLock({ latest }), known.generation == generation { return known }
    let found = collect()
    lock.withLock { latest = found }
    return found
  }

  private static func currentGeneration() -> UInt64 {
    var generation: UInt64 = 0
    _ = withUnsafeMutablePointer(to: &generation) {
      dl_iterate_phdr(
        { info, _, argument in
          guard let info, let argument else { return 1 }
          argument.assumingMemoryBound(to: UInt64.self).pointee = LoadedModules.generation(of: info.pointee)
          return 1
        }, $0)
    }
    return generation
  }

  private static func generation(of info: dl_phdr_info) -> UInt64 {
    UInt64(truncatingIfNeeded: info.dlpi_adds) &+ UInt64(truncatingIfNeeded: info.dlpi_subs)
  }

  private struct Collection {
    var modules: [LoadedModule] = []
    var generation: UInt64 = 0
  }

  private static func collect() -> LoadedModules {
    var collection = Collection()
    _ = withUnsafeMutablePointer(to: &collection) {
      dl_iterate_phdr(
        { info, _, argument in
          guard let info, let argument else { return 1 }
          let collection = argument.assumingMemoryBound(to: Collection.self)
          collection.pointee.generation = LoadedModules.generation(of: info.pointee)
          if let module = LoadedModule(info.pointee) { collection.pointee.modules.append(module) }
          return 0
        }, $0)
    }
    return LoadedModules(modules: collection.modules, generation: collection.generation)
  }
}

extension LoadedModule {
  fileprivate init?(_ info: dl_phdr_info) {
    let headers = UnsafeBufferPointer(start: info.dlpi_phdr, count: Int(info.dlpi_phnum))
    let bias = UInt(info.dlpi_addr)
    var lowest = UInt.max
    var highest: UInt = 0
    for header in headers where header.p_type == UInt32(PT_LOAD) {
      lowest = min(lowest, UInt(header.p_vaddr) & ~4095)
      highest = max(highest, UInt(header.p_vaddr) &+ UInt(header.p_memsz))
    }
    guard lowest < highest else { return nil }
    var path = info.dlpi_name.map { FilePath(cString: $0) } ?? ""
    // The loader leaves the name of the program itself empty.
    if path.isEmpty { path = (try? FileSystem.executable()) ?? "" }
    var buildID: [UInt8] = []
    for header in headers where header.p_type == UInt32(PT_NOTE) && buildID.isEmpty {
      guard UInt(header.p_vaddr) >= lowest, UInt(header.p_vaddr) &+ UInt(header.p_memsz) <= highest,
        let start = UnsafeRawPointer(bitPattern: bias &+ UInt(header.p_vaddr))
      else { continue }
      buildID = Self.buildID(in: UnsafeRawBufferPointer(start: start, count: Int(header.p_memsz)))
    }
    self.init(path: path, base: bias &+ lowest, size: highest - lowest, buildID: buildID)
  }

  /// The descriptor of the note NT_GNU_BUILD_ID.
  private static func buildID(in notes: UnsafeRawBufferPointer) -> [UInt8] {
    var position = 0
    while notes.count - position >= 16 {
      let nameSize = Int(notes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
      let size = Int(notes.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self))
      let type = notes.loadUnaligned(fromByteOffset: position + 8, as: UInt32.self)
      let descriptor = position + 12 + (nameSize + 3) & ~3
      guard descriptor <= notes.count, size <= notes.count - descriptor else { return [] }
      let isGNU = nameSize == 4 && notes.loadUnaligned(fromByteOffset: position + 12, as: UInt32.self) == 0x00_55_4e_47
      if type == 3, isGNU, size <= 64 { return Array(notes[descriptor..<descriptor + size]) }
      position = descriptor + (size + 3) & ~3
    }
    return []
  }
}
