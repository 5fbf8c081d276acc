// Provides the callers of a Swift async function: they wait in async contexts, not on the stack.
internal import ProcessMemory

/// Follows the chain of async contexts.
enum AsyncChain {
  private static let limit = 512

  /// Where each waiting caller resumes, the nearest first.
  ///
  /// A context starts with its parent and the function that resumes the parent; the top bits of the latter may carry
  /// a signature. Source: `AsyncContext` in the Swift project's include/swift/ABI/Task.h.
  static func resumeAddresses(from context: UInt64, memory: CodeMemory) -> [UInt64] {
    var result: [UInt64] = []
    var visited: Set<UInt64> = []
    var current = context
    while result.count < limit, current != 0, current & 7 == 0, visited.insert(current).inserted,
      let parent = memory.word(at: current), let resume = memory.word(at: current &+ 8)
    {
      let address = resume & ~(0xf << 60)
      guard memory.isCode(address) else { break }
      result.append(address)
      current = parent & ~(0xf << 60)
    }
    return result
  }
}
