// Provides the list of system calls that the processes of a handler make.

/// One system call: its numbers, and which roles have use for it.
struct SystemCall: Sendable {
  /// Roles, as a set.
  struct Users: OptionSet, Sendable {
    let rawValue: UInt8
    static let handler = Users(rawValue: 1)
    static let upload = Users(rawValue: 2)
    static let walker = Users(rawValue: 4)
    static let notWalker: Users = [.handler, .upload]
    static let all: Users = [.handler, .upload, .walker]

    func contains(_ role: Sandbox.Role) -> Bool {
      switch role {
      case .handler: contains(Users.handler)
      case .upload: contains(Users.upload)
      case .walker: contains(Users.walker)
      }
    }
  }

  /// What an argument must be for a call to be allowed.
  struct Condition: Sendable {
    enum Kind: Sendable {
      /// One of these values.
      case oneOf([UInt32])
      /// None of these bits is set.
      case noneOf(UInt32)
    }
    let argument: UInt32
    let kind: Kind
    /// What the call fails with otherwise.
    let failure: UInt16
  }

  let name: StaticString
  /// -1 where the architecture has no such call.
  let x86_64: Int16
  let aarch64: Int16
  let users: Users

  static let table: [SystemCall] = rows.map { SystemCall(name: $0.0, x86_64: $0.1, aarch64: $0.2, users: $0.3) }

  // Sources: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux. Calls that libraries
  // of the system make are there too: libc, its name services, libcurl and OpenSSL; libelf, libdw and libunwind for the
  // walker. Missing on purpose: clone3 and openat2, whose arguments a filter cannot see (libc does without them), and
  // whatever changes users, mounts, modules, clocks, keys, or the memory of other processes.
  private static let rows: [(StaticString, Int16, Int16, Users)] = [
    ("read", 0, 63, .all),
    ("write", 1, 64, .all),
    ("open", 2, -1, .all),
    ("close", 3, 57, .all),
    ("stat", 4, -1, .all),
    ("fstat", 5, 80, .all),
    ("lstat", 6, -1, .all),
    ("poll", 7, -1, .all),
    ("lseek", 8, 62, .all),
    ("mmap", 9, 222, .all),
    ("mprotect", 10, 226, .all),
    ("munmap", 11, 215, .all),
    ("brk", 12, 214, .all),
    ("rt_sigaction", 13, 134, .all),
    ("rt_sigprocmask", 14, 135, .all),
    ("rt_sigreturn", 15, 139, .all),
    ("ioctl", 16, 29, .all),
    ("pread64", 17, 67, .all),
    ("pwrite64", 18, 68, .notWalker),
    ("readv", 19, 65, .all),
    ("writev", 20, 66, .all),
    ("access", 21, -1, .all),
    ("pipe", 22, -1, .notWalker),
    ("select", 23, -1, .notWalker),
    ("sched_yield", 24, 124, .all),
    ("mremap", 25, 216, .all),
    ("msync", 26, 227, .notWalker),
    ("mincore", 27, 232, .all),
    ("madvise", 28, 233, .all),
    ("dup", 32, 23, .all),
    ("dup2", 33, -1, .notWalker),
    ("pause", 34, -1, .notWalker),
    ("nanosleep", 35, 101, .all),
    ("alarm", 37, -1, .all),
    ("setitimer", 38, 103, .all),
    ("getpid", 39, 172, .all),
    ("sendfile", 40, 71, .notWalker),
    ("socket", 41, 198, .notWalker),
    ("connect", 42, 203, .notWalker),
    ("sendto", 44, 206, .notWalker),
    ("recvfrom", 45, 207, .notWalker),
    ("sendmsg", 46, 211, .notWalker),
    ("recvmsg", 47, 212, .notWalker),
    ("shutdown", 48, 210, .notWalker),
    ("bind", 49, 200, .notWalker),
    ("getsockname", 51, 204, .notWalker),
    ("getpeername", 52, 205, .notWalker),
    ("socketpair", 53, 199, .notWalker),
    ("setsockopt", 54, 208, .notWalker),
    ("getsockopt", 55, 209, .notWalker),
    ("clone", 56, 220, .notWalker),
    ("fork", 57, -1, .notWalker),
    ("vfork", 58, -1, .notWalker),
    ("execve", 59, 221, .notWalker),
    ("exit", 60, 93, .all),
    ("wait4", 61, 260, .notWalker),
    ("kill", 62, 129, .notWalker),
    ("uname", 63, 160, .all),
    ("fcntl", 72, 25, .all),
    ("flock", 73, 32, .notWalker),
    ("fsync", 74, 82, .notWalker),
    ("fdatasync", 75, 83, .notWalker),
    ("ftruncate", 77, 46, .notWalker),
    ("getdents", 78, -1, .all),
    ("getcwd", 79, 17, .all),
    ("chdir", 80, 49, .notWalker),
    ("rename", 82, -1, .notWalker),
    ("mkdir", 83, -1, .notWalker),
    ("rmdir", 84, -1, .notWalker),
    ("link", 86, -1, .notWalker),
    ("unlink", 87, -1, .notWalker),
    ("readlink", 89, -1, .all),
    ("chmod", 90, -1, .notWalker),
    ("fchmod", 91, 52, .notWalker),
    ("umask", 95, 166, .notWalker),
    ("gettimeofday", 96, 169, .all),
    ("getrlimit", 97, 163, .all),
    ("getrusage", 98, 165, .all),
    ("sysinfo", 99, 179, .all),
    ("times", 100, 153, .all),
    ("ptrace", 101, 117, .handler),
    ("getuid", 102, 174, .all),
    ("getgid", 104, 176, .all),
    ("geteuid", 107, 175, .all),
    ("getegid", 108, 177, .all),
    ("getppid", 110, 173, .all),
    ("getpgrp", 111, -1, .notWalker),
    ("setsid", 112, 157, .notWalker),
    ("getgroups", 115, 158, .notWalker),
    ("getresuid", 118, 148, .all),
    ("getresgid", 120, 150, .all),
    ("getpgid", 121, 155, .notWalker),
    ("getsid", 124, 156, .notWalker),
    ("capget", 125, 90, .notWalker),
    ("rt_sigpending", 127, 136, .all),
    ("rt_sigtimedwait", 128, 137, .all),
    ("rt_sigsuspend", 130, 133, .notWalker),
    ("sigaltstack", 131, 132, .all),
    ("statfs", 137, 43, .all),
    ("fstatfs", 138, 44, .all),
    ("getpriority", 140, 141, .notWalker),
    ("sched_getparam", 143, 121, .all),
    ("sched_getscheduler", 145, 120, .all),
    ("sched_get_priority_max", 146, 125, .all),
    ("sched_get_priority_min", 147, 126, .all),
    ("mlock", 149, 228, .notWalker),
    ("munlock", 150, 229, .notWalker),
    ("prctl", 157, 167, .all),
    ("arch_prctl", 158, -1, .all),
    ("setrlimit", 160, 164, .all),
    ("gettid", 186, 178, .all),
    ("readahead", 187, 213, .notWalker),
    ("getxattr", 191, 8, .notWalker),
    ("lgetxattr", 192, 9, .notWalker),
    ("fgetxattr", 193, 10, .notWalker),
    ("time", 201, -1, .all),
    ("futex", 202, 98, .all),
    ("sched_getaffinity", 204, 123, .all),
    ("epoll_create", 213, -1, .notWalker),
    ("getdents64", 217, 61, .all),
    ("set_tid_address", 218, 96, .all),
    ("restart_syscall", 219, 128, .all),
    ("fadvise64", 221, 223, .all),
    ("clock_gettime", 228, 113, .all),
    ("clock_getres", 229, 114, .all),
    ("clock_nanosleep", 230, 115, .all),
    ("exit_group", 231, 94, .all),
    ("epoll_wait", 232, -1, .notWalker),
    ("epoll_ctl", 233, 21, .notWalker),
    ("tgkill", 234, 131, .all),
    ("waitid", 247, 95, .all),
    ("openat", 257, 56, .all),
    ("mkdirat", 258, 34, .notWalker),
    ("newfstatat", 262, 79, .all),
    ("unlinkat", 263, 35, .notWalker),
    ("renameat", 264, 38, .notWalker),
    ("linkat", 265, 37, .notWalker),
    ("readlinkat", 267, 78, .all),
    ("fchmodat", 268, 53, .notWalker),
    ("faccessat", 269, 48, .all),
    ("pselect6", 270, 72, .notWalker),
    ("ppoll", 271, 73, .all),
    ("set_robust_list", 273, 99, .all),
    ("get_robust_list", 274, 100, .notWalker),
    ("utimensat", 280, 88, .notWalker),
    ("epoll_pwait", 281, 22, .notWalker),
    ("fallocate", 285, 47, .notWalker),
    ("eventfd2", 290, 19, .notWalker),
    ("epoll_create1", 291, 20, .notWalker),
    ("dup3", 292, 24, .notWalker),
    ("pipe2", 293, 59, .all),
    ("preadv", 295, 69, .all),
    ("pwritev", 296, 70, .notWalker),
    ("rt_tgsigqueueinfo", 297, 240, .notWalker),
    ("recvmmsg", 299, 243, .notWalker),
    ("prlimit64", 302, 261, .all),
    ("sendmmsg", 307, 269, .notWalker),
    ("getcpu", 309, 168, .all),
    ("process_vm_readv", 310, 270, .handler),
    ("sched_getattr", 315, 275, .notWalker),
    ("renameat2", 316, 276, .notWalker),
    ("seccomp", 317, 277, .all),
    ("getrandom", 318, 278, .all),
    ("memfd_create", 319, 279, .notWalker),
    ("membarrier", 324, 283, .all),
    ("mlock2", 325, 284, .notWalker),
    ("copy_file_range", 326, 285, .notWalker),
    ("statx", 332, 291, .all),
    ("rseq", 334, 293, .all),
    ("pidfd_open", 434, 434, .notWalker),
    ("close_range", 436, 436, .notWalker),
    ("faccessat2", 439, 439, .all),
    ("epoll_pwait2", 441, 441, .notWalker),
    ("fchmodat2", 452, 452, .notWalker),
    ("map_shadow_stack", 453, 453, .all),
  ]
}
