// Provides the value that says what a process looked like.
public import LinuxSystem
public import ProcessMemory

/// A process at one moment. A value without ties to the process: it stays true when that has gone.
///
/// A part that could not be read is missing here, and `softErrors` says why. Memory contents are not in here; `threads`
/// and `memoryWindows` say what is worth reading while the process is stopped.
public struct ProcessSnapshot: Sendable {
  public var processID: Int32
  /// When the capture began.
  public var timestamp: Timestamp
  /// Of the process's code.
  public var is64Bit: Bool
  public var system: SystemFacts
  public var process: ProcessFacts
  /// The main thread first when it lives.
  public var threads: [ThreadSnapshot]
  public var map: MemoryMap
  /// The executable first.
  public var modules: [ModuleSnapshot]
  public var moduleSource: ModuleSource
  /// For another capture of the process, with the same bounds; `nil` when that has to look for modules itself.
  public internal(set) var knownModules: KnownModules?
  /// What Crashpad clients in the modules ask for.
  public var clientOptions = CrashpadClientOptions()
  /// Streams that Crashpad clients want in the dump.
  public var userStreams: [CrashpadUserStream] = []
  /// What this snapshot was sanitized by; `nil` for a whole one.
  public internal(set) var sanitization: SanitizationRules?
  public var exception: ExceptionSnapshot?
  /// The Swift runtime's or libc's message; bytes, usually UTF-8.
  public var fatalMessage: [UInt8]?
  /// Readable memory around the registers of the crashing thread and the code of all threads: in address order, apart from
  /// each other and from the stacks.
  public var memoryWindows: [AddressRange]
  /// Memory that a dump shows as zeros: the environment that the process was started with lies at the end of its first
  /// stack. `nil` where it was to be read.
  public internal(set) var hiddenEnvironment: AddressRange?
  /// How memory was read.
  public var memoryStrategy: MemoryStrategy
  /// How the threads were held and their registers read.
  public var threadAccess = ThreadAccess.ptrace
  public var softErrors: [SoftError]

  public init(processID: Int32, timestamp: Timestamp = .now(), is64Bit: Bool = true) {
    self.processID = processID
    self.timestamp = timestamp
    self.is64Bit = is64Bit
    system = SystemFacts()
    process = ProcessFacts()
    threads = []
    map = MemoryMap()
    modules = []
    moduleSource = .mappings
    exception = nil
    fatalMessage = nil
    memoryWindows = []
    memoryStrategy = .processVM
    softErrors = []
  }

  /// The thread that crashed.
  public var crashingThread: ThreadSnapshot? {
    guard let exception else { return nil }
    return threads.first { $0.threadID == exception.threadID }
  }

  /// The module that holds an address.
  public func module(at address: UInt64) -> ModuleSnapshot? { modules.first { $0.range.contains(address) } }
}
