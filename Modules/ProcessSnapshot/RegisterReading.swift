// Provides the registers of a stopped thread, by ptrace.
internal import CLinuxShims
internal import LinuxSystem
internal import ProcessMemory

enum RegisterReading {
  /// NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE, NT_PRXFPREG of <elf.h>.
  private static let general: UInt = 1, floatingPoint: UInt = 2, extended: UInt = 0x202,
    narrowFloating: UInt = 0x46e6_2b7f
  /// With AMX the XSAVE area takes about 11 KiB.
  private static let extendedLimit = 32768

  /// - Parameter extended: whether registers beyond SSE are wanted.
  /// - Throws: without general registers; the rest is left empty with an error in `errors`.
  static func read(_ thread: Int32, extended isExtended: Bool, _ errors: inout [SoftError]) throws(Errno) -> CPUContext
  {
    let (registers, wide) = try generalRegisters(thread)
    var context = CPUContext(general: registers, is64Bit: wide)
    // A CPU without XSAVE has no such set: no error.
    if isExtended, let extended = try? registerSet(thread, extended, capacity: extendedLimit), extended.count >= 576 {
      context.extendedState = extended
      // The area begins with what FXSAVE writes, up to where the kernel put a note of its own: no call for that alone.
      context.floatingPoint = Array(extended[..<464]) + [UInt8](repeating: 0, count: 48)
      return context
    }
    do throws(Errno) {
      context.floatingPoint = try registerSet(thread, wide ? floatingPoint : narrowFloating, capacity: 512)
    } catch {
      errors.append(SoftError("threads", "floating-point registers of thread \(thread): \(error)"))
    }
    return context
  }

  private static func generalRegisters(_ thread: Int32) throws(Errno) -> (GeneralRegisters, is64Bit: Bool) {
    var words = [UInt64](repeating: 0, count: 64)
    let result: Int = words.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      return linux_ptrace_register_set(thread, general, base, buffer.count)
    }
    if result < 0 { throw Errno(rawValue: Int32(truncatingIfNeeded: -result)) }
    guard let registers = words.withUnsafeBytes({ parse(UnsafeRawBufferPointer(rebasing: $0.prefix(result))) }) else {
      throw .notSupported
    }
    return registers
  }

  private static func registerSet(_ thread: Int32, _ type: UInt, capacity: Int) throws(Errno) -> [UInt8] {
    var failure: Int = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      count = 0
      guard let base = buffer.baseAddress else { return }
      let result = linux_ptrace_register_set(thread, type, base, capacity)
      if result < 0 { failure = -result } else { count = min(result, capacity) }
    }
    if failure != 0 { throw Errno(rawValue: Int32(truncatingIfNeeded: failure)) }
    if bytes.count == capacity { return bytes }
    // A copy that is as large as the registers: the buffers of ten thousand threads would be 320 MB.
    return bytes.withUnsafeBufferPointer { Array($0) }
  }

  /// `struct user_regs_struct` of 64-bit threads (27 words) or of 32-bit ones (17 words of 4 bytes).
  static func parse(_ bytes: UnsafeRawBufferPointer) -> (GeneralRegisters, is64Bit: Bool)? {
    var registers = GeneralRegisters()
    if bytes.count == 216 {
      let w = Words<UInt64>(bytes: bytes)
      (registers.r15, registers.r14, registers.r13, registers.r12) = (w[0], w[1], w[2], w[3])
      (registers.rbp, registers.rbx) = (w[4], w[5])
      (registers.r11, registers.r10, registers.r9, registers.r8) = (w[6], w[7], w[8], w[9])
      (registers.rax, registers.rcx, registers.rdx, registers.rsi, registers.rdi) = (w[10], w[11], w[12], w[13], w[14])
      (registers.originalRAX, registers.rip, registers.cs, registers.rflags) = (w[15], w[16], w[17], w[18])
      (registers.rsp, registers.ss, registers.fsBase, registers.gsBase) = (w[19], w[20], w[21], w[22])
      (registers.ds, registers.es, registers.fs, registers.gs) = (w[23], w[24], w[25], w[26])
      return (registers, true)
    }
    if bytes.count == 68 {
      let w = Words<UInt32>(bytes: bytes)
      (registers.rbx, registers.rcx, registers.rdx, registers.rsi, registers.rdi) = (w[0], w[1], w[2], w[3], w[4])
      (registers.rbp, registers.rax, registers.ds, registers.es) = (w[5], w[6], w[7], w[8])
      (registers.fs, registers.gs, registers.originalRAX, registers.rip) = (w[9], w[10], w[11], w[12])
      (registers.cs, registers.rflags, registers.rsp, registers.ss) = (w[13], w[14], w[15], w[16])
      return (registers, false)
    }
    return nil
  }
}

/// Registers as the kernel gives them.
private struct Words<Word: FixedWidthInteger & BitwiseCopyable> {
  let bytes: UnsafeRawBufferPointer

  subscript(index: Int) -> UInt64 {
    UInt64(Word(littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self)))
  }
}
