// Provides what the arguments of system calls must be.

extension SystemCall {
  private static let notPermitted: UInt16 = 1
  private static let permissionDenied: UInt16 = 13
  private static let invalidArgument: UInt16 = 22
  private static let notTerminal: UInt16 = 25
  private static let unknownAddressFamily: UInt16 = 97

  /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
  private static let namespaces: UInt32 = 0x7e02_0000
  /// AF_UNIX, AF_INET, AF_INET6; AF_NETLINK, which getaddrinfo(3) asks for this machine's addresses.
  private static let families: [UInt32] = [1, 2, 10, 16]
  /// PTRACE_PEEKDATA, DETACH, GETSIGINFO, GETREGSET, SEIZE, INTERRUPT, LISTEN: nothing that changes the other process.
  private static let traceRequests: [UInt32] = [2, 17, 0x4202, 0x4204, 0x4206, 0x4207, 0x4208]
  /// O_WRONLY, O_RDWR, O_CREAT, O_TRUNC.
  private static let writing: UInt32 = 0o1 | 0o2 | 0o100 | 0o1000
  /// TCGETS, TIOCGPGRP, TIOCOUTQ, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX; SIOCGIFNAME, GIFCONF, GIFFLAGS,
  /// GIFADDR, GIFNETMASK, GIFINDEX; FICLONE; PIDFD_GET_INFO.
  private static let deviceRequests: [UInt32] = [
    0x5401, 0x540f, 0x5411, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451, 0x8910, 0x8912, 0x8913, 0x8915, 0x891b, 0x8933,
    0x4004_9409, 0xc040_ff0b,
  ]
  /// PR_SET and GET_PDEATHSIG, GET and SET_DUMPABLE, SET and GET_NAME, GET_SECCOMP, CAPBSET_READ, SET and
  /// GET_NO_NEW_PRIVS, PAC_RESET_KEYS, SET and GET_TAGGED_ADDR_CTRL; SET_VMA, with which libc names its heaps;
  /// SET_PTRACER.
  private static let processOptions: [UInt32] = [
    1, 2, 3, 4, 15, 16, 21, 23, 38, 39, 54, 55, 56, 0x5356_4d41, 0x5961_6d61,
  ]

  /// What must hold for this call in a role; `nil`: it is allowed as it is.
  func condition(_ role: Sandbox.Role) -> Condition? {
    // By number: Embedded Swift does not compare texts without tables of its own.
    switch x86_64 {
    case 101: Condition(argument: 0, kind: .oneOf(Self.traceRequests), failure: Self.notPermitted)
    case 41: Condition(argument: 0, kind: .oneOf(Self.families), failure: Self.unknownAddressFamily)
    case 56: Condition(argument: 0, kind: .noneOf(Self.namespaces), failure: Self.notPermitted)
    case 16: Condition(argument: 1, kind: .oneOf(Self.deviceRequests), failure: Self.notTerminal)
    case 157: Condition(argument: 0, kind: .oneOf(Self.processOptions), failure: Self.invalidArgument)
    // open(2), openat(2).
    case 2: role == .walker ? Condition(argument: 1, kind: .noneOf(Self.writing), failure: Self.permissionDenied) : nil
    case 257:
      role == .walker ? Condition(argument: 2, kind: .noneOf(Self.writing), failure: Self.permissionDenied) : nil
    default: nil
    }
  }
}
