// Provides dumps of a limited size: which memory goes first.

extension MinidumpContents {
  /// Takes memory away until the dump has at most `size` bytes. What is left is given out in this order: the whole stack
  /// of the thread that crashed; the first bytes of every other stack; the rest of the stacks; `memory` and then
  /// `memory64`, each in its own order. The last piece that is given is cut to what is left.
  ///
  /// Everything besides memory stays, also where it is more than `size` alone.
  ///
  /// - Parameters:
  ///   - size: bytes of the whole file.
  ///   - crashed: the thread whose stack comes first; without one, that of the exception, then the first.
  ///   - firstBytes: what every stack gets before any gets more. Stacks are kept from their lowest address on, where the
  ///     innermost frames are.
  /// - Returns: bytes of memory that were taken away.
  @discardableResult
  public mutating func limit(
    to size: UInt64, crashed: UInt32? = nil, firstBytes: UInt64 = 8192
  ) throws(MinidumpWriteError) -> UInt64 {
    let wanted = try Self.memorySize(of: self)
    if wanted.dump <= size { return 0 }
    var bare = self
    for index in bare.threads.indices {
      // A stack without bytes keeps its record.
      bare.threads[index].stack?.size = 0
      bare.threads[index].backingStore?.size = 0
    }
    (bare.memory, bare.memory64) = ([], [])
    // The list of 64 bits has a directory entry and a header of its own.
    let overhead: UInt64 = memory64.isEmpty ? 0 : 48
    let fixed = try MinidumpWriter.size(of: bare) + overhead
    var budget = fixed < size ? size - fixed : 0

    /// A piece costs its record, at most a gap of 15 bytes, and its bytes.
    func grant(_ wanted: UInt64, isNew: Bool) -> UInt64 {
      let cost: UInt64 = isNew ? 16 + 15 : 0
      guard wanted > 0, budget > cost else { return 0 }
      let granted = min(wanted, budget - cost)
      budget -= cost + granted
      return granted
    }
    let first = crashed ?? exception?.threadID ?? threads.first?.id
    var granted = [UInt64](repeating: 0, count: threads.count)
    for (index, thread) in threads.enumerated() where thread.id == first {
      granted[index] = grant(thread.stack?.size ?? 0, isNew: true)
    }
    for (index, thread) in threads.enumerated() where thread.id != first {
      granted[index] = grant(min(thread.stack?.size ?? 0, firstBytes), isNew: true)
    }
    for (index, thread) in threads.enumerated() where granted[index] > 0 {
      granted[index] += grant((thread.stack?.size ?? 0) - granted[index], isNew: false)
    }
    for index in threads.indices {
      if threads[index].stack != nil { threads[index].stack?.size = granted[index] }
      if let store = threads[index].backingStore { threads[index].backingStore?.size = grant(store.size, isNew: true) }
    }
    func shorten(_ ranges: [MinidumpAddressRange]) -> [MinidumpAddressRange] {
      ranges.compactMap { range in
        let size = grant(range.size, isNew: true)
        return size == 0 ? nil : MinidumpAddressRange(start: range.start, size: size)
      }
    }
    memory = shorten(memory)
    memory64 = shorten(memory64)
    let left = try Self.memorySize(of: self).memory
    return wanted.memory > left ? wanted.memory - left : 0
  }

  /// - Returns: bytes of the dump and of the memory in it; `max` where 32-bit offsets would not do.
  private static func memorySize(
    of contents: MinidumpContents
  ) throws(MinidumpWriteError) -> (dump: UInt64, memory: UInt64) {
    let pieces =
      contents.threads.compactMap { $0.stack } + contents.threads.compactMap { $0.backingStore } + contents.memory
      + contents.memory64
    let memory = MinidumpAddressRange.coalesced(pieces).reduce(0) { $0 &+ $1.size }
    do {
      return (try MinidumpWriter.size(of: contents), memory)
    } catch {
      // Too large is what a limit is for.
      if error.code == .tooLarge { return (.max, memory) }
      throw error
    }
  }
}
