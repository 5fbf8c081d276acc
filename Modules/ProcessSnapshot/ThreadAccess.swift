// Provides the ways to a process's threads.
public import LinuxSystem
public import ProcessMemory

/// How the threads of a captured process were held still and their registers read.
public enum ThreadAccess: Hashable, Sendable, CustomStringConvertible {
  /// By this process.
  case ptrace
  /// By a process that the captured one has forked for that: Crashpad's broker.
  case broker
  /// Not at all: the threads went on. The one that crashed waits for its dump; its registers are those of its signal. Of
  /// the others there is what `/proc/PID/task/TID/syscall` tells: the stack pointer and the instruction of those that wait.
  case none

  /// The name that is written into reports.
  public var description: String {
    switch self {
    case .ptrace: "ptrace"
    case .broker: "broker"
    case .none: "none"
    }
  }
}

/// What a client does for a capture that the kernel does not allow. Implemented by whoever holds the connection.
public protocol ClientHelper: AnyObject {
  /// Has the client fork a broker, a process that traces it.
  ///
  /// - Parameter process: the client's number in its own pid namespace.
  func forkBroker(for process: Int32) throws(Errno) -> ProcessBroker
  /// Has the crashing thread answer for its own process: memory and files, no registers.
  func serveMemory() throws(Errno) -> ProcessBroker
}

/// Where the registers of threads come from.
enum RegisterSource {
  case ptrace
  case broker(ProcessBroker)
  case systemCalls(ProcessFiles)

  /// - Parameter extended: whether registers beyond SSE are wanted.
  /// - Throws: without general registers; what else is missing is left empty with an error in `errors`.
  func read(_ thread: Int32, extended: Bool, _ errors: inout [SoftError]) throws(Errno) -> CPUContext {
    switch self {
    case .ptrace: return try RegisterReading.read(thread, extended: extended, &errors)
    case .broker(let broker):
      let registers = try broker.registers(of: thread)
      let wide = broker.is64Bit() ?? true
      let general = registers.general.withUnsafeBytes {
        RegisterReading.parse(UnsafeRawBufferPointer(rebasing: wide ? $0[...] : $0.prefix(68)))?.0
      }
      guard let general else { throw .notSupported }
      return CPUContext(general: general, floatingPoint: registers.floatingPoint, is64Bit: wide)
    case .systemCalls(let files):
      var general = GeneralRegisters()
      if let text = try? files.read("syscall", thread: thread, limit: 4096), let place = BlockedThread(text) {
        general.originalRAX = place.number
        general.rsp = place.stackPointer
        general.rip = place.instructionPointer
      }
      return CPUContext(general: general)
    }
  }
}

/// A thread that waits in the kernel. Source: `proc_pid_syscall(5)`.
struct BlockedThread {
  /// Of the system call; all ones when it waits without one.
  let number, stackPointer, instructionPointer: UInt64

  /// `nil` for a thread that runs, and for other text.
  init?(_ text: [UInt8]) {
    var scanner = TextScanner(text)
    guard let number = scanner.signedNumber() else { return nil }
    var values: [UInt64] = []
    while scanner.skip(" 0x"), values.count < 8, let value = scanner.hexadecimal() { values.append(value) }
    // Six arguments when there is a system call, then the two.
    guard values.count == (number < 0 ? 2 : 8) else { return nil }
    self.number = UInt64(bitPattern: number)
    stackPointer = values[values.count - 2]
    instructionPointer = values[values.count - 1]
  }
}
