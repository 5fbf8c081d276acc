// Provides the exception of a process: what its signal handler wrote down, and which thread it means.
internal import LinuxSystem
internal import ProcessMemory

/// Reads what a crashing process left for its handler.
struct ExceptionReading {
  let memory: any MemoryReader
  private let files: ProcessFiles
  let threads: [ThreadSnapshot]
  /// The stack of each thread by its ptrace registers: on an alternate stack while a signal is handled.
  let stacks: [StackRegion?]
  let is64Bit: Bool
  private(set) var errors: [SoftError] = []
  /// Where the process says that its runtime's last message is; 0 when it does not.
  private(set) var fatalMessageSlot: UInt64 = 0

  init(
    memory: any MemoryReader, process: Int32, threads: [ThreadSnapshot], stacks: [StackRegion?], is64Bit: Bool
  ) {
    self.init(
      memory: memory, files: ProcessFiles(process: process, representative: process), threads: threads,
      stacks: stacks, is64Bit: is64Bit)
  }

  init(
    memory: any MemoryReader, files: ProcessFiles, threads: [ThreadSnapshot], stacks: [StackRegion?], is64Bit: Bool
  ) {
    self.memory = memory
    self.files = files
    self.threads = threads
    self.stacks = stacks
    self.is64Bit = is64Bit
  }

  /// `nil` when not even the 20 bytes can be read; damaged parts are left out with an error.
  mutating func read(_ request: ExceptionRequest) -> ExceptionSnapshot? {
    guard
      let record = CrashRecord(memory.readAvailable(at: request.informationAddress, count: CrashRecord.size))
    else {
      errors.append(SoftError("exception", "the exception information cannot be read"))
      return nil
    }
    fatalMessageSlot = record.fatalMessageSlot
    let information: SignalInformation
    do throws(MemoryError) {
      information = try .read(memory, at: record.informationAddress, is64Bit: is64Bit)
    } catch {
      errors.append(SoftError("exception", "siginfo: \(error)"))
      information = SignalInformation(signal: 0, code: 0)
    }
    let index = thread(record.thread, stackAddress: request.stackAddress, contextAddress: record.contextAddress)
    if index == nil { errors.append(SoftError("exception", "the thread \(record.thread) that crashed was not found")) }
    var context = SignalContext.read(memory, at: record.contextAddress, is64Bit: is64Bit)
    if context == nil { errors.append(SoftError("exception", "the signal's registers cannot be read")) }
    if let index {
      // Segment bases are in no signal frame; the handler runs with the same ones.
      context?.general.fsBase = threads[index].context.general.fsBase
      context?.general.gsBase = threads[index].context.general.gsBase
    }
    let (address, parameters) = information.details(is64Bit: is64Bit)
    var exception = ExceptionSnapshot(
      threadID: index.map { threads[$0].threadID } ?? record.thread, claimedThreadID: record.thread,
      signal: information, address: address, parameters: parameters, context: context)
    exception.isSimulated = record.isSimulated
    exception.time = record.time
    return exception
  }

  /// The thread that asked. Its own idea of its id is that of its pid namespace, so its stack comes first.
  private func thread(_ claimed: Int32, stackAddress: UInt64, contextAddress: UInt64) -> Int? {
    for address in [stackAddress, contextAddress] where address != 0 {
      if let index = stacks.firstIndex(where: { $0?.whole.contains(address) ?? false }) { return index }
    }
    if let index = threads.firstIndex(where: { $0.threadID == claimed }) { return index }
    guard let wanted = UInt64(exactly: claimed) else { return nil }
    return threads.firstIndex { thread in
      let text = (try? files.read("status", thread: thread.threadID, limit: 1 << 20)) ?? []
      return StatusFile(text).numbers("NSpid")?.last == wanted
    }
  }
}
