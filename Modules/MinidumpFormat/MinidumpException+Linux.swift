// Provides the names of signals and of `si_code` of Linux.

extension MinidumpException {
  /// The names of code and flags of a dump of Linux, without what other systems call theirs.
  ///
  /// Signal numbers are those of x86, ARM and RISC-V. Source: signal(7), sigaction(2).
  public var linuxName: MinidumpExceptionName {
    if code == Self.dumpRequested { return MinidumpExceptionName("DUMP_REQUESTED") }
    return MinidumpExceptionName(
      Self.linuxSignal(code), Self.linuxCode(code, Int32(bitPattern: flags)), showsNumber: flags != 0)
  }

  internal static func linuxSignal(_ number: UInt32) -> String? {
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
    case 16: "SIGSTKFLT"
    case 17: "SIGCHLD"
    case 18: "SIGCONT"
    case 19: "SIGSTOP"
    case 20: "SIGTSTP"
    case 21: "SIGTTIN"
    case 22: "SIGTTOU"
    case 23: "SIGURG"
    case 24: "SIGXCPU"
    case 25: "SIGXFSZ"
    case 26: "SIGVTALRM"
    case 27: "SIGPROF"
    case 28: "SIGWINCH"
    case 29: "SIGIO"
    case 30: "SIGPWR"
    case 31: "SIGSYS"
    case 34...64: "SIGRTMIN+\(number - 34)"
    default: nil
    }
  }

  internal static func linuxCode(_ signal: UInt32, _ code: Int32) -> String? {
    let specific: String? =
      switch signal {
      case 4: illegalInstruction(code)
      case 5: trap(code)
      case 7: busError(code)
      case 8: arithmeticError(code)
      case 11: segmentationFault(code)
      case 31: code == 1 ? "SYS_SECCOMP" : code == 2 ? "SYS_USER_DISPATCH" : nil
      case 17: child(code)
      case 29: poll(code)
      default: nil
      }
    if let specific { return specific }
    switch code {
    // 0 is also what producers write that do not know the code: Breakpad of 2016 and before, and LLDB, also for SIGSTOP.
    // For a fault it says nothing.
    case 0: return [4, 5, 7, 8, 11, 19].contains(signal) ? nil : "SI_USER"
    case 0x80: return "SI_KERNEL"
    case -1: return "SI_QUEUE"
    case -2: return "SI_TIMER"
    case -3: return "SI_MESGQ"
    case -4: return "SI_ASYNCIO"
    case -5: return "SI_SIGIO"
    case -6: return "SI_TKILL"
    case -7: return "SI_DETHREAD"
    case -60: return "SI_ASYNCNL"
    default: return nil
    }
  }

  private static func illegalInstruction(_ code: Int32) -> String? {
    switch code {
    case 1: "ILL_ILLOPC"
    case 2: "ILL_ILLOPN"
    case 3: "ILL_ILLADR"
    case 4: "ILL_ILLTRP"
    case 5: "ILL_PRVOPC"
    case 6: "ILL_PRVREG"
    case 7: "ILL_COPROC"
    case 8: "ILL_BADSTK"
    case 9: "ILL_BADIADDR"
    default: nil
    }
  }

  private static func trap(_ code: Int32) -> String? {
    switch code {
    case 1: "TRAP_BRKPT"
    case 2: "TRAP_TRACE"
    case 3: "TRAP_BRANCH"
    case 4: "TRAP_HWBKPT"
    case 5: "TRAP_UNK"
    case 6: "TRAP_PERF"
    default: nil
    }
  }

  private static func busError(_ code: Int32) -> String? {
    switch code {
    case 1: "BUS_ADRALN"
    case 2: "BUS_ADRERR"
    case 3: "BUS_OBJERR"
    case 4: "BUS_MCEERR_AR"
    case 5: "BUS_MCEERR_AO"
    default: nil
    }
  }

  private static func arithmeticError(_ code: Int32) -> String? {
    switch code {
    case 1: "FPE_INTDIV"
    case 2: "FPE_INTOVF"
    case 3: "FPE_FLTDIV"
    case 4: "FPE_FLTOVF"
    case 5: "FPE_FLTUND"
    case 6: "FPE_FLTRES"
    case 7: "FPE_FLTINV"
    case 8: "FPE_FLTSUB"
    case 14: "FPE_FLTUNK"
    case 15: "FPE_CONDTRAP"
    default: nil
    }
  }

  private static func segmentationFault(_ code: Int32) -> String? {
    switch code {
    case 1: "SEGV_MAPERR"
    case 2: "SEGV_ACCERR"
    case 3: "SEGV_BNDERR"
    case 4: "SEGV_PKUERR"
    case 5: "SEGV_ACCADI"
    case 6: "SEGV_ADIDERR"
    case 7: "SEGV_ADIPERR"
    case 8: "SEGV_MTEAERR"
    case 9: "SEGV_MTESERR"
    case 10: "SEGV_CPERR"
    default: nil
    }
  }

  private static func child(_ code: Int32) -> String? {
    switch code {
    case 1: "CLD_EXITED"
    case 2: "CLD_KILLED"
    case 3: "CLD_DUMPED"
    case 4: "CLD_TRAPPED"
    case 5: "CLD_STOPPED"
    case 6: "CLD_CONTINUED"
    default: nil
    }
  }

  private static func poll(_ code: Int32) -> String? {
    switch code {
    case 1: "POLL_IN"
    case 2: "POLL_OUT"
    case 3: "POLL_MSG"
    case 4: "POLL_ERR"
    case 5: "POLL_PRI"
    case 6: "POLL_HUP"
    default: nil
    }
  }
}
