// Provides libdw, opened when the first source line is wanted.
internal import CDwarf
internal import LinuxSystem

/// libdw of elfutils. Optional: without it frames have no source lines.
final class DwarfLibrary: Sendable {
  static let shared: Result<DwarfLibrary, StackWalkError> = load()

  let table: dwarf_table

  private init(_ table: dwarf_table) { self.table = table }

  private static func load() -> Result<DwarfLibrary, StackWalkError> {
    do throws(DynamicLibrary.LoadError) {
      var library = try DynamicLibrary(anyOf: ["libdw.so.1", "libdw.so"])
      var table = dwarf_table()
      let complete = withUnsafeMutablePointer(to: &library) {
        dwarf_table_fill(&table, { name, argument in lookup(name, argument) }, $0)
      }
      guard complete != 0 else { return .failure(.libraryIncomplete("libdw.so.1")) }
      return .success(DwarfLibrary(table))
    } catch {
      return .failure(.libraryMissing("libdw.so.1", package: "libdw1", reason: error.description))
    }
  }
}
