// Provides times and state of threads: the ThreadInfoList stream.

/// Times and state of a thread: 64 bytes in stream 17, which Windows writes.
public struct MinidumpThreadInfo: Hashable, Sendable {
  public var threadID: UInt32
  /// Bits: 1 the thread has an error, 2 it wrote the dump, 4 it had exited, 8 no info, 0x10 no context, 0x20 no TEB.
  public var dumpFlags: UInt32 = 0
  /// HRESULT.
  public var dumpError: UInt32 = 0
  /// 259 while the thread runs.
  public var exitStatus: UInt32 = 0
  /// 100 ns since 1601.
  public var createTime: UInt64 = 0
  public var exitTime: UInt64 = 0
  /// 100 ns.
  public var kernelTime: UInt64 = 0
  public var userTime: UInt64 = 0
  public var startAddress: UInt64 = 0
  public var affinity: UInt64 = 0

  public init(threadID: UInt32) { self.threadID = threadID }

  internal static let headerSize = 12
  internal static let entrySize = 64
}

extension MinidumpThreadInfo {
  internal static func encode(_ threads: [MinidumpThreadInfo], into output: MinidumpEncoder) {
    let list = output.reserve(headerSize + threads.count * entrySize)
    output.put(UInt32(headerSize), at: list)
    output.put(UInt32(entrySize), at: list + 4)
    output.put(UInt32(truncatingIfNeeded: threads.count), at: list + 8)
    for (index, thread) in threads.enumerated() {
      let record = list + headerSize + index * entrySize
      output.put(thread.threadID, at: record)
      output.put(thread.dumpFlags, at: record + 4)
      output.put(thread.dumpError, at: record + 8)
      output.put(thread.exitStatus, at: record + 12)
      output.put(thread.createTime, at: record + 16)
      output.put(thread.exitTime, at: record + 24)
      output.put(thread.kernelTime, at: record + 32)
      output.put(thread.userTime, at: record + 40)
      output.put(thread.startAddress, at: record + 48)
      output.put(thread.affinity, at: record + 56)
    }
  }

  internal init(decoding entry: MinidumpRecord) {
    self.init(threadID: entry.u32(0))
    dumpFlags = entry.u32(4)
    dumpError = entry.u32(8)
    exitStatus = entry.u32(12)
    createTime = entry.u64(16)
    exitTime = entry.u64(24)
    kernelTime = entry.u64(32)
    userTime = entry.u64(40)
    startAddress = entry.u64(48)
    affinity = entry.u64(56)
  }
}
