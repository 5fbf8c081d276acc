// Provides the calls that led to a place in the code of a process.
internal import CallFrames
internal import ELFImage
internal import ProcessMemory
internal import ProcessSnapshot

/// Finds callers with the call frame information that programs carry in memory, without files.
///
/// Where a module has none, as code that a program makes at run time: by the frame pointer, else by the next word of the
/// stack that follows a call.
struct CallChain {
  /// A place that runs, or waits for a call to return.
  struct Place {
    var registers: Registers
    /// The instruction is the next one that runs, and not the one that a call returns to.
    var isExact: Bool

    /// Lies in the instruction that runs, or in the call.
    var code: UInt64 { (registers.instruction ?? 0) &- (isExact ? 0 : 1) }
  }

  let memory: CachingMemoryReader
  let map: MemoryMap
  let modules: [ModuleSnapshot]
  let is64Bit: Bool

  /// Bytes of a stack that a caller is looked for in where nothing says where it lies.
  private static let searchedBytes = 2048
  /// A frame pointer leads no further than this.
  private static let frameSizeLimit: UInt64 = 1 << 20
  /// PT_GNU_EH_FRAME. Source: LSB specification, section 11.3.
  private static let unwindSegment: UInt32 = 0x6474_e550

  private var width: UInt64 { is64Bit ? 8 : 4 }

  func isCode(_ address: UInt64) -> Bool { map.mapping(of: address)?.isExecutable == true }

  func module(at address: UInt64) -> ModuleSnapshot? { modules.first { $0.range.contains(address) } }

  func caller(of place: Place) -> Place? {
    // A call to where no code is has left its return address on top.
    if !isCode(place.code) {
      return place.registers.stackPointer.flatMap { returned(place.registers, at: $0, framePointer: nil) }
    }
    switch stepByTable(place) {
    case .caller(let registers):
      return isCode((registers.instruction ?? 0) &- 1) ? Place(registers: registers, isExact: false) : nil
    case .end: return nil
    case .failed: return stepByFramePointer(place) ?? search(place)
    }
  }

  // Its code is large, and would be in the capture's twice.
  @inline(never)
  private func stepByTable(_ place: Place) -> StepResult {
    guard is64Bit, let module = module(at: place.code),
      let image = try? ELFImage(memory, headerAddress: module.headerAddress),
      let segment = image.segments.first(where: { $0.type == Self.unwindSegment }),
      let index = UnwindIndex(
        header: image.loadBias &+ segment.virtualAddress, size: segment.memorySize, memory: memory),
      let address = index.frameDescription(for: place.code, memory: memory),
      let description = FrameDescription(at: address, memory: memory), place.code >= description.start,
      place.code < description.end
    else { return .failed }
    var interpreter = FrameInterpreter(description, memory: memory)
    return interpreter.step(place.registers, at: place.code)
  }

  private func stepByFramePointer(_ place: Place) -> Place? {
    guard let frame = place.registers.framePointer, let top = place.registers.stackPointer, frame >= top,
      frame - top < Self.frameSizeLimit
    else { return nil }
    return returned(place.registers, at: frame &+ width, framePointer: word(at: frame))
  }

  private func search(_ place: Place) -> Place? {
    guard let top = place.registers.stackPointer else { return nil }
    for offset in stride(from: 0, to: UInt64(Self.searchedBytes), by: Int(width)) {
      if let caller = returned(place.registers, at: (top & ~(width - 1)) &+ offset, framePointer: nil) { return caller }
    }
    return nil
  }

  /// The place that the return address in a word of the stack leads to; `nil` when it is no return address.
  ///
  /// - Parameter framePointer: the caller's; `nil`: as it is.
  @inline(never)
  private func returned(_ registers: Registers, at slot: UInt64, framePointer: UInt64?) -> Place? {
    let length = CallInstruction.length
    guard let address = word(at: slot), address > UInt64(length), isCode(address - 1),
      CallInstruction.ends(memory.readAvailable(at: address - UInt64(length), count: length))
    else { return nil }
    var caller = registers
    caller.instruction = address
    caller.stackPointer = slot &+ width
    if let framePointer { caller.framePointer = framePointer }
    return Place(registers: caller, isExact: false)
  }

  private func word(at address: UInt64) -> UInt64? {
    if is64Bit { return try? memory.readInteger(at: address, as: UInt64.self) }
    return (try? memory.readInteger(at: address, as: UInt32.self)).map { UInt64($0) }
  }
}

extension Registers {
  /// Those of a thread.
  init(_ general: GeneralRegisters) {
    self.init()
    // In the order of their DWARF numbers.
    let values = [
      general.rax, general.rdx, general.rcx, general.rbx, general.rsi, general.rdi, general.rbp, general.rsp,
      general.r8, general.r9, general.r10, general.r11, general.r12, general.r13, general.r14, general.r15, general.rip,
    ]
    for (number, value) in values.enumerated() { self[DWARFRegister(UInt64(number))] = value }
  }
}
