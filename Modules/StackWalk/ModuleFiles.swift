// Provides the search for the files of modules: on this machine and in directories of symbols.
internal import LinuxSystem

/// Finds files for modules and refuses those of another build.
struct ModuleFiles {
  /// Searched first, each as a tree of `.build-id` files, as a root for full paths, and as a flat folder.
  let directories: [FilePath]
  /// Whether files are looked for under the module's own path.
  let usesLocalFiles: Bool

  /// Where the loader finds libraries. Crashpad's dumps name a library by its SONAME alone.
  private static let libraryDirectories: [FilePath] = [
    "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/local/lib", "/lib", "/usr/lib",
  ]

  /// - Returns: the file with code and unwind tables, and one with symbols where that is another.
  func find(_ module: CodeModule) -> (code: MappedELF?, symbols: MappedELF?) {
    var code: MappedELF?
    var symbols: MappedELF?
    for path in candidates(module) {
      guard let file = MappedELF(path), Self.belongs(file, to: module) else { continue }
      let sections = SectionTable.read(file.view)
      let hasCode = sections.contains { $0.name == Array(".text".utf8) && $0.type != FileSection.noBits }
      let hasSymbols = sections.contains { $0.type == FileSection.symbolTable }
      if hasCode, code == nil { code = file }
      if hasSymbols, symbols == nil { symbols = file }
      // Each further candidate costs a look at the disk only.
      if code != nil, symbols != nil { break }
    }
    return (code, symbols)
  }

  /// A module without a known build ID takes a file without one; there is no better evidence.
  private static func belongs(_ file: MappedELF, to module: CodeModule) -> Bool {
    if file.buildID == module.buildID { return true }
    // Breakpad's form of an ID has 16 bytes, of a GNU build ID the first 16.
    return module.buildID.count == 16 && file.buildID.count > 16 && file.buildID.starts(with: module.buildID)
  }

  private func candidates(_ module: CodeModule) -> [FilePath] {
    var result: [FilePath] = []
    let original = Self.withoutDeletedMark(module.path)
    let name = original.lastComponent
    let identifier = hexadecimal(module.buildID)
    for directory in directories {
      if module.buildID.count > 1 {
        let prefix = String(identifier.prefix(2))
        let rest = String(identifier.dropFirst(2))
        result.append(directory.appending(".build-id/\(prefix)/\(rest).debug"))
        result.append(directory.appending(".build-id/\(prefix)/\(rest)"))
        result.append(directory.appending("\(prefix)/\(rest).debug"))
      }
      if !name.isEmpty {
        if original.isAbsolute { result.append(directory.appending(bytes: original.bytes.drop { $0 == 0x2f })) }
        result.append(directory.appending(bytes: name))
        result.append(directory.appending(bytes: name + Array(".debug".utf8)))
      }
    }
    guard usesLocalFiles else { return result }
    if original.isAbsolute {
      result.append(original)
    } else if !name.isEmpty {
      result += Self.libraryDirectories.map { $0.appending(bytes: name) }
    }
    if module.buildID.count > 1 {
      result.append(FilePath("/usr/lib/debug/.build-id/\(identifier.prefix(2))/\(identifier.dropFirst(2)).debug"))
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
