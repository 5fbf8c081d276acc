// Provides threads of a minidump: the ThreadList and ThreadNames streams.

/// A thread: 48 bytes in stream 3.
public struct MinidumpThread: Hashable, Sendable {
  public var id: UInt32
  public var suspendCount: UInt32
  /// 0 on Linux.
  public var priorityClass: UInt32
  /// On Linux packed, see `linuxPriority`; 0xffffffff when unknown.
  public var priority: UInt32
  /// Address of the thread's environment block; on Linux the base of thread-local storage.
  public var teb: UInt64
  /// The part of the stack that the dump holds.
  public var stack: MinidumpAddressRange?
  public var context: MinidumpContext?
  /// Registers that Itanium had spilled to memory. A dump in which any thread has one gets a ThreadExList instead of a
  /// ThreadList.
  public var backingStore: MinidumpAddressRange?

  public init(
    id: UInt32, suspendCount: UInt32 = 0, priorityClass: UInt32 = 0, priority: UInt32 = .max, teb: UInt64 = 0,
    stack: MinidumpAddressRange? = nil, context: MinidumpContext? = nil
  ) {
    self.id = id
    self.suspendCount = suspendCount
    self.priorityClass = priorityClass
    self.priority = priority
    self.teb = teb
    self.stack = stack
    self.context = context
  }

  /// A Linux thread's priority as Crashpad packs it.
  ///
  /// - Parameters:
  ///   - policy: of `sched_getscheduler(2)`.
  ///   - nice: -20...19.
  ///   - staticPriority: `sched_priority`, 0...255.
  public static func linuxPriority(policy: Int32, nice: Int32, staticPriority: Int32) -> UInt32 {
    let niceByte = nice >= -20 && nice <= 19 ? UInt32(truncatingIfNeeded: 20 &- nice) : 0
    let policyByte: UInt32 =
      switch policy {
      case 5: 1  // SCHED_IDLE
      case 3: 2  // SCHED_BATCH
      case 0: 3  // SCHED_OTHER
      case 2: 4  // SCHED_RR
      case 1: 5  // SCHED_FIFO
      default: 0
      }
    return niceByte | policyByte << 8 | UInt32(UInt8(clamping: staticPriority)) << 16
  }

  internal static let size = 48
  /// An entry of ThreadExList, stream 8.
  internal static let sizeWithBackingStore = 64
}

/// The name of a thread: 12 bytes in stream 24 and a string.
public struct MinidumpThreadName: Hashable, Sendable {
  public var threadID: UInt32
  /// Empty for a thread without a name.
  public var name: String

  public init(threadID: UInt32, name: String) {
    self.threadID = threadID
    self.name = name
  }

  internal static let size = 12
}

extension MinidumpThread {
  /// - Parameters:
  ///   - stackOffsets: where the stack of each thread lies in the file; nil for none.
  ///   - storeOffset: where a backing store lies; nil for the list without them.
  internal static func encode(
    _ threads: [MinidumpThread], stackOffsets: [UInt64?], storeOffset: ((MinidumpAddressRange) -> UInt64?)?,
    into output: MinidumpEncoder
  ) {
    let size = storeOffset == nil ? size : sizeWithBackingStore
    let list = output.reserve(4 + threads.count * size)
    output.put(UInt32(truncatingIfNeeded: threads.count), at: list)
    for (index, thread) in threads.enumerated() {
      let record = list + 4 + index * size
      output.put(thread.id, at: record)
      output.put(thread.suspendCount, at: record + 4)
      output.put(thread.priorityClass, at: record + 8)
      output.put(thread.priority, at: record + 12)
      output.put(thread.teb, at: record + 16)
      if let stack = thread.stack {
        output.put(stack.start, at: record + 24)
        if index < stackOffsets.count, let offset = stackOffsets[index] {
          output.putLocation(absolute: offset, size: stack.size, at: record + 32)
        }
      }
      if let context = thread.context {
        let (target, size) = context.encode(into: output)
        output.putLocation(target, size: size, at: record + 40)
      }
      if let storeOffset, let store = thread.backingStore {
        output.put(store.start, at: record + 48)
        // A size without an offset, as in full dumps: the bytes are found by address.
        output.putLocation(absolute: storeOffset(store) ?? 0, size: store.size, at: record + 56)
      }
    }
  }
}

extension MinidumpThreadName {
  internal static func encode(_ names: [MinidumpThreadName], into output: MinidumpEncoder) {
    let list = output.reserve(4 + names.count * size)
    output.put(UInt32(truncatingIfNeeded: names.count), at: list)
    for (index, name) in names.enumerated() {
      let record = list + 4 + index * size
      output.put(name.threadID, at: record)
      // The only 64-bit RVA of the common streams.
      output.put(output.base &+ UInt64(output.appendUTF16(name.name)), at: record + 4)
    }
  }
}
