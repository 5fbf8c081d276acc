// Provides the registers of a thread.
internal import ProcessMemory

/// The general registers of x86-64 in the names of the architecture. Of a 32-bit thread the lower halves are used.
public struct GeneralRegisters: Hashable, Sendable {
  public var r15: UInt64 = 0, r14: UInt64 = 0, r13: UInt64 = 0, r12: UInt64 = 0
  public var rbp: UInt64 = 0, rbx: UInt64 = 0
  public var r11: UInt64 = 0, r10: UInt64 = 0, r9: UInt64 = 0, r8: UInt64 = 0
  public var rax: UInt64 = 0, rcx: UInt64 = 0, rdx: UInt64 = 0, rsi: UInt64 = 0, rdi: UInt64 = 0
  /// The system call's number when the thread is in one; all ones otherwise and in signal contexts.
  public var originalRAX: UInt64 = .max
  public var rip: UInt64 = 0, cs: UInt64 = 0, rflags: UInt64 = 0, rsp: UInt64 = 0, ss: UInt64 = 0
  /// Bases, which only ptrace tells; 0 in signal contexts until they are taken from the thread.
  public var fsBase: UInt64 = 0, gsBase: UInt64 = 0
  public var ds: UInt64 = 0, es: UInt64 = 0, fs: UInt64 = 0, gs: UInt64 = 0

  public init() {}

  /// Registers that may hold pointers, without the stack pointer: where memory is worth keeping.
  public var pointers: [UInt64] {
    [rip, rax, rbx, rcx, rdx, rdi, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15]
  }
}

/// Everything that is known of a thread's CPU state.
public struct CPUContext: Hashable, Sendable {
  /// Of the thread's code: a 64-bit process can serve 32-bit ones.
  public var is64Bit: Bool
  public var general: GeneralRegisters
  /// The FXSAVE image, 512 bytes: x87, MMX, SSE and MXCSR. Empty when it could not be read or was not saved.
  public var floatingPoint: [UInt8]
  /// The whole XSAVE area in the standard (not compacted) format, the FXSAVE image first, the XSAVE header at 512:
  /// AVX and AVX-512 are in here. Empty when it could not be read. Source: Intel SDM volume 1, chapter 13.
  public var extendedState: [UInt8]

  public init(
    general: GeneralRegisters, floatingPoint: [UInt8] = [], extendedState: [UInt8] = [], is64Bit: Bool = true
  ) {
    self.general = general
    self.floatingPoint = floatingPoint
    self.extendedState = extendedState
    self.is64Bit = is64Bit
  }

  public var instructionPointer: UInt64 { general.rip }
  public var stackPointer: UInt64 { general.rsp }
  public var framePointer: UInt64 { general.rbp }
  /// Where thread-local storage lies.
  public var threadPointer: UInt64 { is64Bit ? general.fsBase : general.gsBase }
  /// Bit mask of XSAVE components that `extendedState` holds (XCR0 bits: 1 x87, 2 SSE, 4 AVX, 0xe0 AVX-512); 0 without.
  public var extendedFeatures: UInt64 {
    extendedState.count >= 576 ? extendedState.littleEndian(UInt64.self, at: 512) ?? 0 : 0
  }
}
