// Provides a value in fixed memory that others find whole at every moment.
internal import CLinuxShims

/// A value of changing size, which a handler reads while the process stands still, at any instruction.
///
/// A writer takes a slot that nobody uses, fills it, and publishes its address and size as one word of 16 bytes. The slot
/// that was published before is free again. No writer waits for another one; nothing is allocated after the creation.
/// Any thread, also inside a signal handler.
internal struct PublishedValue: @unchecked Sendable {
  // @unchecked: memory that is never freed, changed by atomic words only.
  /// Address and size of the value, and `tag`.
  private let pair: UnsafeMutablePointer<crashpad_pair>
  /// One word for each slot: 1 while it is published or written.
  private let claims: UnsafeMutablePointer<UInt32>
  private let storage: UnsafeMutableRawPointer
  private let slots: Int
  /// Bytes of the longest value.
  let capacity: Int
  /// The upper half of the pair's second word.
  private let tag: UInt64

  /// Memory for claims and slots behind `memory`, which must have room for `size(capacity:slots:)` bytes.
  init(
    publishedAt pair: UnsafeMutableRawPointer, in memory: UnsafeMutableRawPointer, capacity: Int, slots: Int,
    tag: UInt64
  ) {
    self.pair = pair.assumingMemoryBound(to: crashpad_pair.self)
    claims = memory.bindMemory(to: UInt32.self, capacity: slots)
    claims.initialize(repeating: 0, count: slots)
    storage = memory + slots * 4
    self.slots = slots
    self.capacity = capacity
    self.tag = tag
    clear()
  }

  static func size(capacity: Int, slots: Int) -> Int { slots * (4 + capacity) }

  /// Publishes a copy of `source`, of which what is beyond the capacity is cut off.
  ///
  /// - Returns: `false` when so many threads are writing at this moment that there is no slot: one of theirs stands.
  @_noLocks @_noAllocation
  func set(_ source: UnsafeRawBufferPointer) -> Bool {
    let count = min(source.count, capacity)
    guard count > 0, let bytes = source.baseAddress else {
      clear()
      return true
    }
    var round = 0
    while round < 100 {
      var slot = 0
      while slot < slots {
        if crash_exchange32(claims + slot, 0, 1) {
          let target = storage + slot * capacity
          crashpad_copy(target, bytes, count)
          publish(crashpad_pair(first: UInt64(UInt(bitPattern: target)), second: UInt64(count) | tag))
          return true
        }
        slot += 1
      }
      round += 1
    }
    return false
  }

  /// Publishes that there is no value.
  @_noLocks @_noAllocation
  func clear() { publish(crashpad_pair(first: 0, second: tag)) }

  @_noLocks @_noAllocation
  private func publish(_ new: crashpad_pair) {
    var old = crashpad_pair(first: 0, second: 0)
    while !crashpad_exchange_pair(pair, &old, new) {}
    if old.first == 0 { return }
    let offset = Int(truncatingIfNeeded: old.first &- UInt64(UInt(bitPattern: storage)))
    crash_store32(claims + offset / capacity, 0)
  }
}
