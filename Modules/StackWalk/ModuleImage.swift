// Provides what is known of one module of the process: its file, its unwind table, its names.
internal import CallFrames
internal import ELFImage
internal import LinuxSystem
internal import ProcessMemory

/// One module with what was found for it. Loaded once, when the first frame falls into it.
final class ModuleImage {
  let module: CodeModule
  /// The file that was mapped: code and unwind tables. Its build ID is the module's.
  let file: MappedELF?
  /// Why there is no file, where there is a wrong one.
  let refusal: StackWalkError?
  let headers: ProgramHeaders?
  /// What is added to an address of the link to get one of the process.
  let bias: UInt64
  private let symbolFile: MappedELF?
  private let dwarfFile: MappedELF?
  /// Tables of names, the best first.
  private lazy var tables: [SymbolTable] = readSymbols()
  lazy var sourceLines: SourceLines? = dwarfFile.flatMap { SourceLines($0) }
  private var unwindIndexes: [UnwindIndex]?
  private var debugFrames: [DebugFrameTable]?

  init(_ module: CodeModule, files: ModuleFiles, memory: any MemoryReader) {
    self.module = module
    let found = files.find(module)
    refusal = found.refusal
    file = found.code
    symbolFile = found.symbols
    dwarfFile = found.dwarf
    headers = file?.headers ?? ProgramHeaders(memory, at: module.base)
    let linked = headers ?? found.symbols?.headers ?? found.dwarf?.headers
    bias = module.base &- (linked?.headerAddress ?? 0)
  }

  private func readSymbols() -> [SymbolTable] {
    var files: [MappedELF] = []
    if let symbolFile { files.append(symbolFile) }
    if let file, file !== symbolFile {
      // Without a full table, what the distribution left, and what the loader needs.
      if symbolFile == nil, let small = CompressedSymbols.file(in: file) { files.append(small) }
      files.append(file)
    }
    return files.map { SymbolTable($0) }
  }

  /// Whether a segment of the module is mapped at `address`.
  func covers(_ address: UInt64) -> Bool { headers?.loads.contains { $0.contains(address &- bias) } ?? false }

  /// Whether instructions can be at `address`; anything in the module where its headers are unknown.
  func isExecutable(_ address: UInt64) -> Bool {
    guard let headers else { return module.contains(address) }
    return headers.loads.contains { $0.isExecutable && $0.contains(address &- bias) }
  }

  /// The bytes of the file at an address of the process, only of parts that the process cannot have changed.
  func constantBytes(at address: UInt64) -> UnsafeRawBufferPointer? {
    file?.bytes(at: address &- bias, writable: false)
  }

  /// The table of `.eh_frame_hdr`, when there is one.
  func unwindIndex(memory: CodeMemory) -> UnwindIndex? {
    if let unwindIndexes { return unwindIndexes.first }
    let index = headers?.unwindTable.flatMap { table in
      UnwindIndex(header: bias &+ table.virtualAddress, size: table.memorySize, memory: memory)
    }
    unwindIndexes = index.map { [$0] } ?? []
    return index
  }

  /// Frame descriptions of the debug information, for code without `.eh_frame`.
  var debugFrame: DebugFrameTable? {
    if let debugFrames { return debugFrames.first }
    let table = [dwarfFile, symbolFile, file].lazy.compactMap { $0.flatMap { DebugFrameTable($0) } }.first
    debugFrames = table.map { [$0] } ?? []
    return table
  }

  /// The symbol that covers an address of the process, else the nearest without a size.
  func symbol(at address: UInt64) -> (name: String, offset: UInt64)? {
    let linked = address &- bias
    var nearest: SymbolTable.Match?
    for table in tables {
      guard let match = table.match(linked) else { continue }
      if match.covers { return (match.name, match.offset) }
      if nearest == nil { nearest = match }
    }
    return nearest.map { ($0.name, $0.offset) }
  }
}
