// Provides registers in the form of a dump.
internal import MinidumpFormat
internal import ProcessMemory
internal import ProcessSnapshot

extension CPUContext {
  /// The context record of a dump: AMD64, or x86 for a 32-bit thread.
  ///
  /// - Parameter extended: whether what is beyond SSE goes along: AVX and later, some kilobytes.
  func minidumpContext(extended: Bool = false) -> MinidumpContext {
    if !is64Bit { return .x86(x86) }
    var context = amd64
    if extended, let state = minidumpExtendedState {
      context.extendedState = state
      context.contextFlags |= AMD64Context.extendedStateFlag
    }
    return .amd64(context)
  }

  /// What is beyond SSE; `nil` when nothing of it is in use.
  var minidumpExtendedState: MinidumpXState? {
    guard extendedFeatures & ~3 != 0 else { return nil }
    return MinidumpXState(xsaveArea: extendedState)
  }

  /// `XCR0`, the components that the kernel has switched on. The kernel leaves it in bytes that the CPU does not use: at
  /// offset 464 of what ptrace gives, behind a mark and a size in a signal's frame.
  /// Source: asm/sigcontext.h, `struct _fpx_sw_bytes`.
  var enabledExtendedFeatures: UInt64 {
    let isSignalFrame = extendedState.littleEndian(UInt32.self, at: 464) == 0x4650_5853
    return extendedState.littleEndian(UInt64.self, at: isSignalFrame ? 472 : 464) ?? 0
  }

  private var amd64: AMD64Context {
    var context = AMD64Context()
    let registers = general
    context.rax = registers.rax
    context.rcx = registers.rcx
    context.rdx = registers.rdx
    context.rbx = registers.rbx
    context.rsp = registers.rsp
    context.rbp = registers.rbp
    context.rsi = registers.rsi
    context.rdi = registers.rdi
    context.r8 = registers.r8
    context.r9 = registers.r9
    context.r10 = registers.r10
    context.r11 = registers.r11
    context.r12 = registers.r12
    context.r13 = registers.r13
    context.r14 = registers.r14
    context.r15 = registers.r15
    context.rip = registers.rip
    context.eflags = UInt32(truncatingIfNeeded: registers.rflags)
    context.cs = UInt16(truncatingIfNeeded: registers.cs)
    context.ds = UInt16(truncatingIfNeeded: registers.ds)
    context.es = UInt16(truncatingIfNeeded: registers.es)
    context.fs = UInt16(truncatingIfNeeded: registers.fs)
    context.gs = UInt16(truncatingIfNeeded: registers.gs)
    context.ss = UInt16(truncatingIfNeeded: registers.ss)
    if floatingPoint.count >= 512 {
      context.fxsave = Array(floatingPoint.prefix(512))
      context.mxcsr = floatingPoint.littleEndian(UInt32.self, at: 24) ?? 0
    }
    return context
  }

  private var x86: X86Context {
    var context = X86Context()
    let registers = general
    func low(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value) }
    context.eax = low(registers.rax)
    context.ebx = low(registers.rbx)
    context.ecx = low(registers.rcx)
    context.edx = low(registers.rdx)
    context.esi = low(registers.rsi)
    context.edi = low(registers.rdi)
    context.ebp = low(registers.rbp)
    context.esp = low(registers.rsp)
    context.eip = low(registers.rip)
    context.eflags = low(registers.rflags)
    context.cs = low(registers.cs)
    context.ds = low(registers.ds)
    context.es = low(registers.es)
    context.fs = low(registers.fs)
    context.gs = low(registers.gs)
    context.ss = low(registers.ss)
    if floatingPoint.count >= 512 { context.fxsave = Array(floatingPoint.prefix(512)) }
    return context
  }
}
