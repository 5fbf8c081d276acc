// Provides the modules of a process: from the loader's list where it can be trusted, and from the mappings where not.
internal import ELFImage
internal import LinuxSystem
internal import ProcessMemory
import StableOrder

/// Finds the ELF images of a process.
///
/// The loader's list lies in the process's own memory and a crash may have damaged it; what it lacks is added from the
/// mappings, so that a static executable and a process with a destroyed list have their modules as well.
struct ModuleDiscovery {
  let memory: any MemoryReader
  let map: MemoryMap
  let auxiliary: AuxiliaryVector
  let is64Bit: Bool
  let limit: Int
  private let readsSonames: Bool
  private(set) var modules: [ModuleSnapshot] = []
  private(set) var errors: [SoftError] = []
  /// Dynamic sections of the modules in the loader's list.
  private var seenDynamic: Set<UInt64> = []
  /// Crashpad clients in the modules.
  private(set) var clients: [(module: Int, place: CrashpadInfo.Place)] = []

  /// - Parameter auxiliary: the bytes of the auxiliary vector.
  init(memory: any MemoryReader, map: MemoryMap, auxiliary: [UInt8], is64Bit: Bool, limits: CaptureLimits) {
    self.memory = memory
    self.map = map
    self.auxiliary = AuxiliaryVector(auxiliary, is64Bit: is64Bit)
    self.is64Bit = is64Bit
    limit = limits.modules
    readsSonames = limits.readsSonames
  }

  mutating func run() -> ModuleSource {
    let fromList = addLinkMap()
    let listed = modules.count
    addMappedImages()
    if !fromList || listed == 0 { return .mappings }
    return modules.count > listed ? .linkMapAndMappings : .linkMap
  }

  // MARK: The loader's list

  /// - Returns: whether there was a list that could be read to its end.
  private mutating func addLinkMap() -> Bool {
    guard let programHeaders = auxiliary[AuxiliaryVector.programHeaders] else {
      errors.append(SoftError("modules", "the auxiliary vector has no AT_PHDR"))
      return false
    }
    guard let index = map.index(of: programHeaders),
      let (executable, start) = image(behind: index, where: { $0.programHeaderAddress == programHeaders })
    else {
      errors.append(SoftError("modules", "no mapping holds the executable that AT_PHDR tells of"))
      return false
    }
    add(executable, mapping: start, listName: [])
    if let dynamic = executable.dynamicAddress { seenDynamic.insert(dynamic) }
    // Without a dynamic section the executable is static and has no list: no error.
    guard let section = try? executable.dynamicSection(), let address = section[ELFDynamicSection.debug] else {
      return executable.dynamicAddress == nil
    }
    guard address != 0 else { return true }
    return addNamespaces(at: address)
  }

  /// `struct r_debug`, with more namespaces behind it from version 2 on (dlmopen). Source: <link.h>.
  private mutating func addNamespaces(at address: UInt64) -> Bool {
    var seenEntries: Set<UInt64> = []
    var seenNamespaces: Set<UInt64> = []
    var namespace = address
    let word: UInt64 = is64Bit ? 8 : 4
    while namespace != 0, seenNamespaces.count < 64, seenNamespaces.insert(namespace).inserted {
      guard let version = try? memory.readUInt32(at: namespace), version >= 1, version < 1 << 16,
        let first = pointer(at: namespace &+ word)
      else {
        errors.append(SoftError("modules", "the loader's r_debug structure is damaged"))
        return false
      }
      guard addEntries(from: first, seen: &seenEntries) else { return false }
      // {r_version, r_map, r_brk, r_state, r_ldbase} and then r_next.
      namespace = version >= 2 ? pointer(at: namespace &+ 5 * word) ?? 0 : 0
    }
    return true
  }

  /// `struct link_map`: {l_addr, l_name, l_ld, l_next, l_prev}.
  private mutating func addEntries(from first: UInt64, seen: inout Set<UInt64>) -> Bool {
    var entry = first
    let word: UInt64 = is64Bit ? 8 : 4
    while entry != 0 {
      guard seen.insert(entry).inserted else {
        errors.append(SoftError("modules", "the loader's list of modules is a circle"))
        return false
      }
      guard seen.count <= limit else {
        errors.append(SoftError("modules", "the loader's list has more than \(limit) entries"))
        return false
      }
      guard let nameAddress = pointer(at: entry &+ word), let dynamic = pointer(at: entry &+ 2 * word),
        let next = pointer(at: entry &+ 3 * word)
      else {
        errors.append(SoftError("modules", "an entry of the loader's list cannot be read"))
        return false
      }
      let name = (try? memory.readCString(at: nameAddress)) ?? []
      entry = next
      if !seenDynamic.insert(dynamic).inserted { continue }
      if let index = map.index(of: dynamic),
        let (image, start) = image(behind: index, where: { $0.dynamicAddress == dynamic })
      {
        add(image, mapping: start, listName: name)
      } else {
        errors.append(
          SoftError("modules", "no image fits the list's entry \(String(decoding: name, as: UTF8.self))"))
      }
    }
    return true
  }

  private func pointer(at address: UInt64) -> UInt64? {
    try? memory.readPointer(at: address, is64Bit: is64Bit)
  }

  /// The image whose file is mapped at `index`, when it fits.
  private func image(behind index: Int, where fits: (ELFImage) -> Bool) -> (ELFImage, mapping: Int)? {
    var place = Optional(index)
    while let end = place, let start = map.fileStart(of: index, atOrBefore: end) {
      if let image = try? ELFImage(memory, headerAddress: map.mappings[start].range.start), image.is64Bit == is64Bit,
        fits(image)
      {
        return (image, start)
      }
      place = start - 1
    }
    return nil
  }

  // MARK: Mappings

  /// Images that nobody listed: files mapped from their start on with code in them, and the vdso.
  private mutating func addMappedImages() {
    let vdso = auxiliary[AuxiliaryVector.vdso]
    // In the order of their addresses, as the mappings are.
    let listed = modules.map { $0.range }.inOrder { $0.start < $1.start }
    var next = 0
    var covered: UInt64 = 0
    for (index, mapping) in map.mappings.enumerated() {
      guard modules.count < limit else {
        errors.append(SoftError("modules", "more than \(limit) modules"))
        return
      }
      let start = mapping.range.start
      while next < listed.count, listed[next].start <= start {
        covered = max(covered, listed[next].end)
        next += 1
      }
      guard mapping.isReadable, mapping.offset == 0, start == vdso || !mapping.isAnonymous, start >= covered,
        let image = try? ELFImage(memory, headerAddress: start), image.is64Bit == is64Bit,
        start == vdso || hasCode(image, of: mapping, from: index)
      else { continue }
      add(image, mapping: index, listName: [])
      covered = max(covered, image.range.end)
    }
  }

  /// A library that was only mapped to be read has no code.
  private func hasCode(_ image: ELFImage, of file: MemoryMapping, from index: Int) -> Bool {
    for mapping in map.mappings[index...] {
      if mapping.range.start >= image.range.end { return false }
      if mapping.isExecutable, mapping.inode == file.inode, mapping.device == file.device { return true }
    }
    return false
  }

  // MARK: One module

  private mutating func add(_ image: ELFImage, mapping index: Int, listName: [UInt8]) {
    let mapping = map.mappings[index]
    let soname = (readsSonames || !mapping.name.isAbsolute ? image.soname : nil) ?? []
    let kind: ModuleSnapshot.Kind
    if image.headerAddress == auxiliary[AuxiliaryVector.vdso] {
      kind = .vdso
    } else if image.programHeaderAddress == auxiliary[AuxiliaryVector.programHeaders] {
      kind = .executable
    } else if let base = auxiliary[AuxiliaryVector.interpreterBase], base != 0, base == image.range.start {
      kind = .dynamicLoader
    } else {
      kind = .sharedLibrary
    }
    let path: FilePath
    if mapping.name.isAbsolute {
      path = mapping.name
    } else if !listName.isEmpty {
      path = FilePath(bytes: listName)
    } else {
      path = soname.isEmpty ? mapping.name : FilePath(bytes: soname)
    }
    if let place = CrashpadInfo.place(in: image) { clients.append((modules.count, place)) }
    modules.append(
      ModuleSnapshot(
        kind: kind, range: image.range, loadBias: image.loadBias, path: path, soname: soname, buildID: image.buildID,
        dynamicAddress: image.dynamicAddress ?? 0, headerAddress: image.headerAddress))
  }
}
