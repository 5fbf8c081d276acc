// Provides what is known of one module of the process: its file, its unwind table, its names.
internal import LinuxSystem
internal import ProcessMemory

/// One module with what was found for it. Loaded once, when the first frame falls into it.
final class ModuleImage {
  let module: CodeModule
  /// The file that was mapped: code and unwind tables. Its build ID is the module's.
  let file: MappedELF?
  /// The file with symbols and DWARF: the same one or a separate debug file.
  let symbolFile: MappedELF?
  /// Why there is no file, where there is a wrong one.
  let refusal: StackWalkError?
  let headers: ProgramHeaders?
  /// What is added to an address of the link to get one of the process.
  let bias: UInt64
  lazy var symbols: SymbolTable? = symbolFile.map { SymbolTable($0.view) }
  lazy var runtimeSymbols: SymbolTable? = file.flatMap { file in
    file === symbolFile ? nil : SymbolTable(file.view)
  }
  lazy var sourceLines: SourceLines? = symbolFile.flatMap { SourceLines($0.path) }
  private var unwindIndexes: [UnwindIndex]?

  init(_ module: CodeModule, files: ModuleFiles, memory: any MemoryReader) {
    self.module = module
    let found = files.find(module)
    refusal = found.refusal
    file = found.code
    symbolFile = found.symbols ?? found.code
    headers =
      file?.headers
      ?? ProgramHeaders { offset, count in
        let address = module.base.addingReportingOverflow(offset)
        if address.overflow { return nil }
        let bytes = memory.readAvailable(at: address.partialValue, count: count)
        return bytes.count == count ? bytes : nil
      }
    bias = module.base &- (headers?.headerAddress ?? symbolFile?.headers.headerAddress ?? 0)
  }

  /// Whether a segment of the module is mapped at `address`.
  func covers(_ address: UInt64) -> Bool {
    let linked = address &- bias
    return headers?.loads.contains { linked >= $0.address && linked &- $0.address < $0.memorySize } ?? false
  }

  /// Whether instructions can be at `address`; anything in the module where its headers are unknown.
  func isExecutable(_ address: UInt64) -> Bool {
    guard let headers else { return module.contains(address) }
    let linked = address &- bias
    return headers.loads.contains { $0.isExecutable && linked >= $0.address && linked &- $0.address < $0.memorySize }
  }

  /// The bytes of the file at an address of the process, only of parts that the process cannot have changed.
  func constantBytes(at address: UInt64) -> UnsafeRawBufferPointer? {
    file?.bytes(at: address &- bias, writable: false)
  }

  /// The table of `.eh_frame_hdr`, when there is one.
  func unwindIndex(memory: CodeMemory) -> UnwindIndex? {
    if let unwindIndexes { return unwindIndexes.first }
    let index = headers?.unwindTable.flatMap { table in
      UnwindIndex(header: bias &+ table.address, size: table.size, memory: memory)
    }
    unwindIndexes = index.map { [$0] } ?? []
    return index
  }

  /// The symbol that covers an address of the process.
  func symbol(at address: UInt64) -> (name: String, offset: UInt64)? {
    let linked = address &- bias
    return symbols?.symbol(at: linked) ?? runtimeSymbols?.symbol(at: linked)
  }
}
