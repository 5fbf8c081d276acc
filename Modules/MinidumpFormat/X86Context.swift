// Provides the registers of a 32-bit x86 thread as minidumps store them.

/// The registers of a 32-bit x86 thread: 716 bytes, `CONTEXT` of Windows.
///
/// Offsets: `docs/formats/minidump.md`, section "x86 context".
public struct X86Context: Hashable, Sendable {
  /// Which parts are valid: 0x10000 with control 1, integer 2, segments 4, floating point 8, debug 0x10, extended 0x20.
  public var contextFlags: UInt32 = 0x0001_003f
  public var dr0: UInt32 = 0
  public var dr1: UInt32 = 0
  public var dr2: UInt32 = 0
  public var dr3: UInt32 = 0
  public var dr6: UInt32 = 0
  public var dr7: UInt32 = 0
  public var gs: UInt32 = 0
  public var fs: UInt32 = 0
  public var es: UInt32 = 0
  public var ds: UInt32 = 0
  public var edi: UInt32 = 0
  public var esi: UInt32 = 0
  public var ebx: UInt32 = 0
  public var edx: UInt32 = 0
  public var ecx: UInt32 = 0
  public var eax: UInt32 = 0
  public var ebp: UInt32 = 0
  public var eip: UInt32 = 0
  public var cs: UInt32 = 0
  public var eflags: UInt32 = 0
  public var esp: UInt32 = 0
  public var ss: UInt32 = 0
  /// The 108 bytes of `fsave`, then 4 bytes. Empty stands for all zero, and the reader gives empty for all zero.
  public var fsave: [UInt8] = []
  /// The 512 bytes of `fxsave`. Empty stands for all zero.
  public var fxsave: [UInt8] = []
  /// AVX and later, as for AMD64. The flag 0x40 of `contextFlags` belongs to it.
  public var extendedState: MinidumpXState?
  /// Bytes behind the fixed part when these are no extended state; empty in practice.
  public var trailing: [UInt8] = []

  public init() {}

  /// Bytes of the fixed part.
  public static let size = 716
  internal static let cpuFlag: UInt32 = 0x0001_0000
}

extension X86Context {
  internal func encode(into output: MinidumpEncoder, at record: Int) {
    output.put(contextFlags, at: record)
    output.put(dr0, at: record + 4)
    output.put(dr1, at: record + 8)
    output.put(dr2, at: record + 12)
    output.put(dr3, at: record + 16)
    output.put(dr6, at: record + 20)
    output.put(dr7, at: record + 24)
    output.put(fsave, limit: 112, at: record + 28)
    output.put(gs, at: record + 140)
    output.put(fs, at: record + 144)
    output.put(es, at: record + 148)
    output.put(ds, at: record + 152)
    output.put(edi, at: record + 156)
    output.put(esi, at: record + 160)
    output.put(ebx, at: record + 164)
    output.put(edx, at: record + 168)
    output.put(ecx, at: record + 172)
    output.put(eax, at: record + 176)
    output.put(ebp, at: record + 180)
    output.put(eip, at: record + 184)
    output.put(cs, at: record + 188)
    output.put(eflags, at: record + 192)
    output.put(esp, at: record + 196)
    output.put(ss, at: record + 200)
    output.put(fxsave, limit: 512, at: record + 204)
    if let extendedState {
      extendedState.encode(into: output, at: record, behind: Self.size)
    } else {
      output.put(trailing, at: record + Self.size)
    }
  }

  internal init(decoding input: MinidumpRecord) {
    self.init()
    contextFlags = input.u32(0)
    dr0 = input.u32(4)
    dr1 = input.u32(8)
    dr2 = input.u32(12)
    dr3 = input.u32(16)
    dr6 = input.u32(20)
    dr7 = input.u32(24)
    gs = input.u32(140)
    fs = input.u32(144)
    es = input.u32(148)
    ds = input.u32(152)
    edi = input.u32(156)
    esi = input.u32(160)
    ebx = input.u32(164)
    edx = input.u32(168)
    ecx = input.u32(172)
    eax = input.u32(176)
    ebp = input.u32(180)
    eip = input.u32(184)
    cs = input.u32(188)
    eflags = input.u32(192)
    esp = input.u32(196)
    ss = input.u32(200)
    fsave = input.nonzeroBytes(28, count: 112)
    fxsave = input.nonzeroBytes(204, count: 512)
    if input.count <= Self.size { return }
    if contextFlags & AMD64Context.extendedStateFlag != 0 {
      extendedState = MinidumpXState(decoding: input, behind: Self.size)
    }
    if extendedState == nil { trailing = input.trailing(Self.size) }
  }

  internal var registers: [MinidumpRegister] {
    [
      MinidumpRegister("eax", UInt64(eax)),
      MinidumpRegister("ebx", UInt64(ebx)),
      MinidumpRegister("ecx", UInt64(ecx)),
      MinidumpRegister("edx", UInt64(edx)),
      MinidumpRegister("esi", UInt64(esi)),
      MinidumpRegister("edi", UInt64(edi)),
      MinidumpRegister("ebp", UInt64(ebp)),
      MinidumpRegister("esp", UInt64(esp)),
      MinidumpRegister("eip", UInt64(eip)),
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
