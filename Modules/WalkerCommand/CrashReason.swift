// Provides the reason of a crash in words.
internal import MinidumpFormat

/// Why the process crashed.
struct CrashReason: Equatable {
  let threadID: UInt32
  let address: UInt64
  /// Such as `SIGSEGV / SEGV_MAPERR at 0x0`.
  let reason: String

  init(threadID: UInt32, address: UInt64, reason: String) {
    self.threadID = threadID
    self.address = address
    self.reason = reason
  }

  init(
    _ exception: MinidumpException, platform: MinidumpPlatform?, architecture: MinidumpProcessorArchitecture?,
    isStackOverflow: Bool
  ) {
    threadID = exception.threadID
    address = exception.address
    if exception.code == MinidumpException.dumpRequested {
      reason = "dump requested"
      return
    }
    let name = exception.name(on: platform, architecture: architecture).summary(of: exception)
    let hasAddress = platform != .linux && platform != .android || Self.isFault(exception)
    reason =
      name + (hasAddress ? " at 0x\(String(address, radix: 16))" : "")
      + (hasAddress && isStackOverflow ? " (stack overflow)" : "")
  }

  /// Whether the CPU raised the signal at an address. Signals that somebody sent, or the kernel for reasons of its own,
  /// have none; the field holds other things then. Source: `sigaction(2)`, asm-generic/siginfo.h.
  private static func isFault(_ exception: MinidumpException) -> Bool {
    let faults: [UInt32] = [4, 5, 7, 8, 11]  // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV
    let code = Int32(bitPattern: exception.flags)
    return faults.contains(exception.code) && code > 0 && code < 0x80  // SI_KERNEL
  }
}
