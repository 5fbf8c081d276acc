// Provides source files, lines and inlined functions out of DWARF, by libdw.
internal import CDwarf
internal import LinuxSystem
import StableOrder

/// The debug information of one file. Not thread safe.
final class SourceLines {
  private let table: dwarf_table
  private let source: Source
  private let debug: OpaquePointer
  /// By the offset of the unit's first entry.
  private var ranges = UnitRanges()
  /// Of units whose own ranges are not known yet, by the offset of the unit.
  private let announced: UnitRanges
  private var knownUnits: Set<UInt64> = []
  private var knowsAllUnits = false

  /// More units than this are not looked at.
  private static let unitLimit = 200_000

  /// What libdw reads.
  private final class Source {
    let elf: OpaquePointer?
    let unpacked: UnpackedELF?
    private let file: OwnedFileDescriptor?

    init(elf: OpaquePointer, unpacked: UnpackedELF) {
      self.elf = elf
      self.unpacked = unpacked
      file = nil
    }
    init(_ file: consuming OwnedFileDescriptor) {
      elf = nil
      unpacked = nil
      self.file = consume file
    }
  }

  /// - Returns: `nil` when libdw is missing or the file has no debug information.
  init?(_ file: MappedELF) {
    guard case .success(let library) = DwarfLibrary.shared else { return nil }
    table = library.table
    if let (debug, source) = Self.unpacked(file, table) {
      self.debug = debug
      self.source = source
    } else {
      guard let descriptor = try? FileSystem.open(file.path),
        let debug = library.table.begin(descriptor.rawValue, DWARF_C_READ)
      else { return nil }
      self.debug = debug
      source = Source(descriptor)
    }
    announced = UnitRanges(sectionOf: file)
  }

  deinit {
    _ = table.end(debug)
    if let elf = source.elf { _ = table.elf_end(elf) }
  }

  private static func unpacked(_ file: MappedELF, _ table: dwarf_table) -> (OpaquePointer, Source)? {
    guard table.elf_version(UInt32(EV_CURRENT)) != UInt32(EV_NONE), let unpacked = UnpackedELF(file),
      let start = unpacked.image.baseAddress?.assumingMemoryBound(to: CChar.self),
      let elf = table.elf_memory(start, unpacked.image.count)
    else { return nil }
    guard let debug = table.begin_elf(elf, DWARF_C_READ, nil) else {
      _ = table.elf_end(elf)
      return nil
    }
    return (debug, Source(elf: elf, unpacked: unpacked))
  }

  /// How much of packed information was looked at; `nil` where it is not packed.
  var progress: (unpacked: Int, all: Int)? { source.unpacked?.progress }

  /// The unit with the code at an address, by the offset of its first entry.
  private func unit(at address: UInt64) -> UInt64? {
    if let known = ranges.unit(at: address) { return known }
    if knowsAllUnits { return nil }
    if let unit = announced.unit(at: address), knownUnits.insert(unit).inserted, readUnit(at: unit) != nil {
      ranges.sort()
      if let found = ranges.unit(at: address) { return found }
    }
    readUnits()
    return ranges.unit(at: address)
  }

  /// Not all compilers write .debug_aranges, so the units say themselves where their code is.
  private func readUnits() {
    knowsAllUnits = true
    ranges = UnitRanges()
    guard source.unpacked?.haveInformation(to: .max) ?? true else { return }
    var offset: UInt64 = 0
    for _ in 0..<Self.unitLimit {
      guard let next = readUnit(at: offset) else { break }
      offset = next
    }
    ranges.sort()
  }

  /// Adds the ranges of one unit.
  ///
  /// - Returns: the offset of the next one.
  private func readUnit(at offset: UInt64) -> UInt64? {
    // No header is longer.
    guard source.unpacked?.haveInformation(to: offset &+ 64) ?? true else { return nil }
    var next: UInt64 = 0
    var headerSize = 0
    var abbreviations: UInt64 = 0
    guard table.nextcu(debug, offset, &next, &headerSize, &abbreviations, nil, nil) == 0, next > offset else {
      return nil
    }
    if !knowsAllUnits, let unpacked = source.unpacked {
      let end = unpacked.refersToOthers(abbreviations: abbreviations) ? .max : next
      guard unpacked.haveInformation(to: end) else { return nil }
    }
    var unit = Dwarf_Die()
    let entry = offset &+ UInt64(headerSize)
    if table.offdie(debug, entry, &unit) != nil, table.tag(&unit) == DW_TAG_compile_unit {
      readRanges(&unit, at: entry)
    }
    return next
  }

  private func readRanges(_ unit: inout Dwarf_Die, at offset: UInt64) {
    var position = 0
    var base: UInt64 = 0
    var low: UInt64 = 0
    var high: UInt64 = 0
    while !ranges.isFull {
      position = table.ranges(&unit, position, &base, &low, &high)
      if position <= 0 { return }
      ranges.add(low: low, high: high, unit: offset)
    }
  }

  /// Whether the lines of a unit can be read.
  private func hasLines(_ unit: inout Dwarf_Die) -> Bool {
    guard let unpacked = source.unpacked else { return true }
    var attribute = Dwarf_Attribute()
    var offset: UInt64 = 0
    guard table.attr_integrate(&unit, UInt32(DW_AT_stmt_list), &attribute) != nil,
      table.formudata(&attribute, &offset) == 0
    else { return true }
    return unpacked.haveLines(at: offset)
  }

  /// Where a function's code is.
  private struct Function {
    let low: UInt64
    let high: UInt64
    /// Of the function's entry.
    let entry: UInt64
  }
  /// By the offset of the unit's first entry; sorted by address.
  private var functions: [UInt64: [Function]] = [:]
  private static let entryLimit = 8_000_000
  private static let rangeLimit = 4_000_000

  /// The frame with its source line, after the frames of the functions that were inlined at its address.
  ///
  /// - Parameter address: of the link.
  func complete(_ frame: SymbolizedFrame, at address: UInt64) -> [SymbolizedFrame] {
    var unit = Dwarf_Die()
    guard let offset = self.unit(at: address), table.offdie(debug, offset, &unit) != nil else { return [frame] }
    var location = line(&unit, at: address)
    var result: [SymbolizedFrame] = []
    var scopes = scopes(&unit, of: offset, at: address)
    let function = scopes.isEmpty ? nil : name(&scopes[0])
    // The innermost first, without the function itself.
    for var scope in scopes.dropFirst().reversed() {
      var inlined = frame
      inlined.isInline = true
      inlined.rawSymbol = name(&scope)
      inlined.symbol = inlined.rawSymbol.map { Demangler.displayName($0) }
      inlined.symbolOffset = nil
      inlined.isAsync = inlined.rawSymbol.map { Demangler.isSwiftAsync($0) } ?? false
      (inlined.file, inlined.line) = location
      result.append(inlined)
      location = caller(&scope, &unit)
    }
    var outer = frame
    (outer.file, outer.line) = location
    if outer.symbol == nil, let function {
      outer.rawSymbol = function
      outer.symbol = Demangler.displayName(function)
    }
    result.append(outer)
    return result
  }

  /// The function at an address and what was inlined there, the outermost first.
  private func scopes(_ unit: inout Dwarf_Die, of offset: UInt64, at address: UInt64) -> [Dwarf_Die] {
    if functions[offset] == nil {
      var found: [Function] = []
      var entries = 0
      collect(&unit, into: &found, entries: &entries, depth: 0)
      functions[offset] = found.sorted { $0.low < $1.low }
    }
    guard let known = functions[offset] else { return [] }
    // Functions may lie in each other; the innermost starts last.
    let nearest = known[..<known.partitioningIndex { $0.low > address }].suffix(8).last { address < $0.high }
    var entry = Dwarf_Die()
    guard let nearest, table.offdie(debug, nearest.entry, &entry) != nil else { return [] }
    var result = [entry]
    while result.count < 256, let next = inlined(in: &entry, at: address, depth: 0) {
      result.append(next)
      entry = next
    }
    return result
  }

  /// The inlined function at an address that is nearest below an entry.
  private func inlined(in entry: inout Dwarf_Die, at address: UInt64, depth: Int) -> Dwarf_Die? {
    guard depth < 64 else { return nil }
    var child = Dwarf_Die()
    guard table.child(&entry, &child) == 0 else { return nil }
    for _ in 0..<1_000_000 {
      let tag = Int(table.tag(&child))
      if tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block, table.haspc(&child, address) == 1 {
        if tag == DW_TAG_inlined_subroutine { return child }
        if let found = inlined(in: &child, at: address, depth: depth + 1) { return found }
      }
      var next = Dwarf_Die()
      guard table.siblingof(&child, &next) == 0 else { return nil }
      child = next
    }
    return nil
  }

  /// All functions with code below an entry: in units, modules, namespaces and types, and in each other.
  private func collect(_ entry: inout Dwarf_Die, into found: inout [Function], entries: inout Int, depth: Int) {
    guard depth < 32 else { return }
    var child = Dwarf_Die()
    guard table.child(&entry, &child) == 0 else { return }
    while entries < Self.entryLimit {
      entries += 1
      switch Int(table.tag(&child)) {
      case DW_TAG_subprogram:
        let offset = table.dieoffset(&child)
        var position = 0
        var base: UInt64 = 0
        var low: UInt64 = 0
        var high: UInt64 = 0
        while found.count < Self.rangeLimit {
          position = table.ranges(&child, position, &base, &low, &high)
          if position <= 0 { break }
          if low != 0, high > low { found.append(Function(low: low, high: high, entry: offset)) }
        }
        collect(&child, into: &found, entries: &entries, depth: depth + 1)
      case DW_TAG_lexical_block, DW_TAG_module, DW_TAG_namespace, DW_TAG_structure_type, DW_TAG_class_type,
        DW_TAG_union_type, DW_TAG_enumeration_type:
        collect(&child, into: &found, entries: &entries, depth: depth + 1)
      default: break
      }
      var next = Dwarf_Die()
      guard table.siblingof(&child, &next) == 0 else { return }
      child = next
    }
  }

  private func line(_ unit: inout Dwarf_Die, at address: UInt64) -> (String?, Int?) {
    guard hasLines(&unit), let line = table.getsrc_die(&unit, address), let file = table.linesrc(line, nil, nil) else {
      return (nil, nil)
    }
    var number: Int32 = 0
    _ = table.lineno(line, &number)
    // Line 0 is code that the compiler made up, sometimes in a file that it made up, too.
    let path = String(cString: file)
    return (path.utf8.last == UInt8(ascii: ">") ? nil : path, number > 0 ? Int(number) : nil)
  }

  private func name(_ entry: inout Dwarf_Die) -> String? {
    for attribute in [DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name] {
      var value = Dwarf_Attribute()
      if table.attr_integrate(&entry, UInt32(attribute), &value) != nil, let text = table.formstring(&value) {
        return String(cString: text)
      }
    }
    return nil
  }

  /// Where an inlined function was called.
  private func caller(_ entry: inout Dwarf_Die, _ unit: inout Dwarf_Die) -> (String?, Int?) {
    var attribute = Dwarf_Attribute()
    var number: UInt64 = 0
    var line: UInt64 = 0
    if table.attr_integrate(&entry, UInt32(DW_AT_call_line), &attribute) != nil {
      _ = table.formudata(&attribute, &line)
    }
    var files: OpaquePointer?
    var count = 0
    guard hasLines(&unit), table.attr_integrate(&entry, UInt32(DW_AT_call_file), &attribute) != nil,
      table.formudata(&attribute, &number) == 0, table.getsrcfiles(&unit, &files, &count) == 0, let files,
      number < UInt64(count), let file = table.filesrc(files, Int(number), nil, nil)
    else { return (nil, nil) }
    return (String(cString: file), line > 0 ? Int(exactly: line) : nil)
  }
}
