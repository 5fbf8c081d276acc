// Provides the names of exceptions, whatever the operating system.

/// What an exception is called on its system.
public struct MinidumpExceptionName: Hashable, Sendable {
  /// Such as `SIGSEGV`, `EXCEPTION_ACCESS_VIOLATION_WRITE` or `EXC_BAD_ACCESS`; nil when unknown.
  public let code: String?
  /// Such as `SEGV_MAPERR`, `FAST_FAIL_FATAL_APP_EXIT` or `KERN_INVALID_ADDRESS`; nil when unknown or when the code
  /// says everything.
  public let flags: String?
  /// Whether flags without a name say something all the same, so that their number is shown.
  private let showsNumber: Bool

  internal init(_ code: String?, _ flags: String? = nil, showsNumber: Bool = false) {
    self.code = code
    self.flags = flags
    self.showsNumber = showsNumber && code != nil
  }

  /// One line: both names, numbers where there is no name.
  public func summary(of exception: MinidumpException) -> String {
    let first = code ?? "0x\(String(exception.code, radix: 16))"
    if let flags { return "\(first) / \(flags)" }
    return showsNumber ? "\(first) / 0x\(MinidumpHex.lower(UInt64(exception.flags), digits: 8))" : first
  }
}

extension MinidumpException {
  /// The names of code and flags.
  ///
  /// - Parameters:
  ///   - platform: of the dump; without one, the code is taken for a signal of Linux.
  ///   - architecture: of the dump: macOS has codes for each CPU.
  public func name(
    on platform: MinidumpPlatform?, architecture: MinidumpProcessorArchitecture?
  ) -> MinidumpExceptionName {
    switch platform {
    case .windows, .windowsNT, .win32s: windowsName
    case .macOS, .iOS: appleName(architecture)
    case .linux, .android, nil: linuxName
    default: MinidumpExceptionName(nil)
    }
  }

  /// The address whose access failed: on Windows not the exception's address, which is that of the instruction.
  public func faultAddress(
    on platform: MinidumpPlatform?, architecture: MinidumpProcessorArchitecture?
  ) -> UInt64 {
    switch platform {
    case .windows, .windowsNT, .win32s:
      guard code == 0xc000_0005 || code == 0xc000_0006, parameters.count >= 2 else { return address }
      // Seen with the high half set in a dump of a 32-bit process.
      let instructionSet = architecture?.instructionSet
      return instructionSet == .x86 || instructionSet == .arm ? parameters[1] & 0xffff_ffff : parameters[1]
    default: return address
    }
  }
}
