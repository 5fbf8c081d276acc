// Provides the choice of the best way to read a process's memory.
public import LinuxSystem

/// How memory of a process is read.
public enum MemoryStrategy: Hashable, Sendable, CustomStringConvertible {
  /// `process_vm_readv(2)`.
  case processVM
  /// `/proc/PID/mem`, proc_pid_mem(5).
  case procMem
  /// `PTRACE_PEEKDATA`, a word at a time.
  case ptrace
  /// A process that may do it, on this one's behalf.
  case broker
  /// The process itself tells what is in its memory.
  case client

  /// The name that is written into reports.
  public var description: String {
    switch self {
    case .processVM: "process_vm_readv"
    case .procMem: "/proc/PID/mem"
    case .ptrace: "ptrace"
    case .broker: "broker"
    case .client: "the client itself"
    }
  }
}

/// The memory of one process by the best way that works here, and which one that is.
public struct MemoryAccess {
  /// Reads the process's memory.
  public let reader: any MemoryReader
  /// In which way.
  public let strategy: MemoryStrategy
  /// Better ways that were tried before, and why the kernel refused.
  public let refusals: [(strategy: MemoryStrategy, reason: Errno)]

  /// A way that was found to work.
  public init(
    reader: any MemoryReader, strategy: MemoryStrategy, refusals: [(strategy: MemoryStrategy, reason: Errno)] = []
  ) {
    self.reader = reader
    self.strategy = strategy
    self.refusals = refusals
  }

  /// Tries the strategies from the fastest to the most frugal one. A sandbox (seccomp) may refuse process_vm_readv, a
  /// `/proc` mounted with hidepid the second; the attachment itself is enough for the third.
  ///
  /// - Parameters:
  ///   - thread: a living thread of the process, for `.ptrace` one that the calling OS thread has stopped.
  ///   - allowed: strategies to try, for tests and for diagnosis; in this order.
  public static func open(
    process: Int32, thread: Int32, allowed: [MemoryStrategy] = [.processVM, .procMem, .ptrace]
  ) -> MemoryAccess {
    var refusals: [(strategy: MemoryStrategy, reason: Errno)] = []
    for strategy in allowed {
      switch strategy {
      case .processVM:
        let reader = ProcessVMMemoryReader(thread: thread)
        guard let reason = reader.refusal() else {
          return MemoryAccess(reader: reader, strategy: strategy, refusals: refusals)
        }
        refusals.append((strategy, reason))
      case .procMem:
        do throws(Errno) {
          let reader = try ProcMemMemoryReader(process: process, thread: thread)
          return MemoryAccess(reader: reader, strategy: strategy, refusals: refusals)
        } catch {
          refusals.append((strategy, error))
        }
      case .ptrace, .broker, .client: break
      }
    }
    return MemoryAccess(reader: PtraceMemoryReader(thread: thread), strategy: .ptrace, refusals: refusals)
  }

  /// The first strategy that works on a process that nobody has stopped; `nil` when the kernel refuses them all.
  public static func openUnstopped(
    process: Int32, refusals: inout [(strategy: MemoryStrategy, reason: Errno)]
  ) -> MemoryAccess? {
    let access = open(process: process, thread: process, allowed: [.processVM, .procMem])
    refusals = access.refusals
    return access.strategy == .ptrace ? nil : access
  }
}
