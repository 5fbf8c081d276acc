// Provides source files, lines and inlined functions out of DWARF, by libdw.
internal import CDwarf
internal import LinuxSystem

final class SourceLines {
  init?(_ path: FilePath) { return nil }
}
extension SourceLines {
  func complete(_ frame: SymbolizedFrame, at address: UInt64) -> [SymbolizedFrame] { [frame] }
}
