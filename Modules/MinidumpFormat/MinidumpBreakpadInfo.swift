// Provides what Breakpad says besides: threads that matter, a failed assertion.

/// Which threads matter: stream 0x47670001.
public struct MinidumpBreakpadInfo: Hashable, Sendable {
  /// The thread that wrote the dump, when that is valid. Breakpad's own processor leaves it out of the threads.
  public var dumpThreadID: UInt32?
  /// The thread for which the dump was written, when that is valid.
  public var requestingThreadID: UInt32?

  public init(dumpThreadID: UInt32?, requestingThreadID: UInt32?) {
    self.dumpThreadID = dumpThreadID
    self.requestingThreadID = requestingThreadID
  }

  internal static let size = 12

  internal func encode(into output: MinidumpEncoder) {
    let record = output.reserve(Self.size)
    output.put((dumpThreadID == nil ? 0 : 1) | (requestingThreadID == nil ? 0 : 2) as UInt32, at: record)
    output.put(dumpThreadID ?? 0, at: record + 4)
    output.put(requestingThreadID ?? 0, at: record + 8)
  }
}

/// A failed assertion: stream 0x47670002.
public struct MinidumpAssertionInfo: Hashable, Sendable {
  /// 127 UTF-16 units at most are written of each text.
  public var expression: String
  public var function: String
  public var file: String
  public var line: UInt32
  /// 1 invalid parameter, 2 pure virtual call.
  public var kind: UInt32

  public init(expression: String, function: String = "", file: String = "", line: UInt32 = 0, kind: UInt32 = 0) {
    self.expression = expression
    self.function = function
    self.file = file
    self.line = line
    self.kind = kind
  }

  internal static let size = 776
  internal static let units = 128

  internal func encode(into output: MinidumpEncoder) {
    let record = output.reserve(Self.size)
    output.putFixedUTF16(expression, units: Self.units, at: record)
    output.putFixedUTF16(function, units: Self.units, at: record + 256)
    output.putFixedUTF16(file, units: Self.units, at: record + 512)
    output.put(line, at: record + 768)
    output.put(kind, at: record + 772)
  }
}
