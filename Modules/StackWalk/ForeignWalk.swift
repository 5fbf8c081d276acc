// Provides the walk of stacks of other processors: by frame pointers and by scanning.
internal import CallFrames
internal import ProcessMemory

extension StackWalker {
  /// The frames of a thread of another processor, the youngest first. Every frame but the first says by its trust that
  /// it is a guess; the bounds are those of any other walk.
  public func walk(_ registers: ForeignRegisters, on architecture: StackArchitecture) -> WalkedStack {
    var stack = WalkedStack(frames: [], elidedCount: 0, elidedAfter: 0, end: .lost)
    var walk = ForeignWalk(memory: memory, architecture: architecture, options: options)
    var current: ForeignWalk.Frame? = .init(registers, architecture)
    var walked = 0
    while let frame = current {
      keep(frame.frame(isFirst: walked == 0), in: &stack)
      walked += 1
      if walked >= options.frameLimit {
        stack.end = .frameLimit
        return stack
      }
      if walked & 63 == 0, options.hasPassed {
        stack.end = .deadline
        return stack
      }
      current = walk.caller(of: frame, isFirst: walked == 1, walker: self)
    }
    if walk.isComplete { stack.end = .complete }
    return stack
  }
}

/// One such walk.
struct ForeignWalk {
  /// A frame before it is put into the words of x86-64.
  struct Frame {
    var instruction: UInt64
    var stackPointer: UInt64?
    var framePointer: UInt64?
    var link: UInt64?
    var trust: FrameTrust

    init(instruction: UInt64, stackPointer: UInt64?, framePointer: UInt64?, trust: FrameTrust) {
      self.instruction = instruction
      self.stackPointer = stackPointer
      self.framePointer = framePointer
      self.trust = trust
    }

    init(_ registers: ForeignRegisters, _ architecture: StackArchitecture) {
      self.init(
        instruction: registers.instruction, stackPointer: registers.stackPointer,
        framePointer: registers.framePointer, trust: .context)
      link = registers.link.map { $0 & architecture.addressMask }
    }

    func frame(isFirst: Bool) -> StackFrame {
      var registers = Registers()
      registers.instruction = instruction
      registers.stackPointer = stackPointer
      registers.framePointer = framePointer
      return StackFrame(
        registers: registers, instruction: instruction, trust: trust, isExact: isFirst, isSignalTrampoline: false)
    }
  }

  let memory: CodeMemory
  let architecture: StackArchitecture
  let options: StackWalker.Options
  /// Whether the chain of frame pointers came to its end.
  private(set) var isComplete = false

  private static let frameSizeLimit: UInt64 = 16 << 20
  private static let words = 512

  init(memory: CodeMemory, architecture: StackArchitecture, options: StackWalker.Options) {
    self.memory = memory
    self.architecture = architecture
    self.options = options
  }

  mutating func caller(of frame: Frame, isFirst: Bool, walker: StackWalker) -> Frame? {
    if isFirst, let found = leafCaller(of: frame, walker) { return found }
    if options.usesFramePointers, let found = framePointerCaller(of: frame) { return found }
    if isComplete { return nil }
    return options.scansStack ? scannedCaller(of: frame) : nil
  }

  /// A function that calls nothing has its return address in the link register. Others have an old one there, which
  /// mostly lies in the function itself.
  private func leafCaller(of frame: Frame, _ walker: StackWalker) -> Frame? {
    guard architecture.hasLinkRegister, let link = frame.link, isReturnAddress(link) else { return nil }
    if let framePointer = frame.framePointer, word(framePointer, architecture.savedReturnAddress) == link { return nil }
    let here = memory.image(at: frame.instruction)?.symbol(at: frame.instruction)
    let there = memory.image(at: link - 1)?.symbol(at: link - 1)
    if let here, let there, here.name == there.name { return nil }
    return Frame(
      instruction: link, stackPointer: frame.stackPointer, framePointer: frame.framePointer, trust: .framePointer)
  }

  private mutating func framePointerCaller(of frame: Frame) -> Frame? {
    guard let offset = architecture.savedFramePointer, let framePointer = frame.framePointer else { return nil }
    let stackPointer = frame.stackPointer ?? 0
    guard framePointer != 0, framePointer >= stackPointer, framePointer - stackPointer < Self.frameSizeLimit,
      framePointer & (architecture.pointerSize - 1) == 0, let saved = word(framePointer, offset),
      let target = word(framePointer, architecture.savedReturnAddress)
    else { return nil }
    // The first function of a thread has neither.
    if target == 0, frame.trust != .scan {
      isComplete = true
      return nil
    }
    let caller = framePointer &+ UInt64(bitPattern: architecture.callerStack)
    guard isReturnAddress(target), caller > stackPointer, saved == 0 || saved > framePointer else { return nil }
    return Frame(instruction: target, stackPointer: caller, framePointer: saved, trust: .framePointer)
  }

  private func scannedCaller(of frame: Frame) -> Frame? {
    guard let stackPointer = frame.stackPointer else { return nil }
    let size = architecture.pointerSize
    var address = (stackPointer &+ (size - 1)) & ~(size - 1)
    for _ in 0..<Self.words {
      guard address >= stackPointer, address < .max - 16, let target = word(address, 0) else { return nil }
      if isReturnAddress(target) {
        var framePointer = frame.framePointer
        // Next to the return address lies the saved frame pointer, where there is one.
        if let offset = architecture.savedFramePointer {
          let distance = offset &- architecture.savedReturnAddress
          if let saved = word(address, distance), saved > address, saved - address < Self.frameSizeLimit {
            framePointer = saved
          }
        }
        return Frame(instruction: target, stackPointer: address + size, framePointer: framePointer, trust: .scan)
      }
      address += size
    }
    return nil
  }

  private func word(_ base: UInt64, _ offset: Int64) -> UInt64? {
    let address = base &+ UInt64(bitPattern: offset)
    let value: UInt64?
    if architecture.pointerSize == 8 {
      value = try? memory.readInteger(at: address, as: UInt64.self)
    } else {
      value = (try? memory.readInteger(at: address, as: UInt32.self)).map { UInt64($0) }
    }
    return value.map { $0 & architecture.addressMask }
  }

  private func isReturnAddress(_ address: UInt64) -> Bool {
    guard address > 4096, memory.isCode(address - 1) else { return false }
    switch architecture.callCheck {
    case .x86:
      let code = memory.readAvailable(
        at: address - UInt64(CallInstruction.length), count: CallInstruction.length)
      return code.count < CallInstruction.length ? code.isEmpty : CallInstruction.ends(code)
    case .arm64:
      guard address & 3 == 0 else { return false }
      guard let code = try? memory.readInteger(at: address - 4, as: UInt32.self) else { return true }
      // BL, BLR and BLR with a signature. Source: Arm Architecture Reference Manual, C6.2.
      return code & 0xfc00_0000 == 0x9400_0000 || code & 0xfeff_f000 == 0xd63f_0000
    case nil: return true
    }
  }
}
