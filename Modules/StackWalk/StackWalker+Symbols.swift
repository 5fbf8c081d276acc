// Provides names, source lines, inlined and async frames for a walked stack.

internal import CallFrames
internal import LinuxSystem

extension StackWalker {
  /// Names for the frames of a stack, with frames added for inlined functions and for async callers.
  public func symbolize(_ stack: WalkedStack) -> SymbolizedStack {
    var result = SymbolizedStack(frames: [], end: stack.end, elidedCount: stack.elidedCount)
    let asyncFrame = stack.frames.lastIndex { isAsync($0) }
    for (index, frame) in stack.frames.enumerated() {
      result.frames += symbolize(frame)
      if index == stack.elidedAfter { result.elidedAfter = result.frames.count - 1 }
      if let gap = stack.gap, gap.after == index {
        result.gap = StackGap(after: result.frames.count - 1, bytes: gap.bytes)
      }
      if index == asyncFrame, let context = frame.registers[.r14] {
        for address in AsyncChain.resumeAddresses(from: context, memory: memory) {
          result.frames += symbolize(
            StackFrame(
              registers: Registers(), instruction: address, trust: .async, isExact: true, isSignalTrampoline: false))
        }
      }
    }
    return result
  }

  /// The frame with its names; the inlined functions come before the one they were inlined into.
  public func symbolize(_ frame: StackFrame) -> [SymbolizedFrame] {
    // Many threads wait in the same places, and the frames of a recursion are alike.
    let key = FrameKey(address: frame.lookupAddress, isExact: frame.isExact, isTrampoline: frame.isSignalTrampoline)
    if let known = symbolizedFrames[key] {
      return known.map { other in
        var other = other
        if other.trust != frame.trust {
          other.isAsync = frame.trust == .async || other.rawSymbol.map { Demangler.isSwiftAsync($0) } ?? false
        }
        other.trust = frame.trust
        return other
      }
    }
    var frames = namedFrames(frame)
    for index in frames.indices {
      frames[index].role = FrameRole(
        name: frames[index].rawSymbol, readable: frames[index].symbol,
        module: frames[index].module?.lastComponent ?? [])
      frames[index].isMangled = frames[index].rawSymbol.map { Demangler.isUnreadable($0) } ?? false
    }
    if symbolizedFrames.count >= 8192 { symbolizedFrames.removeAll() }
    symbolizedFrames[key] = frames
    return frames
  }

  private func namedFrames(_ frame: StackFrame) -> [SymbolizedFrame] {
    var result = SymbolizedFrame(instruction: frame.instruction, trust: frame.trust)
    let address = frame.lookupAddress
    guard let image = memory.image(at: address) else { return [result] }
    result.module = image.module.path
    result.moduleOffset = frame.instruction &- image.module.base
    if let (name, offset) = image.symbol(at: address) {
      result.rawSymbol = name
      result.symbol = Demangler.displayName(name)
      result.symbolOffset = offset &+ (frame.instruction &- address)
      result.isAsync = frame.trust == .async || Demangler.isSwiftAsync(name)
    }
    // Linkers keep no name for it, and no reader knows the one it has.
    if frame.isSignalTrampoline { result.symbol = "<signal handler called>" }
    guard options.readsSourceLines, !options.hasPassed else { return [result] }
    return image.sourceLines?.complete(result, at: address &- image.bias) ?? [result]
  }

  private func isAsync(_ frame: StackFrame) -> Bool {
    memory.image(at: frame.lookupAddress)?.symbol(at: frame.lookupAddress).map { Demangler.isSwiftAsync($0.name) }
      ?? false
  }
}

/// What the names of a frame depend on.
struct FrameKey: Hashable {
  let address: UInt64
  let isExact: Bool
  let isTrampoline: Bool
}
