// Provides why a process crashed.
public import LinuxSystem

/// A signal's `siginfo_t`. Source: `sigaction(2)`.
public struct SignalInformation: Hashable, Sendable {
  public var signal: Int32
  public var error: Int32
  /// `si_code`: who sent it, or what the fault was.
  public var code: Int32
  /// The structure as it was read; 128 bytes on 64-bit Linux, as many as were readable.
  public var raw: [UInt8]

  public init(signal: Int32, error: Int32 = 0, code: Int32, raw: [UInt8] = []) {
    self.signal = signal
    self.error = error
    self.code = code
    self.raw = raw
  }
}

/// A signal that ended the process, or a capture that the process asked for.
public struct ExceptionSnapshot: Sendable {
  /// In the pid namespace of the capturing process, as far as the thread was found.
  public var threadID: Int32
  /// As the process itself said.
  public var claimedThreadID: Int32
  public var signal: SignalInformation
  /// The fault's address or the like, by the kind of signal; 0 for signals that were sent.
  public var address: UInt64
  /// Further values by the kind of signal: docs/formats/process-snapshot.md.
  public var parameters: [UInt64]
  /// The registers when the signal came; `nil` when the context could not be read.
  public var context: CPUContext?
  /// A capture that the process asked for without a crash: it goes on afterwards.
  public var isSimulated = false
  /// When the signal came, by our own client's word.
  public var time: Timestamp?

  public init(
    threadID: Int32, claimedThreadID: Int32, signal: SignalInformation, address: UInt64 = 0, parameters: [UInt64] = [],
    context: CPUContext? = nil
  ) {
    self.threadID = threadID
    self.claimedThreadID = claimedThreadID
    self.signal = signal
    self.address = address
    self.parameters = parameters
    self.context = context
  }
}

/// What a crashing process tells of its crash: where to look in its memory.
public struct ExceptionRequest: Hashable, Sendable {
  /// Of the 20 bytes {u64 siginfo, u64 ucontext, i32 thread}; our own client's record goes on behind them.
  public var informationAddress: UInt64
  /// An address on the stack of the thread that asks, to find it across pid namespaces; 0 when unknown.
  public var stackAddress: UInt64

  public init(informationAddress: UInt64, stackAddress: UInt64 = 0) {
    self.informationAddress = informationAddress
    self.stackAddress = stackAddress
  }
}
