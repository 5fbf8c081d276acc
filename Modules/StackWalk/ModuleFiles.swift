// Provides the search for the files of modules: on this machine and in directories of symbols.
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

  /// What was found for a module: the file with code and unwind tables, one with symbols where that is another, and why
  /// there is neither where a file had to be refused.
  struct Findings {
    var code: MappedELF?
    var symbols: MappedELF?
    var refusal: StackWalkError?
  }

  func find(_ module: CodeModule) -> Findings {
    var found = Findings()
    for (path, isChosen) in candidates(module) {
      guard let file = MappedELF(path) else { continue }
      if let refusal = refusal(of: file, for: module, isChosen: isChosen) {
        if found.refusal == nil { found.refusal = refusal }
        continue
      }
      let sections = SectionTable.read(file.view)
      let hasCode = sections.contains { $0.name == Array(".text".utf8) && $0.type != FileSection.noBits }
      let hasSymbols = sections.contains { $0.type == FileSection.symbolTable }
      if hasCode, found.code == nil { found.code = file }
      if hasSymbols, found.symbols == nil { found.symbols = file }
      // Each further candidate costs a look at the disk only.
      if found.code != nil, found.symbols != nil { break }
    }
    if found.code != nil || found.symbols != nil { found.refusal = nil }
    return found
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
