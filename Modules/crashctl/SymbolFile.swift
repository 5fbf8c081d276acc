// Provides what an ELF file has to offer to whoever reads a crash.
internal import ELFImage
internal import LinuxSystem
internal import MinidumpFormat

/// What an ELF file holds of names and unwind tables.
struct SymbolFile {
  let file: String
  private var buildID: [UInt8] = []
  private var hasSymbolTable = false
  private var hasDynamicSymbols = false
  private var hasDwarf = false
  private var hasUnwindTables = false
  /// What keeps the file from being of full use.
  private var problems: [String] = []
  private(set) var isUsable = false

  /// SHT_NOBITS: a section whose content is not in this file.
  private static let absent: UInt32 = 8

  init(_ file: String) {
    self.file = file
    do {
      let path = FilePath(file)
      guard FileSystem.isRegularFile(path) else {
        // An errno for what is missing, a word for what is no file.
        problems = [try FileSystem.status(path).kind == .directory ? "it is a directory" : "it is no regular file"]
        return
      }
      read(try ELFFile(FileMemoryReader(path)))
    } catch {
      problems = ["\(error)"]
    }
  }

  private mutating func read(_ elf: ELFFile) {
    buildID = elf.buildID
    func has(_ names: String...) -> Bool {
      elf.sections.contains { section in
        section.type != Self.absent && section.size > 0 && names.contains { section.name.elementsEqual($0.utf8) }
      }
    }
    hasSymbolTable = has(".symtab")
    hasDynamicSymbols = has(".dynsym")
    hasDwarf = has(".debug_info", ".zdebug_info")
    hasUnwindTables = has(".eh_frame")
    // `objcopy --only-keep-debug` keeps the headers of code sections without their content.
    let isDebugFile = elf.sections.contains { $0.type == Self.absent && $0.name.elementsEqual(".text".utf8) }
    if elf.sections.isEmpty {
      problems.append("it has no section headers, or damaged ones")
    }
    if buildID.isEmpty { problems.append("it has no build ID: link with -Wl,--build-id") }
    if !hasSymbolTable && !hasDwarf {
      problems.append(
        hasDynamicSymbols
          ? "it is stripped: only exported functions have names; keep its debug file (objcopy --only-keep-debug)"
          : "it is stripped: no function has a name; keep its debug file (objcopy --only-keep-debug)")
    }
    if !hasUnwindTables && !isDebugFile {
      problems.append("it has no unwind tables: compile with -funwind-tables or -fasynchronous-unwind-tables")
    }
    isUsable = problems.isEmpty
    if isUsable && !hasDwarf { problems.append("it has no DWARF: frames have names but no source lines (-g)") }
  }

  private var hex: String? {
    if buildID.isEmpty { return nil }
    return buildID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private var debugID: String? { buildID.isEmpty ? nil : MinidumpGUID(buildID: buildID).breakpadText + "0" }

  var json: JSONValue {
    .object([
      ("file", .text(file)), ("build_id", .optional(hex)), ("debug_id", .optional(debugID)),
      ("symtab", .bool(hasSymbolTable)), ("dynsym", .bool(hasDynamicSymbols)), ("dwarf", .bool(hasDwarf)),
      ("eh_frame", .bool(hasUnwindTables)), ("usable", .bool(isUsable)),
      ("problems", .list(problems.map { .text($0) })),
    ])
  }

  func write(to text: inout TextReport) {
    text.heading(file)
    text.field("build ID", hex ?? "none")
    text.field("debug ID", debugID)
    let parts = [
      (".symtab", hasSymbolTable), (".dynsym", hasDynamicSymbols), ("DWARF", hasDwarf), (".eh_frame", hasUnwindTables),
    ]
    text.field("has", parts.filter { $0.1 }.map { $0.0 }.joined(separator: ", "))
    for problem in problems { text.field("problem", problem, isUsable ? nil : .bad) }
    text.field("usable", isUsable ? "yes" : "no", isUsable ? .good : .bad)
  }
}
