// Provides the record that the handler reads out of the crashed process.
internal import CLinuxShims

/// Where and why a process stopped: 20 bytes, packed, at the address that a dump request names.
public struct ExceptionInformation: Hashable, Sendable {
  /// Of a `siginfo_t` in the client.
  public var siginfoAddress: UInt64
  /// Of a `ucontext_t` in the client.
  public var ucontextAddress: UInt64
  /// As the client sees it, in its own PID namespace.
  public var threadID: Int32

  public static let size = 20

  public init(siginfoAddress: UInt64, ucontextAddress: UInt64, threadID: Int32) {
    self.siginfoAddress = siginfoAddress
    self.ucontextAddress = ucontextAddress
    self.threadID = threadID
  }

  /// Reads the first 20 bytes; `nil` when there are fewer.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    if bytes.count < ExceptionInformation.size { return nil }
    siginfoAddress = bytes.integer(at: 0, as: UInt64.self)
    ucontextAddress = bytes.integer(at: 8, as: UInt64.self)
    threadID = Int32(bitPattern: bytes.integer(at: 16, as: UInt32.self))
  }
}

/// What a client of this project tells beyond Crashpad's exception information, in the bytes right behind it.
public struct CrashRecordExtension: Hashable, Sendable {
  public var version: UInt32
  /// A dump that was asked for while the process was healthy: it lives on.
  public var isSimulated: Bool
  /// Address of the Swift runtime's slot that points at its last fatal message (a C string); `nil` without one.
  public var fatalMessageSlot: UInt64?
  /// CLOCK_REALTIME in nanoseconds when the signal arrived; `nil` when unknown.
  public var crashTime: Int64?
  /// Dumps that this process has asked for, this one included.
  public var requestCount: UInt64

  /// The identifier that the report shall take, 16 bytes in the order of its text; `nil`: the handler chooses.
  public var reportID: [UInt8]?
  /// The client decides after the dump whether the report is kept, and says so.
  public var willDecide: Bool

  /// Bytes to read at the exception information's address: the 20 of Crashpad and the extension.
  public static let recordSize = 128

  /// Reads the extension. `nil` when the bytes are another program's memory: fewer than 64, another magic, or a size
  /// that is impossible.
  ///
  /// - Parameter record: memory from the exception information's address on, as much as could be read.
  public init?(record: UnsafeRawBufferPointer) {
    guard record.count >= 64, record.integer(at: 24, as: UInt64.self) == CRASH_RECORD_MAGIC else { return nil }
    let size = record.integer(at: 20, as: UInt32.self)
    guard size >= 64, size <= 4096 else { return nil }
    version = record.integer(at: 32, as: UInt32.self)
    isSimulated = record.integer(at: 36, as: UInt32.self) & CRASH_RECORD_SIMULATED != 0
    let slot = record.integer(at: 40, as: UInt64.self)
    fatalMessageSlot = slot == 0 ? nil : slot
    let time = Int64(bitPattern: record.integer(at: 48, as: UInt64.self))
    crashTime = time == 0 ? nil : time
    requestCount = record.integer(at: 56, as: UInt64.self)
    willDecide = record.integer(at: 36, as: UInt32.self) & CRASH_RECORD_WILL_DECIDE != 0
    let identifier = record.count >= 80 && size >= 80 ? Array(record[64..<80]) : []
    reportID = identifier.contains { $0 != 0 } ? identifier : nil
  }
}
