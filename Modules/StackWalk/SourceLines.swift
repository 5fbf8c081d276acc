// Provides source files, lines and inlined functions out of DWARF, by libdw.
internal import CDwarf
internal import LinuxSystem

/// The debug information of one file. Not thread safe.
final class SourceLines {
  private struct CodeRange {
    let low: UInt64
    let high: UInt64
    /// Of the unit's first entry.
    let unit: UInt64
  }

  private let table: dwarf_table
  private let file: OwnedFileDescriptor
  private let debug: OpaquePointer
  private var ranges: [CodeRange] = []

  /// More units than this are not looked at.
  private static let unitLimit = 200_000
  private static let rangeLimit = 4_000_000

  /// - Returns: `nil` when libdw is missing or the file has no debug information.
  init?(_ path: FilePath) {
    guard case .success(let library) = DwarfLibrary.shared, let file = try? FileSystem.open(path),
      let debug = library.table.begin(file.rawValue, DWARF_C_READ)
    else { return nil }
    table = library.table
    self.file = file
    self.debug = debug
    readUnits()
  }

  deinit { _ = table.end(debug) }

  /// Compilers leave out .debug_aranges, so the units say themselves where their code is.
  private func readUnits() {
    var offset: UInt64 = 0
    for _ in 0..<Self.unitLimit {
      var next: UInt64 = 0
      var headerSize = 0
      guard table.nextcu(debug, offset, &next, &headerSize, nil, nil, nil) == 0, next > offset else { break }
      var unit = Dwarf_Die()
      if table.offdie(debug, offset &+ UInt64(headerSize), &unit) != nil, table.tag(&unit) == DW_TAG_compile_unit {
        readRanges(&unit, at: offset &+ UInt64(headerSize))
      }
      offset = next
    }
    ranges.sort { $0.low < $1.low }
  }

  private func readRanges(_ unit: inout Dwarf_Die, at offset: UInt64) {
    var position = 0
    var base: UInt64 = 0
    var low: UInt64 = 0
    var high: UInt64 = 0
    while ranges.count < Self.rangeLimit {
      position = table.ranges(&unit, position, &base, &low, &high)
      if position <= 0 { return }
      // Functions that the linker dropped start at 0.
      if low != 0, high > low { ranges.append(CodeRange(low: low, high: high, unit: offset)) }
    }
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

  private func range(at address: UInt64) -> CodeRange? {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = low + (high - low) / 2
      if ranges[middle].low <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0, address < ranges[low - 1].high else { return nil }
    return ranges[low - 1]
  }

  /// The frame with its source line, after the frames of the functions that were inlined at its address.
  ///
  /// - Parameter address: of the link.
  func complete(_ frame: SymbolizedFrame, at address: UInt64) -> [SymbolizedFrame] {
    var unit = Dwarf_Die()
    guard let range = range(at: address), table.offdie(debug, range.unit, &unit) != nil else { return [frame] }
    var location = line(&unit, at: address)
    var result: [SymbolizedFrame] = []
    var scopes = scopes(&unit, of: range.unit, at: address)
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
    var low = 0
    var high = known.count
    while low < high {
      let middle = low + (high - low) / 2
      if known[middle].low <= address { low = middle + 1 } else { high = middle }
    }
    // Functions may lie in each other; the innermost starts last.
    let nearest = known[..<low].suffix(8).last { address < $0.high }
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
    guard let line = table.getsrc_die(&unit, address), let file = table.linesrc(line, nil, nil) else {
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
    guard table.attr_integrate(&entry, UInt32(DW_AT_call_file), &attribute) != nil,
      table.formudata(&attribute, &number) == 0, table.getsrcfiles(&unit, &files, &count) == 0, let files,
      number < UInt64(count), let file = table.filesrc(files, Int(number), nil, nil)
    else { return (nil, nil) }
    return (String(cString: file), line > 0 ? Int(exactly: line) : nil)
  }
}
