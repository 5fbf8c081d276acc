// Provides the meaning of a siginfo_t: address and parameters by the kind of signal.
internal import ProcessMemory

extension SignalInformation {
  /// Bytes that all members in use fit in; the kernel's structure has 128.
  private static let size = 128

  /// - Throws: when even the first members cannot be read.
  static func read(_ memory: any MemoryReader, at address: UInt64, is64Bit: Bool) throws(MemoryError)
    -> SignalInformation
  {
    let bytes = memory.readAvailable(at: address, count: size)
    guard bytes.count >= (is64Bit ? 44 : 32), let signal: Int32 = bytes.littleEndian(at: 0),
      let error: Int32 = bytes.littleEndian(at: 4), let code: Int32 = bytes.littleEndian(at: 8)
    else { throw MemoryError(.unreadable, address: address, count: UInt64(size)) }
    return SignalInformation(signal: signal, error: error, code: code, raw: bytes)
  }

  /// The address of the fault and further values, in the order in which Crashpad writes them.
  ///
  /// A fault signal that somebody sent (code 0 or below) has no address: its bytes hold the sender.
  func details(is64Bit: Bool) -> (address: UInt64, parameters: [UInt64]) {
    let base = is64Bit ? 16 : 12
    let width = is64Bit ? 8 : 4
    func half(_ offset: Int) -> UInt64 { UInt64(raw.littleEndian(UInt32.self, at: base + offset) ?? 0) }
    func long(_ offset: Int) -> UInt64 {
      is64Bit ? raw.littleEndian(UInt64.self, at: base + offset) ?? 0 : half(offset)
    }
    let sender = [half(0), half(4), half(8)]
    switch signal {
    case 4, 5, 7, 8, 11:  // ILL TRAP BUS FPE SEGV
      return code <= 0 ? (0, sender) : (long(0), [])
    case 31:  // SYS: call address, number, architecture
      return code <= 0 ? (0, sender) : (long(0), [half(width), half(width + 4)])
    case 29:  // POLL: band, descriptor
      return (0, [long(0), half(width)])
    case 14, 26, 27:  // ALRM VTALRM PROF: timer, overrun, value
      return (0, sender)
    case 1, 2, 3, 6, 10, 12, 13, 15, 16, 24, 25, 30:  // HUP INT QUIT ABRT USR1 USR2 PIPE TERM STKFLT XCPU XFSZ PWR
      return (0, sender)
    default:
      return (0, [])
    }
  }
}
