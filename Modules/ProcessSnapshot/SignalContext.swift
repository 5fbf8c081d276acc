// Provides the registers that the kernel saved when it delivered a signal.
internal import ProcessMemory

/// `ucontext_t` on the stack of a signal handler. Source: <sys/ucontext.h>, and the kernel's `sigcontext.h`.
enum SignalContext {
  /// FP_XSTATE_MAGIC1 and 2 around an XSAVE area in a signal frame.
  private static let extensionStart: UInt32 = 0x4650_5853, extensionEnd: UInt32 = 0x4650_5845
  private static let extendedLimit: UInt32 = 32768

  /// `nil` when the general registers cannot be read.
  static func read(_ memory: any MemoryReader, at address: UInt64, is64Bit: Bool) -> CPUContext? {
    is64Bit ? readWide(memory, at: address) : readNarrow(memory, at: address)
  }

  private static func readWide(_ memory: any MemoryReader, at address: UInt64) -> CPUContext? {
    let bytes = memory.readAvailable(at: address, count: 232)
    guard bytes.count == 232 else { return nil }
    let w = (0..<18).map { bytes.littleEndian(UInt64.self, at: 40 + $0 * 8) ?? 0 }
    var registers = GeneralRegisters()
    (registers.r8, registers.r9, registers.r10, registers.r11) = (w[0], w[1], w[2], w[3])
    (registers.r12, registers.r13, registers.r14, registers.r15) = (w[4], w[5], w[6], w[7])
    (registers.rdi, registers.rsi, registers.rbp, registers.rbx) = (w[8], w[9], w[10], w[11])
    (registers.rdx, registers.rax, registers.rcx, registers.rsp) = (w[12], w[13], w[14], w[15])
    (registers.rip, registers.rflags) = (w[16], w[17])
    func selector(_ offset: Int) -> UInt64 { UInt64(bytes.littleEndian(UInt16.self, at: offset) ?? 0) }
    // Since Linux 4.5 the last of the four selectors is ss.
    (registers.cs, registers.gs, registers.fs) = (selector(184), selector(186), selector(188))
    registers.ss = selector(190)
    var context = CPUContext(general: registers)
    readFloatingPoint(memory, at: bytes.littleEndian(UInt64.self, at: 224) ?? 0, into: &context)
    return context
  }

  private static func readNarrow(_ memory: any MemoryReader, at address: UInt64) -> CPUContext? {
    let bytes = memory.readAvailable(at: address, count: 100)
    guard bytes.count == 100 else { return nil }
    let w = (0..<20).map { UInt64(bytes.littleEndian(UInt32.self, at: 20 + $0 * 4) ?? 0) }
    var registers = GeneralRegisters()
    (registers.gs, registers.fs, registers.es, registers.ds) = (w[0], w[1], w[2], w[3])
    (registers.rdi, registers.rsi, registers.rbp, registers.rsp) = (w[4], w[5], w[6], w[7])
    (registers.rbx, registers.rdx, registers.rcx, registers.rax) = (w[8], w[9], w[10], w[11])
    (registers.rip, registers.cs, registers.rflags, registers.ss) = (w[14], w[15], w[16], w[18])
    var context = CPUContext(general: registers, is64Bit: false)
    // A 112-byte FSAVE image comes first; magic 0 says that the FXSAVE image follows.
    let pointer = w[19]
    if pointer != 0, let magic = try? memory.readUInt16(at: pointer &+ 110), magic == 0 {
      readFloatingPoint(memory, at: pointer &+ 112, into: &context)
    }
    return context
  }

  private static func readFloatingPoint(_ memory: any MemoryReader, at address: UInt64, into context: inout CPUContext)
  {
    guard address != 0 else { return }
    let legacy = memory.readAvailable(at: address, count: 512)
    guard legacy.count == 512 else { return }
    context.floatingPoint = legacy
    // The software-reserved bytes of the FXSAVE image: {magic, extended size, u64 features, XSAVE size}.
    guard legacy.littleEndian(UInt32.self, at: 464) == extensionStart,
      let features: UInt64 = legacy.littleEndian(at: 472), let size: UInt32 = legacy.littleEndian(at: 480),
      size >= 576, size <= extendedLimit
    else { return }
    var area = memory.readAvailable(at: address, count: Int(size))
    guard area.count == Int(size),
      let end = try? memory.readUInt32(at: address &+ UInt64(size)), end == extensionEnd
    else { return }
    // XSTATE_BV says which components were saved: those outside of `features` are garbage of the program's own.
    let saved: UInt64 = area.littleEndian(at: 512) ?? 0
    var mask = saved & features
    for index in 0..<8 {
      area[512 + index] = UInt8(truncatingIfNeeded: mask)
      mask >>= 8
    }
    context.extendedState = area
  }
}
