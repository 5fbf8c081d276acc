// Provides why the process died: the Exception stream.

/// Why the process died: stream 6, 168 bytes.
public struct MinidumpException: Hashable, Sendable {
  public var threadID: UInt32
  /// Linux: the signal's number, 0xffffffff for a dump that was asked for. Windows: NTSTATUS. macOS: Mach exception.
  public var code: UInt32
  /// Linux: `si_code`.
  public var flags: UInt32
  /// Address of a nested record; 0 on Linux.
  public var record: UInt64
  /// Linux: `si_addr`. Windows: the instruction.
  public var address: UInt64
  /// 15 at most are stored.
  public var parameters: [UInt64]
  /// Registers at the exception.
  public var context: MinidumpContext?

  public init(
    threadID: UInt32, code: UInt32, flags: UInt32 = 0, record: UInt64 = 0, address: UInt64 = 0,
    parameters: [UInt64] = [], context: MinidumpContext? = nil
  ) {
    self.threadID = threadID
    self.code = code
    self.flags = flags
    self.record = record
    self.address = address
    self.parameters = parameters
    self.context = context
  }

  /// The code of a dump that was asked for without a crash.
  public static let dumpRequested: UInt32 = 0xffff_ffff

  internal static let size = 168
  internal static let maximumParameters = 15

  internal func encode(into output: MinidumpEncoder) {
    let stream = output.reserve(Self.size)
    let count = min(parameters.count, Self.maximumParameters)
    output.put(threadID, at: stream)
    output.put(code, at: stream + 8)
    output.put(flags, at: stream + 12)
    output.put(record, at: stream + 16)
    output.put(address, at: stream + 24)
    output.put(UInt32(truncatingIfNeeded: count), at: stream + 32)
    for (index, parameter) in parameters.prefix(count).enumerated() {
      output.put(parameter, at: stream + 40 + index * 8)
    }
    if let context {
      let (target, size) = context.encode(into: output)
      output.putLocation(target, size: size, at: stream + 160)
    }
  }
}
