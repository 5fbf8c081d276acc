// Provides the choice of the best way to read a process's memory.
public import LinuxSystem

/// How memory of a process is read.
public enum MemoryStrategy: Hashable, Sendable, CustomStringConvertible {
  case processVM
  case procMem
  case ptrace

  /// The name that is written into reports.
  public var description: String {
    switch self {
    case .processVM: "process_vm_readv"
    case .procMem: "/proc/PID/mem"
    case .ptrace: "ptrace"
    }
  }
}

/// The memory of one process by the best way that works here, and which one that is.
public struct MemoryAccess {
  public let reader: any MemoryReader
  public let strategy: MemoryStrategy
  /// Better ways that were tried before, and why the kernel refused.
  public let refusals: [(strategy: MemoryStrategy, reason: Errno)]

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
      case .ptrace: break
      }
    }
    return MemoryAccess(reader: PtraceMemoryReader(thread: thread), strategy: .ptrace, refusals: refusals)
  }
}
