// Provides the reading of streams that only Windows writes: handles, function tables, tokens, comments.

/// What was done with a handle: an entry of stream 18, which Application Verifier fills.
public struct MinidumpHandleOperation: Hashable, Sendable {
  public let handle: UInt64
  public let processID: UInt32
  public let threadID: UInt32
  /// 1 opened, 2 closed, 3 invalid use.
  public let operation: UInt32
  /// Return addresses, innermost first.
  public let backtrace: [UInt64]
}

/// A table of functions that were made at run time: a descriptor of stream 13.
public struct MinidumpFunctionTable: Hashable, Sendable {
  public let minimumAddress: UInt64
  public let maximumAddress: UInt64
  public let base: UInt64
  public let entryCount: UInt32
}

/// An access token of the process or of a thread: an entry of stream 19.
public struct MinidumpToken: Hashable, Sendable {
  public let handle: UInt64
  /// Of the process or the thread.
  public let id: UInt32
  /// Bytes of the entry, its header included.
  public let size: UInt32
}

extension MinidumpReader {
  internal func decodeHandles() -> [MinidumpHandle]? {
    guard let record = stream(.handleData, minimum: MinidumpHandle.headerSize),
      let (start, count, size) = sizedList(
        record, .handleData, header: Int(record.u32(0)), entry: Int(record.u32(4)), count: UInt64(record.u32(8)),
        minimumHeader: MinidumpHandle.headerSize, minimumEntry: MinidumpHandle.entrySize,
        stride: MemoryLayout<MinidumpHandle>.stride, "handles")
    else { return nil }
    return (0..<max(count, 0)).map { index in
      let entry = record.entry(index, of: size, from: start)
      func text(_ offset: UInt32, _ field: String) -> String? {
        offset == 0 ? nil : utf16(at: UInt64(offset), .handleData, field, index: index)
      }
      return MinidumpHandle(
        handle: entry.u64(0), typeName: text(entry.u32(8), "type name"),
        objectName: text(entry.u32(12), "object name"), attributes: entry.u32(16), grantedAccess: entry.u32(20),
        handleCount: entry.u32(24), pointerCount: entry.u32(28))
    }
  }

  internal func decodeHandleOperations() -> [MinidumpHandleOperation]? {
    let stride = MemoryLayout<MinidumpHandleOperation>.stride + 32 * 8 + 32
    guard let record = stream(.handleOperationList, minimum: 16),
      let (start, count, size) = sizedList(
        record, .handleOperationList, header: Int(record.u32(0)), entry: Int(record.u32(4)),
        count: UInt64(record.u32(8)), minimumHeader: 16, minimumEntry: 288, stride: stride, "operations")
    else { return nil }
    return (0..<max(count, 0)).map { index in
      let entry = record.entry(index, of: size, from: start)
      return MinidumpHandleOperation(
        handle: entry.u64(0), processID: entry.u32(8), threadID: entry.u32(12), operation: entry.u32(16),
        backtrace: (0..<min(Int(entry.u32(24)), 32)).map { entry.u64(32 &+ $0 &* 8) })
    }
  }

  /// Descriptors; the entries of the tables, which follow each of them, are skipped.
  internal func decodeFunctionTables() -> [MinidumpFunctionTable]? {
    guard let record = stream(.functionTable, minimum: 24) else { return nil }
    let header = Int(record.u32(0))
    let (descriptor, native, entry) = (Int(record.u32(4)), Int(record.u32(8)), Int(record.u32(12)))
    guard header >= 24, header <= record.count, descriptor >= 32 else {
      note(.unknownLayout, .functionTable, "descriptor", UInt64(descriptor))
      return nil
    }
    let says = Int(record.u32(16))
    let room = min(says, record.fitting(descriptor, from: header))
    guard charge(room &* MemoryLayout<MinidumpFunctionTable>.stride &+ 32, .functionTable, "tables") else { return nil }
    var tables: [MinidumpFunctionTable] = []
    var position = header &+ Int(record.u32(20))
    while tables.count < says, position <= record.count &- descriptor {
      let part = record.part(position, count: descriptor)
      tables.append(
        MinidumpFunctionTable(
          minimumAddress: part.u64(0), maximumAddress: part.u64(8), base: part.u64(16), entryCount: part.u32(24)))
      // No sum of these can overflow: each factor is below 2^32, the product below 2^63 is checked.
      let (table, overflow) = Int(part.u32(24)).multipliedReportingOverflow(by: entry)
      let (end, leaves) = (position &+ descriptor &+ native &+ Int(part.u32(28))).addingReportingOverflow(table)
      if overflow || leaves { break }
      position = end
    }
    if tables.count < says { note(.countTooLarge, .functionTable, "tables", UInt64(says)) }
    return tables
  }

  internal func decodeTokens() -> [MinidumpToken]? {
    guard let record = stream(.token, minimum: 16) else { return nil }
    let (says, header, entry) = (Int(record.u32(4)), Int(record.u32(8)), Int(record.u32(12)))
    guard header >= 16, entry >= 16 else {
      note(.unknownLayout, .token, "token", UInt64(entry))
      return nil
    }
    var tokens: [MinidumpToken] = []
    var position = header
    while tokens.count < says, position <= record.count &- entry {
      let part = record.part(position, count: entry)
      let size = Int(part.u32(0))
      guard size >= entry, charge(32, .token, "token") else { break }
      tokens.append(MinidumpToken(handle: part.u64(8), id: part.u32(4), size: part.u32(0)))
      position &+= size
    }
    if tokens.count < says { note(.countTooLarge, .token, "tokens", UInt64(says)) }
    return tokens
  }

  internal func decodeCommentA() -> String? {
    stream(.commentA, minimum: 0).flatMap { terminatedUTF8($0, .commentA, "comment") }
  }

  internal func decodeCommentW() -> String? {
    stream(.commentW, minimum: 0).flatMap { fixedUTF16($0, .commentW, "comment") }
  }
}
