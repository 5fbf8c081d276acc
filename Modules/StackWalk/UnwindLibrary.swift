// Provides steps by libunwind's remote interface over our own memory and registers.
internal import CallFrames
internal import CUnwind
internal import LinuxSystem
internal import ProcessMemory

/// libunwind, opened when the first stack is walked.
final class UnwindLibrary: Sendable {
  static let shared: Result<UnwindLibrary, StackWalkError> = load()

  let table: unwind_table

  private init(_ table: unwind_table) { self.table = table }

  private static func load() -> Result<UnwindLibrary, StackWalkError> {
    do throws(DynamicLibrary.LoadError) {
      // Its dependency libunwind.so.8 is the one for a process's own stack and lacks the remote interface.
      var library = try DynamicLibrary(anyOf: ["libunwind-x86_64.so.8", "libunwind-x86_64.so"])
      var table = unwind_table()
      let complete = withUnsafeMutablePointer(to: &library) {
        unwind_table_fill(&table, { name, argument in lookup(name, argument) }, $0)
      }
      guard complete != 0 else { return .failure(.libraryIncomplete("libunwind-x86_64.so.8")) }
      return .success(UnwindLibrary(table))
    } catch {
      return .failure(.libraryMissing("libunwind-x86_64.so.8", package: "libunwind8", reason: error.description))
    }
  }
}

/// Unwinds one frame at a time with libunwind. Not thread safe.
final class LibunwindStepper {
  private let library: UnwindLibrary
  private let memory: CodeMemory
  private let addressSpace: OpaquePointer
  private var registers = Registers()
  private var index: UnwindIndex?
  private var range: (start: UInt64, end: UInt64) = (0, 0)
  private var lookupFailed = false

  init?(_ library: UnwindLibrary, memory: CodeMemory) {
    self.library = library
    self.memory = memory
    var accessors = unw_accessors_t(
      find_proc_info: { space, address, info, needed, argument in
        LibunwindStepper.from(argument)?.findProcedure(space, address, info, needed, argument)
          ?? -Int32(bitPattern: UNW_ENOINFO.rawValue)
      },
      put_unwind_info: { _, _, _ in },
      get_dyn_info_list_addr: { _, _, _ in -Int32(bitPattern: UNW_ENOINFO.rawValue) },
      access_mem: { _, address, value, isWrite, argument in
        guard isWrite == 0, let word = LibunwindStepper.from(argument)?.word(at: address) else {
          return -Int32(bitPattern: UNW_EINVAL.rawValue)
        }
        value?.pointee = word
        return 0
      },
      access_reg: { _, number, value, isWrite, argument in
        guard isWrite == 0, number >= 0,
          let content = LibunwindStepper.from(argument)?.registers[DWARFRegister(UInt64(number))]
        else { return -Int32(bitPattern: UNW_EBADREG.rawValue) }
        value?.pointee = content
        return 0
      },
      access_fpreg: { _, _, _, _, _ in -Int32(bitPattern: UNW_EBADREG.rawValue) },
      resume: { _, _, _ in -Int32(bitPattern: UNW_EINVAL.rawValue) },
      get_proc_name: { _, _, _, _, _, _ in -Int32(bitPattern: UNW_ENOINFO.rawValue) })
    guard let space = library.table.create_addr_space(&accessors, 0) else { return nil }
    addressSpace = space
    _ = library.table.set_caching_policy(space, UNW_CACHE_GLOBAL)
  }

  deinit { library.table.destroy_addr_space(addressSpace) }

  private static func from(_ argument: UnsafeMutableRawPointer?) -> LibunwindStepper? {
    argument.map { Unmanaged<LibunwindStepper>.fromOpaque($0).takeUnretainedValue() }
  }

  /// libunwind reads aligned words only, also for a byte at the end of a segment: what cannot be read there is 0.
  private func word(at address: UInt64) -> UInt64? {
    if let word = memory.word(at: address) { return word }
    let bytes = memory.readAvailable(at: address, count: 8)
    if bytes.isEmpty { return nil }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func findProcedure(
    _ space: OpaquePointer?, _ address: UInt64, _ info: UnsafeMutablePointer<unw_proc_info_t>?, _ needed: Int32,
    _ argument: UnsafeMutableRawPointer?
  ) -> Int32 {
    guard let index, let info else { return -Int32(bitPattern: UNW_ENOINFO.rawValue) }
    var table = unw_dyn_info_t()
    table.format = Int32(bitPattern: UNW_INFO_FORMAT_REMOTE_TABLE.rawValue)
    table.start_ip = range.start
    table.end_ip = range.end
    table.u.rti.segbase = index.header
    table.u.rti.table_data = index.table
    table.u.rti.table_len = index.count
    let result = library.table.search_unwind_table(space, address, &table, info, needed, argument)
    if result < 0 { lookupFailed = true }
    return result
  }

  /// The registers of the caller.
  ///
  /// A cursor of its own for each step: the walker decides after each one what to believe. `address` stands in for the
  /// instruction, so that a return address is looked up inside its call.
  func step(_ registers: Registers, at address: UInt64, index: UnwindIndex, module: CodeModule) -> StepResult {
    self.registers = registers
    self.registers.instruction = address
    self.index = index
    range = (module.base, module.base &+ module.size)
    lookupFailed = false
    var cursor = unw_cursor_t()
    let argument = Unmanaged.passUnretained(self).toOpaque()
    guard library.table.init_remote(&cursor, addressSpace, argument) == 0 else { return .failed }
    let result = library.table.step(&cursor)
    // Without call frame information libunwind guesses; guessing is the walker's business.
    if result < 0 || lookupFailed { return .failed }
    if result == 0 { return .end }
    var caller = Registers()
    for number in 0..<Int32(Registers.count) {
      var value: UInt64 = 0
      if library.table.get_reg(&cursor, number, &value) == 0 { caller[DWARFRegister(UInt64(number))] = value }
    }
    return .caller(caller)
  }
}
