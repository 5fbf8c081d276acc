// Provides the names of Mach exceptions.

extension MinidumpException {
  /// Source: `mach/exception_types.h`, `mach/kern_return.h` and the `exception.h` of each CPU.
  internal func appleName(_ architecture: MinidumpProcessorArchitecture?) -> MinidumpExceptionName {
    switch code {
    case 1:
      // Access to protected or missing memory: a code of the CPU, whose numbers are the kernel's return codes elsewhere.
      return MinidumpExceptionName(
        "EXC_BAD_ACCESS", Self.accessCode(flags, architecture) ?? Self.kernelReturn(flags), showsNumber: true)
    case 2:
      return MinidumpExceptionName("EXC_BAD_INSTRUCTION", Self.instructionCode(flags, architecture), showsNumber: true)
    case 3: return MinidumpExceptionName("EXC_ARITHMETIC", Self.arithmeticCode(flags, architecture), showsNumber: true)
    case 4: return MinidumpExceptionName("EXC_EMULATION", showsNumber: true)
    case 5:
      let name: String? =
        switch flags {
        case 0x1_0000: "EXC_UNIX_BAD_SYSCALL"
        case 0x1_0001: "EXC_UNIX_BAD_PIPE"
        case 0x1_0002: "EXC_UNIX_ABORT"
        case 0x1_0003: "EXC_SOFT_SIGNAL"
        case 0xdead_c0de: "EXC_SOFTWARE_NSEXCEPTION"
        case 0xdead_beef: "EXC_SOFTWARE_CXX_EXCEPTION"
        default: nil
        }
      return MinidumpExceptionName("EXC_SOFTWARE", name, showsNumber: true)
    case 6: return MinidumpExceptionName("EXC_BREAKPOINT", Self.breakpointCode(flags, architecture), showsNumber: true)
    case 7: return MinidumpExceptionName("EXC_SYSCALL", showsNumber: true)
    case 8: return MinidumpExceptionName("EXC_MACH_SYSCALL", showsNumber: true)
    case 9: return MinidumpExceptionName("EXC_RPC_ALERT", showsNumber: true)
    case 10: return MinidumpExceptionName("EXC_CRASH", showsNumber: true)
    case 11: return MinidumpExceptionName("EXC_RESOURCE", Self.resourceKind(flags), showsNumber: true)
    case 12: return MinidumpExceptionName("EXC_GUARD", Self.guardKind(flags), showsNumber: true)
    case 13: return MinidumpExceptionName("EXC_CORPSE_NOTIFY", showsNumber: true)
    // Crashpad's own, four letters each.
    case 0x4350_7378: return MinidumpExceptionName("Simulated Exception")
    case 0x4350_6e78: return MinidumpExceptionName("UNCAUGHT_NSEXCEPTION")
    default: return MinidumpExceptionName(nil)
    }
  }

  private static func kernelReturn(_ code: UInt32) -> String? {
    switch code {
    case 1: "KERN_INVALID_ADDRESS"
    case 2: "KERN_PROTECTION_FAILURE"
    case 3: "KERN_NO_SPACE"
    case 4: "KERN_INVALID_ARGUMENT"
    case 5: "KERN_FAILURE"
    case 6: "KERN_RESOURCE_SHORTAGE"
    case 7: "KERN_NOT_RECEIVER"
    case 8: "KERN_NO_ACCESS"
    case 9: "KERN_MEMORY_FAILURE"
    case 10: "KERN_MEMORY_ERROR"
    case 11: "KERN_ALREADY_IN_SET"
    case 12: "KERN_NOT_IN_SET"
    case 13: "KERN_NAME_EXISTS"
    case 14: "KERN_ABORTED"
    case 15: "KERN_INVALID_NAME"
    case 16: "KERN_INVALID_TASK"
    case 17: "KERN_INVALID_RIGHT"
    case 18: "KERN_INVALID_VALUE"
    case 19: "KERN_UREFS_OVERFLOW"
    case 20: "KERN_INVALID_CAPABILITY"
    case 21: "KERN_RIGHT_EXISTS"
    case 22: "KERN_INVALID_HOST"
    case 23: "KERN_MEMORY_PRESENT"
    case 24: "KERN_MEMORY_DATA_MOVED"
    case 25: "KERN_MEMORY_RESTART_COPY"
    case 26: "KERN_INVALID_PROCESSOR_SET"
    case 27: "KERN_POLICY_LIMIT"
    case 28: "KERN_INVALID_POLICY"
    case 29: "KERN_INVALID_OBJECT"
    case 30: "KERN_ALREADY_WAITING"
    case 31: "KERN_DEFAULT_SET"
    case 32: "KERN_EXCEPTION_PROTECTED"
    case 33: "KERN_INVALID_LEDGER"
    case 34: "KERN_INVALID_MEMORY_CONTROL"
    case 35: "KERN_INVALID_SECURITY"
    case 36: "KERN_NOT_DEPRESSED"
    case 37: "KERN_TERMINATED"
    case 38: "KERN_LOCK_SET_DESTROYED"
    case 39: "KERN_LOCK_UNSTABLE"
    case 40: "KERN_LOCK_OWNED"
    case 41: "KERN_LOCK_OWNED_SELF"
    case 42: "KERN_SEMAPHORE_DESTROYED"
    case 43: "KERN_RPC_SERVER_TERMINATED"
    case 44: "KERN_RPC_TERMINATE_ORPHAN"
    case 45: "KERN_RPC_CONTINUE_ORPHAN"
    case 46: "KERN_NOT_SUPPORTED"
    case 47: "KERN_NODE_DOWN"
    case 48: "KERN_NOT_WAITING"
    case 49: "KERN_OPERATION_TIMED_OUT"
    case 50: "KERN_CODESIGN_ERROR"
    default: nil
    }
  }

  private static func isARM(_ architecture: MinidumpProcessorArchitecture?) -> Bool {
    architecture == .arm || architecture == .arm64 || architecture == .arm64Breakpad
  }

  private static func isX86(_ architecture: MinidumpProcessorArchitecture?) -> Bool {
    architecture == .x86 || architecture == .amd64
  }

  private static func isPPC(_ architecture: MinidumpProcessorArchitecture?) -> Bool {
    architecture == .ppc || architecture == .ppc64
  }

  private static func accessCode(_ code: UInt32, _ architecture: MinidumpProcessorArchitecture?) -> String? {
    if isARM(architecture) {
      return switch code {
      case 0x101: "EXC_ARM_DA_ALIGN"
      case 0x102: "EXC_ARM_DA_DEBUG"
      case 0x103: "EXC_ARM_SP_ALIGN"
      case 0x104: "EXC_ARM_SWP"
      case 0x105: "EXC_ARM_PAC_FAIL"
      default: nil
      }
    }
    if isX86(architecture) { return code == 13 ? "EXC_I386_GPFLT" : nil }
    if isPPC(architecture) {
      return switch code {
      case 0x101: "EXC_PPC_VM_PROT_READ"
      case 0x102: "EXC_PPC_BADSPACE"
      case 0x103: "EXC_PPC_UNALIGNED"
      default: nil
      }
    }
    return nil
  }

  private static func instructionCode(_ code: UInt32, _ architecture: MinidumpProcessorArchitecture?) -> String? {
    if isARM(architecture) { return code == 1 ? "EXC_ARM_UNDEFINED" : nil }
    if isX86(architecture) {
      return switch code {
      case 1: "EXC_I386_INVOP"
      case 10: "EXC_I386_INVTSSFLT"
      case 11: "EXC_I386_SEGNPFLT"
      case 12: "EXC_I386_STKFLT"
      case 13: "EXC_I386_GPFLT"
      case 17: "EXC_I386_ALIGNFLT"
      default: nil
      }
    }
    if isPPC(architecture) {
      return switch code {
      case 1: "EXC_PPC_INVALID_SYSCALL"
      case 2: "EXC_PPC_UNIPL_INST"
      case 3: "EXC_PPC_PRIVINST"
      case 4: "EXC_PPC_PRIVREG"
      case 5: "EXC_PPC_TRACE"
      case 6: "EXC_PPC_PERFMON"
      default: nil
      }
    }
    return nil
  }

  private static func arithmeticCode(_ code: UInt32, _ architecture: MinidumpProcessorArchitecture?) -> String? {
    if isARM(architecture) {
      return switch code {
      case 0: "EXC_ARM_FP_UNDEFINED"
      case 1: "EXC_ARM_FP_IO"
      case 2: "EXC_ARM_FP_DZ"
      case 3: "EXC_ARM_FP_OF"
      case 4: "EXC_ARM_FP_UF"
      case 5: "EXC_ARM_FP_IX"
      case 6: "EXC_ARM_FP_ID"
      default: nil
      }
    }
    if isX86(architecture) {
      return switch code {
      case 1: "EXC_I386_DIV"
      case 2: "EXC_I386_INTO"
      case 3: "EXC_I386_NOEXT"
      case 4: "EXC_I386_EXTOVR"
      case 5: "EXC_I386_EXTERR"
      case 6: "EXC_I386_EMERR"
      case 7: "EXC_I386_BOUND"
      case 8: "EXC_I386_SSEEXTERR"
      default: nil
      }
    }
    if isPPC(architecture) {
      return switch code {
      case 1: "EXC_PPC_OVERFLOW"
      case 2: "EXC_PPC_ZERO_DIVIDE"
      case 3: "EXC_FLT_INEXACT"
      case 4: "EXC_PPC_FLT_ZERO_DIVIDE"
      case 5: "EXC_PPC_FLT_UNDERFLOW"
      case 6: "EXC_PPC_FLT_OVERFLOW"
      case 7: "EXC_PPC_FLT_NOT_A_NUMBER"
      case 8: "EXC_PPC_NOEMULATION"
      case 9: "EXC_PPC_ALTIVECASSIST"
      default: nil
      }
    }
    return nil
  }

  private static func breakpointCode(_ code: UInt32, _ architecture: MinidumpProcessorArchitecture?) -> String? {
    if isARM(architecture) {
      return switch code {
      case 1: "EXC_ARM_BREAKPOINT"
      case 0x101: "EXC_ARM_DA_ALIGN"
      case 0x102: "EXC_ARM_DA_DEBUG"
      default: nil
      }
    }
    if isX86(architecture) {
      return switch code {
      case 1: "EXC_I386_SGL"
      case 2: "EXC_I386_BPT"
      default: nil
      }
    }
    if isPPC(architecture) { return code == 1 ? "EXC_PPC_BREAKPOINT" : nil }
    return nil
  }

  /// The kind is in the three highest bits of the second word of the code, which is what the flags hold.
  private static func resourceKind(_ flags: UInt32) -> String? {
    switch flags >> 29 {
    case 1: "RESOURCE_TYPE_CPU"
    case 2: "RESOURCE_TYPE_WAKEUPS"
    case 3: "RESOURCE_TYPE_MEMORY"
    case 4: "RESOURCE_TYPE_IO"
    case 5: "RESOURCE_TYPE_THREADS"
    case 6: "RESOURCE_TYPE_PORTS"
    default: nil
    }
  }

  private static func guardKind(_ flags: UInt32) -> String? {
    switch flags >> 29 {
    case 0: "GUARD_TYPE_NONE"
    case 1: "GUARD_TYPE_MACH_PORT"
    case 2: "GUARD_TYPE_FD"
    case 3: "GUARD_TYPE_USER"
    case 4: "GUARD_TYPE_VN"
    case 5: "GUARD_TYPE_VIRT_MEMORY"
    default: nil
    }
  }
}
