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

  init(_ exception: MinidumpException, platform: MinidumpPlatform?, isStackOverflow: Bool) {
    threadID = exception.threadID
    address = exception.address
    if exception.code == MinidumpException.dumpRequested {
      reason = "dump requested"
      return
    }
    guard platform == .linux || platform == .android else {
      reason = "exception 0x\(String(exception.code, radix: 16)) at 0x\(String(address, radix: 16))"
      return
    }
    let signal = SignalName.name(exception.code)
    let detail = SignalName.code(Int32(bitPattern: exception.flags), of: exception.code)
    // Signals that somebody sent have no address; the field holds other things then.
    let isFault = detail?.isFault ?? false
    reason =
      signal + (detail.map { " / \($0.name)" } ?? "") + (isFault ? " at 0x\(String(address, radix: 16))" : "")
      + (isFault && isStackOverflow ? " (stack overflow)" : "")
  }
}

/// Names of signals and their codes on Linux. Source: `sigaction(2)`, asm-generic/siginfo.h.
enum SignalName {
  static func name(_ number: UInt32) -> String {
    switch number {
    case 1: "SIGHUP"
    case 2: "SIGINT"
    case 3: "SIGQUIT"
    case 4: "SIGILL"
    case 5: "SIGTRAP"
    case 6: "SIGABRT"
    case 7: "SIGBUS"
    case 8: "SIGFPE"
    case 9: "SIGKILL"
    case 10: "SIGUSR1"
    case 11: "SIGSEGV"
    case 12: "SIGUSR2"
    case 13: "SIGPIPE"
    case 14: "SIGALRM"
    case 15: "SIGTERM"
    case 24: "SIGXCPU"
    case 25: "SIGXFSZ"
    case 31: "SIGSYS"
    default: "signal \(number)"
    }
  }

  private static let byAnySignal: [Int32: String] = [
    0: "SI_USER", 0x80: "SI_KERNEL", -1: "SI_QUEUE", -2: "SI_TIMER", -3: "SI_MESGQ", -4: "SI_ASYNCIO", -5: "SI_SIGIO",
    -6: "SI_TKILL",
  ]
  private static let bySignal: [UInt32: [String]] = [
    4: [
      "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG", "ILL_COPROC", "ILL_BADSTK",
    ],
    5: ["TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF"],
    7: ["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"],
    8: [
      "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB",
    ],
    11: [
      "SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR", "SEGV_ACCADI", "SEGV_ADIDERR", "SEGV_ADIPERR",
      "SEGV_MTEAERR", "SEGV_MTESERR", "SEGV_CPERR",
    ],
    31: ["SYS_SECCOMP", "SYS_USER_DISPATCH"],
  ]

  /// `nil` for codes that are not known.
  static func code(_ code: Int32, of signal: UInt32) -> (name: String, isFault: Bool)? {
    if let name = byAnySignal[code] { return (name, false) }
    guard let names = bySignal[signal], code >= 1, Int(code) <= names.count else { return nil }
    return (names[Int(code) - 1], signal != 31)
  }
}
