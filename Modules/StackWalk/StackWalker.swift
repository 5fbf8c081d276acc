// Provides the walk itself: from the registers of a thread to its frames.
public import CallFrames
public import LinuxSystem
public import ProcessMemory

/// Walks the stacks of one process, live or dumped. Not thread safe.
///
/// Every step tries, in this order: call frame information (by libunwind, else by our own interpreter), the chain of frame
/// pointers, a guarded scan of the stack. Whatever the memory says, a walk ends: the stack pointer must grow with each
/// frame, and frames and time are bounded. See docs/stack-walking.md.
public final class StackWalker {
  /// How to walk. The defaults suit a crash report.
  public struct Options: Sendable {
    /// Searched for the files of modules and for separate debug files, before the paths of the modules themselves.
    public var symbolDirectories: [FilePath] = []
    /// Whether the files of this machine are used, under the paths that the process had.
    public var usesLocalFiles = true
    /// Files of this machine that have no build ID and were changed later than this are refused: when the process was
    /// stopped, or `nil` for one that lives.
    public var newestFile: Timestamp?
    /// Where code is mapped, as the memory map of the process says; helps where the files of modules are missing.
    public var executableRanges: [AddressRange] = []
    /// Whether libunwind walks, where it is there.
    public var usesLibunwind = true
    /// Whether call frame information of the modules is used.
    public var usesCallFrameInformation = true
    /// Whether frame pointers are followed where there is no better way.
    public var usesFramePointers = true
    /// Whether, as the last resort, the stack is searched for return addresses.
    public var scansStack = true
    /// Whether DWARF is read for source lines and inlined functions, by libdw.
    public var readsSourceLines = true
    /// Frames kept of the young end of a stack that is too deep.
    public var framesKeptFirst = 384
    /// Frames kept of its old end.
    public var framesKeptLast = 128
    /// Frames walked at most.
    public var frameLimit = 10_000_000
    /// When to stop looking; what was found until then is returned.
    public var deadline: MonotonicInstant?
    /// Everything is used.
    public init() {}

    var hasPassed: Bool { deadline.map { MonotonicInstant.now() > $0 } ?? false }
  }

  let memory: CodeMemory
  let options: Options
  private let stepper: LibunwindStepper?
  private typealias UnwindInformation = (index: UnwindIndex, description: FrameDescription, module: CodeModule)
  private var unwindCache: [UInt64: UnwindInformation] = [:]
  private let missingLibraries: [StackWalkError]
  var symbolizedFrames: [FrameKey: [SymbolizedFrame]] = [:]

  /// What was missing for a full walk until now, for a report: libraries, and modules that frames lie in.
  public var problems: [StackWalkError] { missingLibraries + memory.refusals }

  /// Walks stacks in this memory.
  public init(memory: any MemoryReader, modules: [CodeModule], options: Options = Options()) {
    self.options = options
    self.memory = CodeMemory(
      memory: memory, modules: modules,
      files: ModuleFiles(
        directories: options.symbolDirectories, usesLocalFiles: options.usesLocalFiles,
        newest: options.newestFile),
      executableRanges: options.executableRanges)
    var problems: [StackWalkError] = []
    var stepper: LibunwindStepper?
    if options.usesLibunwind, options.usesCallFrameInformation {
      switch UnwindLibrary.shared {
      case .success(let library): stepper = LibunwindStepper(library, memory: self.memory)
      case .failure(let error): problems.append(error)
      }
    }
    if options.readsSourceLines, case .failure(let error) = DwarfLibrary.shared { problems.append(error) }
    self.stepper = stepper
    missingLibraries = problems
  }

  /// To be called when the process went on since the last walk. Modules have to be the same still.
  public func forgetMemory() { memory.forgetPages() }

  /// The frames of a thread, the youngest first.
  ///
  /// - Parameter gap: a part of the stack that is not there. A walk that gets lost before it goes on behind it.
  public func walk(_ registers: Registers, over gap: AddressRange? = nil) -> WalkedStack {
    var stack = WalkedStack(frames: [], elidedCount: 0, elidedAfter: 0, end: .lost)
    guard let instruction = registers.instruction else { return stack }
    var frame = StackFrame(
      registers: registers, instruction: instruction, trust: .context, isExact: true, isSignalTrampoline: false)
    var previous: StackFrame?
    var walked = 0
    var stackSwitches = 0
    var gap = gap
    while true {
      var callee = frame
      let step = caller(of: &callee, calling: previous)
      keep(callee, in: &stack)
      walked += 1
      switch step {
      case .end:
        stack.end = .complete
        return stack
      case .lost:
        guard let hole = gap, let next = resume(behind: hole, after: callee) else { return stack }
        gap = nil
        // Pieces of what is missing may be there, around what frames point to.
        let lost = max(hole.start, callee.registers.stackPointer ?? 0)
        stack.gap = StackGap(after: stack.frames.count - 1, bytes: hole.end - lost)
        frame = next
        previous = nil
      case .found(let next):
        // Below a signal handler the stack may be another one, anywhere; that often a thread is not interrupted.
        if next.registers.stackPointer ?? 0 <= callee.registers.stackPointer ?? 0 {
          stackSwitches += 1
          if !callee.isSignalTrampoline || stackSwitches > 16 { return stack }
        }
        frame = next
        previous = callee
      }
      if walked >= options.frameLimit {
        stack.end = .frameLimit
        return stack
      }
      if walked & 63 == 0, options.hasPassed {
        stack.end = .deadline
        return stack
      }
    }
  }

  func keep(_ frame: StackFrame, in stack: inout WalkedStack) {
    stack.frames.append(frame)
    let first = max(options.framesKeptFirst, 1)
    let last = max(options.framesKeptLast, 1)
    // The middle goes in blocks, so that a deep recursion costs no more than it has frames.
    guard stack.frames.count >= first + 2 * last + (stack.elidedCount == 0 ? first : 0) else { return }
    let dropped = stack.frames.count - first - last
    stack.frames.removeSubrange(first..<first + dropped)
    stack.elidedCount += dropped
    stack.elidedAfter = first - 1
    if let gap = stack.gap, gap.after >= first { stack.gap?.after = max(gap.after - dropped, first - 1) }
  }

  /// The first frame that the old end of a stack shows, where its middle is missing. A guess, as the trust says: what
  /// earlier calls left in the room of another frame looks like one, too, but leads to nothing. So it is the first that
  /// leads to the thread's beginning, or else the one that leads furthest.
  private func resume(behind gap: AddressRange, after frame: StackFrame) -> StackFrame? {
    guard options.scansStack, let stackPointer = frame.registers.stackPointer, stackPointer < gap.end else {
      return nil
    }
    let search = StackSearch(memory: memory)
    var best: (frame: StackFrame, reach: UInt64)?
    var start = gap.end
    for _ in 0..<Self.trials {
      guard let registers = search.resume(at: start), let instruction = registers.instruction,
        let above = registers.stackPointer
      else { break }
      let found = StackFrame(
        registers: registers, instruction: instruction, trust: .scan, isExact: false, isSignalTrampoline: false)
      let (reach, isBeginning) = lead(of: found)
      if isBeginning { return found }
      if reach > best?.reach ?? 0 { best = (found, reach) }
      if options.hasPassed { break }
      start = above - 8
    }
    return best?.frame
  }

  /// Frames that are tried where a stack's old end begins.
  private static let trials = 128
  /// So many frames one after the other are a stack, wherever they lead.
  private static let certain = 256

  /// Where the last of a frame's callers is, and whether that is the thread's beginning for sure. Zeros, which end a chain
  /// of frame pointers, lie everywhere.
  private func lead(of start: StackFrame) -> (reach: UInt64, isBeginning: Bool) {
    var frame = start
    var previous: StackFrame?
    for _ in 0..<Self.certain {
      var callee = frame
      let reach = frame.registers.stackPointer ?? 0
      switch caller(of: &callee, calling: previous) {
      case .lost: return (reach, false)
      case .end:
        if let previous, isCalledByEntryPoint(previous) { return (reach, true) }
        if case .end = stepByCallFrameInformation(&callee) { return (reach, true) }
        return (reach, false)
      case .found(let next):
        guard next.registers.stackPointer ?? 0 > reach else { return (reach, false) }
        previous = callee
        frame = next
      }
    }
    return (frame.registers.stackPointer ?? 0, true)
  }

  private enum Step {
    case found(StackFrame)
    case end
    case lost
  }

  /// - Parameters:
  ///   - frame: learns whether it is a signal trampoline.
  ///   - callee: the frame that `frame` was found from.
  private func caller(of frame: inout StackFrame, calling callee: StackFrame?) -> Step {
    if options.usesCallFrameInformation {
      switch stepByCallFrameInformation(&frame) {
      case .end: return .end
      case .caller(let registers):
        if let next = accept(registers, after: frame, trust: .cfi) { return next }
      case .failed: break
      }
    }
    if let registers = SignalFrame.interruptedRegisters(at: frame, memory: memory) {
      frame.isSignalTrampoline = true
      if let next = accept(registers, after: frame, trust: .cfi) { return next }
    }
    let search = StackSearch(memory: memory)
    // A call through a bad pointer: nothing was pushed but the return address.
    if frame.isExact, options.scansStack, !memory.isCode(frame.instruction),
      let registers = search.returnFromBadCall(frame)
    {
      if let next = accept(registers, after: frame, trust: .scan) { return next }
    }
    if options.usesFramePointers {
      switch search.followFramePointer(frame) {
      case .caller(let registers):
        if let next = accept(registers, after: frame, trust: .framePointer) { return next }
      case .end: return .end
      case .failed: break
      }
    }
    if let callee, isCalledByEntryPoint(callee) { return .end }
    if options.scansStack, let registers = search.scan(frame) {
      if let next = accept(registers, after: frame, trust: .scan) { return next }
    }
    return .lost
  }

  /// Whether a frame's caller is `_start`, above which there is nothing; a stripped program has no name for that.
  private func isCalledByEntryPoint(_ frame: StackFrame) -> Bool {
    let name = memory.image(at: frame.lookupAddress)?.symbol(at: frame.lookupAddress)?.name
    return name?.utf8.starts(with: "__libc_start_main".utf8) ?? false
  }

  /// `nil` when the registers cannot be those of a caller.
  private func accept(_ registers: Registers, after frame: StackFrame, trust: FrameTrust) -> Step? {
    guard let instruction = registers.instruction, let stackPointer = registers.stackPointer else { return nil }
    if instruction == 0, !frame.isSignalTrampoline { return trust == .scan ? nil : .end }
    if !frame.isSignalTrampoline {
      guard let current = frame.registers.stackPointer, stackPointer > current else { return nil }
      // User space ends below 2^47; addresses of vsyscall never return.
      guard instruction >= 4096, instruction < 1 << 47 else { return nil }
    }
    return .found(
      StackFrame(
        registers: registers, instruction: instruction, trust: trust, isExact: frame.isSignalTrampoline,
        isSignalTrampoline: false))
  }

  private func stepByCallFrameInformation(_ frame: inout StackFrame) -> StepResult {
    let address = frame.lookupAddress
    guard let (index, description, module) = unwindInformation(for: address) else {
      return stepByDebugFrame(frame, at: address)
    }
    frame.isSignalTrampoline = description.common.isSignalFrame
    if let stepper {
      let result = stepper.step(frame.registers, at: address, index: index, module: module)
      if case .failed = result {} else { return result }
    }
    var interpreter = FrameInterpreter(description, memory: memory)
    return interpreter.step(frame.registers, at: address)
  }

  /// Code without `.eh_frame` may have `.debug_frame` in its debug information. Our own interpreter reads it.
  private func stepByDebugFrame(_ frame: StackFrame, at address: UInt64) -> StepResult {
    guard let image = memory.image(at: address),
      let description = image.debugFrame?.description(at: address &- image.bias)
    else { return .failed }
    var interpreter = FrameInterpreter(description, memory: memory)
    return interpreter.step(frame.registers, at: address &- image.bias)
  }

  private func unwindInformation(for address: UInt64) -> UnwindInformation? {
    if let known = unwindCache[address] { return known }
    guard let image = memory.image(at: address), let index = image.unwindIndex(memory: memory),
      let place = index.frameDescription(for: address, memory: memory),
      let description = FrameDescription(at: place, memory: memory), address >= description.start,
      address < description.end
    else { return nil }
    let result = (index, description, image.module)
    // Many threads wait in the same places, and a recursion is one place.
    if unwindCache.count >= 4096 { unwindCache.removeAll() }
    unwindCache[address] = result
    return result
  }
}
