// Provides source files, lines and inlined functions out of DWARF, by libdw.
internal import CDwarf
internal import CLinuxShims
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

  private func unit(at address: UInt64) -> Dwarf_Die? {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = low + (high - low) / 2
      if ranges[middle].low <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0, address < ranges[low - 1].high else { return nil }
    var unit = Dwarf_Die()
    return table.offdie(debug, ranges[low - 1].unit, &unit) != nil ? unit : nil
  }

  /// The frame with its source line, after the frames of the functions that were inlined at its address.
  ///
  /// - Parameter address: of the link.
  func complete(_ frame: SymbolizedFrame, at address: UInt64) -> [SymbolizedFrame] {
    guard var unit = unit(at: address) else { return [frame] }
    var location = line(&unit, at: address)
    var result: [SymbolizedFrame] = []
    var function: String?
    for var scope in scopes(&unit, at: address) {
      let tag = table.tag(&scope)
      if tag == DW_TAG_subprogram { function = name(&scope) }
      guard tag == DW_TAG_inlined_subroutine else { continue }
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

  /// The entries around an address, the innermost first, as they lie in each other.
  private func scopes(_ unit: inout Dwarf_Die, at address: UInt64) -> [Dwarf_Die] {
    var innermost: UnsafeMutablePointer<Dwarf_Die>?
    guard table.getscopes(&unit, address, &innermost) > 0, let innermost else { return [] }
    defer { free(innermost) }
    // The scopes above an inlined function are those of its definition; its callers are found by position.
    var nested: UnsafeMutablePointer<Dwarf_Die>?
    let count = table.getscopes_die(innermost, &nested)
    guard count > 0, let nested else { return [] }
    defer { free(nested) }
    return Array(UnsafeBufferPointer(start: nested, count: min(Int(count), 256)))
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
