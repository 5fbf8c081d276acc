// Provides ways to a caller where no call frame information helps: frame pointers, and looking at the stack.
internal import CallFrames
internal import ProcessMemory

/// Looks for callers on the stack itself. Results are guesses of falling quality; the walker checks them once more.
struct StackSearch {
  let memory: CodeMemory

  /// Words looked at above the stack pointer of a thread, and above that of a frame found later.
  private static let wordsOfFirstFrame = 512
  private static let wordsOfLaterFrame = 160
  /// Words looked at from the start of a stack's old end on: as much as dumps keep of it.
  private static let wordsAtEnd: UInt64 = 8192
  /// No function has a frame larger than this, hardly any thread a larger stack.
  private static let frameSizeLimit: UInt64 = 16 << 20

  /// The frame of a function that starts with `push rbp; mov rbp, rsp`.
  func followFramePointer(_ frame: StackFrame) -> StepResult {
    guard let framePointer = frame.registers.framePointer, let stackPointer = frame.registers.stackPointer else {
      return .failed
    }
    if framePointer == 0 {
      // Thread starts clear rbp; elsewhere it may be any value.
      return frame.trust == .framePointer ? .end : .failed
    }
    guard framePointer >= stackPointer, framePointer - stackPointer < Self.frameSizeLimit, framePointer & 7 == 0,
      framePointer < UInt64.max - 16, let saved = memory.word(at: framePointer),
      let target = memory.word(at: framePointer + 8)
    else { return .failed }
    if target == 0, saved == 0 { return frame.trust == .framePointer ? .end : .failed }
    guard isReturnAddress(target) else { return .failed }
    var caller = frame.registers
    caller.instruction = target
    caller.stackPointer = framePointer + 16
    // On Swift's async frames the top bits mark the frame.
    caller.framePointer = saved & ~(0xf << 60)
    return .caller(caller)
  }

  /// The caller of a call whose target is no code: the return address is on top of the stack.
  func returnFromBadCall(_ frame: StackFrame) -> Registers? {
    guard let stackPointer = frame.registers.stackPointer, stackPointer < UInt64.max - 8,
      let target = memory.word(at: stackPointer), isReturnAddress(target)
    else { return nil }
    var caller = frame.registers
    caller.instruction = target
    caller.stackPointer = stackPointer + 8
    return caller
  }

  /// The next word of the stack that follows a call instruction.
  func scan(_ frame: StackFrame) -> Registers? {
    guard let stackPointer = frame.registers.stackPointer, stackPointer < UInt64.max - 65536 else { return nil }
    let words = frame.isExact ? Self.wordsOfFirstFrame : Self.wordsOfLaterFrame
    let start = (stackPointer + 7) & ~7
    for index in 0..<UInt64(words) {
      let address = start + index * 8
      // Right below a missing page there may be nothing at all.
      guard let target = memory.word(at: address) else { return nil }
      guard isReturnAddress(target) else { continue }
      var caller = Registers()
      caller.instruction = target
      caller.stackPointer = address + 8
      // The word below a return address is the saved rbp of functions with a frame pointer.
      if let saved = memory.word(at: address &- 8), saved > address, saved - address < Self.frameSizeLimit,
        saved & 7 == 0
      {
        caller.framePointer = saved
      } else if let current = frame.registers.framePointer, current > address {
        caller.framePointer = current
      }
      return caller
    }
    return nil
  }

  /// Any frame at or above an address of which nothing is known: the lowest with a saved frame pointer that leads to another
  /// one, else the lowest return address.
  func resume(at start: UInt64) -> Registers? {
    guard start < UInt64.max - 131_072 else { return nil }
    var scanned: Registers?
    var last = Self.wordsAtEnd
    var index: UInt64 = 0
    while index < last {
      let address = (start + 7) & ~7 + index * 8
      index += 1
      guard let target = memory.word(at: address + 8) else { break }
      guard isReturnAddress(target) else { continue }
      var found = Registers()
      found.instruction = target
      found.stackPointer = address + 16
      // On Swift's async frames the top bits mark the frame.
      if let saved = memory.word(at: address).map({ $0 & ~(0xf << 60) }), saved > address, saved & 7 == 0,
        saved - address < Self.frameSizeLimit, let next = memory.word(at: saved + 8), isReturnAddress(next)
      {
        found.framePointer = saved
        return found
      }
      if scanned == nil {
        scanned = found
        last = min(last, index + UInt64(Self.wordsOfLaterFrame))
      }
    }
    return scanned
  }

  /// Whether `address` lies in code, right after a call where the code can be read.
  func isReturnAddress(_ address: UInt64) -> Bool {
    guard address > 8, memory.isCode(address - 1) else { return false }
    let code = memory.readAvailable(
      at: address - UInt64(CallInstruction.length), count: CallInstruction.length)
    if code.count < CallInstruction.length { return code.isEmpty }
    return CallInstruction.ends(code)
  }
}
