// Provides what was done with handles: the HandleOperationList stream.

/// What was done with a handle: 288 bytes in stream 18, which Application Verifier of Windows fills.
public struct MinidumpHandleOperation: Hashable, Sendable {
  public var handle: UInt64
  public var processID: UInt32 = 0
  public var threadID: UInt32 = 0
  /// 1 opened, 2 closed, 3 invalid use.
  public var operation: UInt32 = 0
  /// The number that Windows gave the backtrace.
  public var backtraceIndex: UInt32 = 0
  /// Return addresses, innermost first; 32 at most.
  public var backtrace: [UInt64] = []

  public init(handle: UInt64) { self.handle = handle }

  internal static let headerSize = 16
  internal static let entrySize = 288
  internal static let maximumDepth = 32
}

extension MinidumpHandleOperation {
  internal static func encode(_ operations: [MinidumpHandleOperation], into output: MinidumpEncoder) {
    let list = output.reserve(headerSize + operations.count * entrySize)
    output.put(UInt32(headerSize), at: list)
    output.put(UInt32(entrySize), at: list + 4)
    output.put(UInt32(truncatingIfNeeded: operations.count), at: list + 8)
    for (index, operation) in operations.enumerated() {
      let record = list + headerSize + index * entrySize
      let backtrace = operation.backtrace.prefix(maximumDepth)
      output.put(operation.handle, at: record)
      output.put(operation.processID, at: record + 8)
      output.put(operation.threadID, at: record + 12)
      output.put(operation.operation, at: record + 16)
      output.put(UInt32(truncatingIfNeeded: backtrace.count), at: record + 24)
      output.put(operation.backtraceIndex, at: record + 28)
      for (depth, address) in backtrace.enumerated() { output.put(address, at: record + 32 + depth * 8) }
    }
  }

  internal init(decoding entry: MinidumpRecord) {
    self.init(handle: entry.u64(0))
    processID = entry.u32(8)
    threadID = entry.u32(12)
    operation = entry.u32(16)
    backtraceIndex = entry.u32(28)
    backtrace = (0..<min(Int(entry.u32(24)), Self.maximumDepth)).map { entry.u64(32 &+ $0 &* 8) }
  }
}
