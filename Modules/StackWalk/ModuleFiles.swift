// Provides the search for the files of modules: on this machine and in directories of symbols.
internal import ELFImage
internal import LinuxSystem

/// Finds files for modules and refuses those of another build.
struct ModuleFiles {
  /// Searched first, each as a tree of `.build-id` files, as a root for full paths, and as a flat folder.
  let directories: [FilePath]
  /// Whether files are looked for under the module's own path.
  let usesLocalFiles: Bool

  /// Files of this machine without a build ID that were changed later are not those that were mapped.
  let newest: Timestamp?

  /// Where the loader finds libraries. Crashpad's dumps name a library by its SONAME alone.
  private static let libraryDirectories: [FilePath] = [
    "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/local/lib", "/lib", "/usr/lib",
  ]

  /// Where `debuginfod-find` and its library keep what they downloaded.
  private let caches: [FilePath]

  init(directories: [FilePath], usesLocalFiles: Bool, newest: Timestamp?) {
    self.directories = directories
    self.usesLocalFiles = usesLocalFiles
    self.newest = newest
    caches = usesLocalFiles ? Self.debuginfodCaches() : []
  }

  /// Source: debuginfod_find_debuginfo(3).
  private static func debuginfodCaches() -> [FilePath] {
    var result: [FilePath] = []
    if let path = EnvironmentVariable.value("DEBUGINFOD_CACHE_PATH"), !path.isEmpty { result.append(path) }
    if let path = EnvironmentVariable.value("XDG_CACHE_HOME"), !path.isEmpty {
      result.append(path.appending("debuginfod_client"))
    }
    if let home = EnvironmentVariable.value("HOME"), !home.isEmpty {
      result.append(home.appending(".cache/debuginfod_client"))
      result.append(home.appending(".debuginfod_client_cache"))
    }
    return result
  }

  /// What was found for a module, and why there is nothing where a file had to be refused.
  struct Findings {
    /// The file with code and unwind tables.
    var code: MappedELF?
    /// The file with `.symtab`, where there is one.
    var symbols: MappedELF?
    /// The file with `.debug_info`, where there is one.
    var dwarf: MappedELF?
    var refusal: StackWalkError?

    var isComplete: Bool { code != nil && symbols != nil && dwarf != nil }

    mutating func add(_ file: MappedELF) {
      let text = file.elf.section(named: ".text")
      // A file without section headers can still have been what was mapped.
      let hasCode = file.elf.sections.isEmpty || text.map { $0.type != ELFSection.noBits } ?? false
      if hasCode, code == nil { code = file }
      if symbols == nil, file.elf.sections.contains(where: { $0.type == ELFSection.symbolTable }) { symbols = file }
      if dwarf == nil, let section = file.elf.section(named: ".debug_info"), section.type != ELFSection.noBits {
        dwarf = file
      }
    }
  }

  func find(_ module: CodeModule) -> Findings {
    var found = Findings()
    // Each further candidate costs a look at the disk only.
    for (path, isChosen) in candidates(module) where !found.isComplete {
      guard let file = MappedELF(path) else { continue }
      if let refusal = refusal(of: file, for: module, isChosen: isChosen) {
        if found.refusal == nil { found.refusal = refusal }
        continue
      }
      found.add(file)
    }
    if let code = found.code, !found.isComplete, let link = DebugLink(code) {
      for path in places(of: link, beside: code.path) where !found.isComplete {
        guard let file = MappedELF(path), belongs(file, to: code, link) else { continue }
        found.add(file)
      }
    }
    if found.code == nil, !module.buildID.isEmpty, let kernel = MappedELF.kernelLibrary(),
      kernel.buildID == module.buildID
    {
      found.code = kernel
    }
    if found.code != nil || found.symbols != nil { found.refusal = nil }
    return found
  }

  private func places(of link: DebugLink, beside path: FilePath) -> [FilePath] {
    var result = directories.map { $0.appending(bytes: link.name) }
    guard usesLocalFiles else { return result }
    let directory = path.directory
    result.append(directory.appending(bytes: link.name))
    result.append(directory.appending(".debug").appending(bytes: link.name))
    let inside = directory.bytes.drop { $0 == UInt8(ascii: "/") }
    result.append(FilePath("/usr/lib/debug").appending(bytes: inside).appending(bytes: link.name))
    return result
  }

  /// A file behind a debug link belongs to the code by its build ID; where one of both has none, by the checksum.
  private func belongs(_ file: MappedELF, to code: MappedELF, _ link: DebugLink) -> Bool {
    if !file.buildID.isEmpty, !code.buildID.isEmpty { return file.buildID == code.buildID }
    return DebugLink.checksum(file.view.bytes) == link.checksum
  }

  /// Why a file is not the module's; `nil` when it is.
  ///
  /// - Parameter isChosen: the file lies in a directory that somebody named.
  private func refusal(of file: MappedELF, for module: CodeModule, isChosen: Bool) -> StackWalkError? {
    if file.buildID == module.buildID {
      guard file.buildID.isEmpty, !isChosen, let newest, let status = try? FileSystem.status(file.path) else {
        return nil
      }
      // Without an ID, the time tells at least a program that was built anew.
      return status.modified > newest ? .newerFile(file.path) : nil
    }
    // Breakpad's form of an ID has 16 bytes, of a GNU build ID the first 16.
    if module.buildID.count == 16, file.buildID.count > 16, file.buildID.starts(with: module.buildID) { return nil }
    return .otherBuild(file.path, found: file.buildID, wanted: module.buildID)
  }

  private func candidates(_ module: CodeModule) -> [(path: FilePath, isChosen: Bool)] {
    var result: [(path: FilePath, isChosen: Bool)] = []
    func add(_ path: FilePath, isChosen: Bool = true) { result.append((path, isChosen)) }
    let original = Self.withoutDeletedMark(module.path)
    let name = original.lastComponent
    let identifier = hexadecimal(module.buildID)
    for directory in directories {
      if module.buildID.count > 1 {
        let prefix = String(identifier.prefix(2))
        let rest = String(identifier.dropFirst(2))
        add(directory.appending(".build-id/\(prefix)/\(rest).debug"))
        add(directory.appending(".build-id/\(prefix)/\(rest)"))
        add(directory.appending("\(prefix)/\(rest).debug"))
      }
      if !name.isEmpty {
        if original.isAbsolute { add(directory.appending(bytes: original.bytes.drop { $0 == 0x2f })) }
        add(directory.appending(bytes: name))
        add(directory.appending(bytes: name + Array(".debug".utf8)))
      }
    }
    guard usesLocalFiles else { return result }
    if original.isAbsolute {
      add(original, isChosen: false)
    } else if !name.isEmpty {
      for directory in Self.libraryDirectories { add(directory.appending(bytes: name), isChosen: false) }
    }
    if module.buildID.count > 1 {
      for cache in caches {
        add(cache.appending("\(identifier)/debuginfo"))
        add(cache.appending("\(identifier)/executable"))
      }
      add(FilePath("/usr/lib/debug/.build-id/\(identifier.prefix(2))/\(identifier.dropFirst(2)).debug"))
    }
    return result
  }

  /// `/proc/PID/maps` marks files that are gone; a new one under the old name may be the same build.
  private static func withoutDeletedMark(_ path: FilePath) -> FilePath {
    let mark = Array(" (deleted)".utf8)
    guard path.bytes.count > mark.count, path.bytes.suffix(mark.count).elementsEqual(mark) else { return path }
    return FilePath(bytes: path.bytes.dropLast(mark.count))
  }
}

/// Lower-case digits, two for each byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  text.reserveCapacity(bytes.count * 2)
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
