// Provides frames: what a walk finds, before and after names are known.
// Registers are part of this module's interface.
@_exported public import CallFrames
public import LinuxSystem

/// How a frame was found, from certain to guessed.
public enum FrameTrust: String, Hashable, Sendable {
  /// The registers of the thread itself.
  case context
  /// Call frame information of the callee: as certain as the memory.
  case cfi
  /// The chain of saved frame pointers.
  case framePointer = "frame_pointer"
  /// A word of the stack that looks like a return address.
  case scan
  /// A caller of a suspended Swift async function, out of its async context; not on the stack.
  case async
}

/// A frame of a stack.
public struct StackFrame: Hashable, Sendable {
  /// The registers of the frame as far as they are known. For all but the first frame and those below a signal frame
  /// the instruction is the return address, which may already belong to the next function.
  public var registers: Registers
  /// The address of the instruction.
  public var instruction: UInt64
  /// How the frame was found.
  public var trust: FrameTrust
  /// Whether `instruction` is where the thread was rather than where a call returns to.
  public var isExact: Bool
  /// Whether the frame is the trampoline that the kernel returns through from a signal handler.
  public var isSignalTrampoline: Bool

  /// The innermost frame of a thread of which nothing else is known.
  public init(instruction: UInt64) {
    var registers = Registers()
    registers.instruction = instruction
    self.init(
      registers: registers, instruction: instruction, trust: .context, isExact: true, isSignalTrampoline: false)
  }

  init(registers: Registers, instruction: UInt64, trust: FrameTrust, isExact: Bool, isSignalTrampoline: Bool) {
    self.registers = registers
    self.instruction = instruction
    self.trust = trust
    self.isExact = isExact
    self.isSignalTrampoline = isSignalTrampoline
  }

  /// The address to look names and lines up with: inside the call instruction for a return address.
  public var lookupAddress: UInt64 { isExact || instruction == 0 ? instruction : instruction - 1 }
}

/// The frames of one thread.
public struct WalkedStack: Hashable, Sendable {
  /// Why a walk ended.
  public enum End: String, Hashable, Sendable {
    /// The call frame information or the chain of frame pointers says that there is no caller.
    case complete
    /// No way to find a caller.
    case lost
    /// More frames than the limit.
    case frameLimit = "frame_limit"
    /// The deadline has passed.
    case deadline
  }
  /// The youngest frame first. When there are too many, those in the middle are missing.
  public var frames: [StackFrame]
  /// Frames that were walked and left out, after `frames[elidedAfter]`; 0 for most.
  public var elidedCount: Int
  /// The index of the last frame before those left out.
  public var elidedAfter: Int
  /// Why the walk ended.
  public var end: End
  /// Where the walk passed over memory that is not there.
  public var gap: StackGap?
}

/// A part of a stack that nobody has: a dump keeps the young and the old end of a deep one.
public struct StackGap: Hashable, Sendable {
  /// The index of the last frame before it. How many frames lie in it is not known.
  public var after: Int
  /// Bytes that are missing.
  public var bytes: UInt64
}

/// A frame with names. One machine frame gives several when functions were inlined.
public struct SymbolizedFrame: Hashable, Sendable {
  /// The address of the instruction, or the address to return to.
  public var instruction: UInt64
  /// The path of the module, `nil` outside all modules.
  public var module: FilePath?
  /// From the start of the module.
  public var moduleOffset: UInt64?
  /// Readable: demangled where it was mangled.
  public var symbol: String?
  /// As the symbol table has it.
  public var rawSymbol: String?
  /// From the start of the symbol. `nil` for an inlined function.
  public var symbolOffset: UInt64?
  /// The source file, as the compiler recorded it.
  public var file: String?
  /// The line in it, from 1 on.
  public var line: Int?
  /// Whether the function was inlined into the next frame.
  public var isInline: Bool
  /// Whether the function is a Swift async one.
  public var isAsync: Bool
  /// Whether the name is mangled and could not be made readable: `symbol` is as raw as `rawSymbol`.
  public var isMangled = false
  /// What the frame is, where it is not a function that somebody wrote for this program.
  public var role: FrameRole?
  /// How the frame was found.
  public var trust: FrameTrust

  /// A frame without a name.
  public init(instruction: UInt64, trust: FrameTrust) {
    self.instruction = instruction
    self.trust = trust
    isInline = false
    isAsync = trust == .async
  }
}

/// The frames of one thread with names.
public struct SymbolizedStack: Hashable, Sendable {
  /// The youngest first.
  public var frames: [SymbolizedFrame]
  /// Machine frames that were left out after `frames[elidedAfter]`; 0 for most stacks.
  public var elidedCount: Int
  /// Behind which frame the elided ones lie.
  public var elidedAfter: Int
  /// Why the walk ended.
  public var end: WalkedStack.End
  /// Bytes that the dump lacks between two frames; `nil` for none.
  public var gap: StackGap?

  /// A stack with names.
  public init(frames: [SymbolizedFrame], end: WalkedStack.End, elidedCount: Int = 0, elidedAfter: Int = 0) {
    self.frames = frames
    self.end = end
    self.elidedCount = elidedCount
    self.elidedAfter = elidedAfter
  }
}
