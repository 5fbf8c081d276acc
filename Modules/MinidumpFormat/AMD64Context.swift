// Provides the registers of an AMD64 thread as minidumps store them.

/// The registers of an AMD64 thread: 1232 bytes, `CONTEXT` of Windows.
///
/// Offsets: `docs/formats/minidump.md`, section "AMD64 context".
public struct AMD64Context: Hashable, Sendable {
  /// Which parts are valid: 0x100000 with control 1, integer 2, segments 4, floating point 8, debug 0x10, extended 0x40.
  public var contextFlags: UInt32 = 0x0010_001f
  public var mxcsr: UInt32 = 0
  public var cs: UInt16 = 0
  public var ds: UInt16 = 0
  public var es: UInt16 = 0
  public var fs: UInt16 = 0
  public var gs: UInt16 = 0
  public var ss: UInt16 = 0
  public var eflags: UInt32 = 0
  public var dr0: UInt64 = 0
  public var dr1: UInt64 = 0
  public var dr2: UInt64 = 0
  public var dr3: UInt64 = 0
  public var dr6: UInt64 = 0
  public var dr7: UInt64 = 0
  public var rax: UInt64 = 0
  public var rcx: UInt64 = 0
  public var rdx: UInt64 = 0
  public var rbx: UInt64 = 0
  public var rsp: UInt64 = 0
  public var rbp: UInt64 = 0
  public var rsi: UInt64 = 0
  public var rdi: UInt64 = 0
  public var r8: UInt64 = 0
  public var r9: UInt64 = 0
  public var r10: UInt64 = 0
  public var r11: UInt64 = 0
  public var r12: UInt64 = 0
  public var r13: UInt64 = 0
  public var r14: UInt64 = 0
  public var r15: UInt64 = 0
  public var rip: UInt64 = 0
  /// The 512 bytes of `fxsave`, as `user_fpregs_struct` of Linux has them. Empty stands for all zero, and the reader
  /// gives empty for all zero.
  public var fxsave: [UInt8] = []
  /// 26 registers of 16 bytes, zero outside Windows. Empty stands for all zero.
  public var vectorRegisters: [UInt8] = []
  public var vectorControl: UInt64 = 0
  public var debugControl: UInt64 = 0
  public var lastBranchToRIP: UInt64 = 0
  public var lastBranchFromRIP: UInt64 = 0
  public var lastExceptionToRIP: UInt64 = 0
  public var lastExceptionFromRIP: UInt64 = 0
  /// AVX and later. The flag 0x40 of `contextFlags` and `miscInfo.xState` belong to it, or readers ignore it.
  public var extendedState: MinidumpXState?
  /// Bytes behind the fixed part when these are no extended state; empty in practice.
  public var trailing: [UInt8] = []
  /// Home space of parameters; no registers.
  public var p1Home: UInt64 = 0
  public var p2Home: UInt64 = 0
  public var p3Home: UInt64 = 0
  public var p4Home: UInt64 = 0
  public var p5Home: UInt64 = 0
  public var p6Home: UInt64 = 0

  public init() {}

  /// Bytes of the fixed part.
  public static let size = 1232
  internal static let cpuFlag: UInt32 = 0x0010_0000
  /// The flag of `contextFlags` for `extendedState`.
  public static let extendedStateFlag: UInt32 = 0x40
  internal static let fxsaveSize = 512
  internal static let vectorRegistersSize = 416
}

extension AMD64Context {
  internal func encode(into output: MinidumpEncoder, at record: Int) {
    output.put(p1Home, at: record + 0)
    output.put(p2Home, at: record + 8)
    output.put(p3Home, at: record + 16)
    output.put(p4Home, at: record + 24)
    output.put(p5Home, at: record + 32)
    output.put(p6Home, at: record + 40)
    output.put(contextFlags, at: record + 48)
    output.put(mxcsr, at: record + 52)
    output.put(cs, at: record + 56)
    output.put(ds, at: record + 58)
    output.put(es, at: record + 60)
    output.put(fs, at: record + 62)
    output.put(gs, at: record + 64)
    output.put(ss, at: record + 66)
    output.put(eflags, at: record + 68)
    output.put(dr0, at: record + 72)
    output.put(dr1, at: record + 80)
    output.put(dr2, at: record + 88)
    output.put(dr3, at: record + 96)
    output.put(dr6, at: record + 104)
    output.put(dr7, at: record + 112)
    output.put(rax, at: record + 120)
    output.put(rcx, at: record + 128)
    output.put(rdx, at: record + 136)
    output.put(rbx, at: record + 144)
    output.put(rsp, at: record + 152)
    output.put(rbp, at: record + 160)
    output.put(rsi, at: record + 168)
    output.put(rdi, at: record + 176)
    output.put(r8, at: record + 184)
    output.put(r9, at: record + 192)
    output.put(r10, at: record + 200)
    output.put(r11, at: record + 208)
    output.put(r12, at: record + 216)
    output.put(r13, at: record + 224)
    output.put(r14, at: record + 232)
    output.put(r15, at: record + 240)
    output.put(rip, at: record + 248)
    output.put(fxsave, limit: Self.fxsaveSize, at: record + 256)
    output.put(vectorRegisters, limit: Self.vectorRegistersSize, at: record + 768)
    output.put(vectorControl, at: record + 1184)
    output.put(debugControl, at: record + 1192)
    output.put(lastBranchToRIP, at: record + 1200)
    output.put(lastBranchFromRIP, at: record + 1208)
    output.put(lastExceptionToRIP, at: record + 1216)
    output.put(lastExceptionFromRIP, at: record + 1224)
    if let extendedState {
      extendedState.encode(into: output, at: record, behind: Self.size)
    } else {
      output.put(trailing, at: record + Self.size)
    }
  }

  /// - Parameter input: the context, cut off or longer than the fixed part; missing bytes read as 0.
  internal init(decoding input: MinidumpRecord) {
    self.init()
    p1Home = input.u64(0)
    p2Home = input.u64(8)
    p3Home = input.u64(16)
    p4Home = input.u64(24)
    p5Home = input.u64(32)
    p6Home = input.u64(40)
    contextFlags = input.u32(48)
    mxcsr = input.u32(52)
    cs = input.u16(56)
    ds = input.u16(58)
    es = input.u16(60)
    fs = input.u16(62)
    gs = input.u16(64)
    ss = input.u16(66)
    eflags = input.u32(68)
    dr0 = input.u64(72)
    dr1 = input.u64(80)
    dr2 = input.u64(88)
    dr3 = input.u64(96)
    dr6 = input.u64(104)
    dr7 = input.u64(112)
    rax = input.u64(120)
    rcx = input.u64(128)
    rdx = input.u64(136)
    rbx = input.u64(144)
    rsp = input.u64(152)
    rbp = input.u64(160)
    rsi = input.u64(168)
    rdi = input.u64(176)
    r8 = input.u64(184)
    r9 = input.u64(192)
    r10 = input.u64(200)
    r11 = input.u64(208)
    r12 = input.u64(216)
    r13 = input.u64(224)
    r14 = input.u64(232)
    r15 = input.u64(240)
    rip = input.u64(248)
    fxsave = input.nonzeroBytes(256, count: Self.fxsaveSize)
    vectorRegisters = input.nonzeroBytes(768, count: Self.vectorRegistersSize)
    vectorControl = input.u64(1184)
    debugControl = input.u64(1192)
    lastBranchToRIP = input.u64(1200)
    lastBranchFromRIP = input.u64(1208)
    lastExceptionToRIP = input.u64(1216)
    lastExceptionFromRIP = input.u64(1224)
    if input.count <= Self.size { return }
    if contextFlags & Self.extendedStateFlag != 0 {
      extendedState = MinidumpXState(decoding: input, behind: Self.size)
    }
    if extendedState == nil { trailing = input.trailing(Self.size) }
  }

  internal var registers: [MinidumpRegister] {
    [
      MinidumpRegister("rax", rax),
      MinidumpRegister("rcx", rcx),
      MinidumpRegister("rdx", rdx),
      MinidumpRegister("rbx", rbx),
      MinidumpRegister("rsp", rsp),
      MinidumpRegister("rbp", rbp),
      MinidumpRegister("rsi", rsi),
      MinidumpRegister("rdi", rdi),
      MinidumpRegister("r8", r8),
      MinidumpRegister("r9", r9),
      MinidumpRegister("r10", r10),
      MinidumpRegister("r11", r11),
      MinidumpRegister("r12", r12),
      MinidumpRegister("r13", r13),
      MinidumpRegister("r14", r14),
      MinidumpRegister("r15", r15),
      MinidumpRegister("rip", rip),
      MinidumpRegister("eflags", UInt64(eflags)),
      MinidumpRegister("cs", UInt64(cs)),
      MinidumpRegister("ds", UInt64(ds)),
      MinidumpRegister("es", UInt64(es)),
      MinidumpRegister("fs", UInt64(fs)),
      MinidumpRegister("gs", UInt64(gs)),
      MinidumpRegister("ss", UInt64(ss)),
    ]
  }
}
