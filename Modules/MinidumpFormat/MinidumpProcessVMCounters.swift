// Provides the memory use of the process: the ProcessVmCounters stream.

/// The memory use of the process: 152 bytes in stream 22 (80 in its first revision), which Windows writes. Bytes, unless
/// something else is said.
public struct MinidumpProcessVMCounters: Hashable, Sendable {
  /// 1 or 2.
  public var revision: UInt16 = 2
  /// Which counters are valid: 1 the first nine, 2 virtual sizes, 4 private usage, 8 private working set and shared commit,
  /// 0x10 those of the job. Revision 1 has none.
  public var flags: UInt16 = 0
  /// A number of faults.
  public var pageFaultCount: UInt32 = 0
  public var peakWorkingSet: UInt64 = 0
  public var workingSet: UInt64 = 0
  public var peakPagedPool: UInt64 = 0
  public var pagedPool: UInt64 = 0
  public var peakNonPagedPool: UInt64 = 0
  public var nonPagedPool: UInt64 = 0
  public var pagefile: UInt64 = 0
  public var peakPagefile: UInt64 = 0
  /// Revision 2.
  public var peakVirtualSize: UInt64 = 0
  /// Revision 2.
  public var virtualSize: UInt64 = 0
  public var privateUsage: UInt64 = 0
  /// Revision 2, as all that follow.
  public var privateWorkingSet: UInt64 = 0
  public var sharedCommit: UInt64 = 0
  public var jobSharedCommit: UInt64 = 0
  public var jobPrivateCommit: UInt64 = 0
  public var jobPeakPrivateCommit: UInt64 = 0
  public var jobPrivateCommitLimit: UInt64 = 0
  public var jobTotalCommitLimit: UInt64 = 0

  public init() {}

  internal static let sizeOfRevision1 = 80
  internal static let size = 152
}

extension MinidumpProcessVMCounters {
  internal func encode(into output: MinidumpEncoder) {
    let isFirst = revision == 1
    let record = output.reserve(isFirst ? Self.sizeOfRevision1 : Self.size)
    output.put(revision, at: record)
    if !isFirst { output.put(flags, at: record + 2) }
    output.put(pageFaultCount, at: record + 4)
    let common = [
      peakWorkingSet, workingSet, peakPagedPool, pagedPool, peakNonPagedPool, nonPagedPool, pagefile, peakPagefile,
    ]
    let later =
      isFirst
      ? [privateUsage]
      : [
        peakVirtualSize, virtualSize, privateUsage, privateWorkingSet, sharedCommit, jobSharedCommit, jobPrivateCommit,
        jobPeakPrivateCommit, jobPrivateCommitLimit, jobTotalCommitLimit,
      ]
    for (index, value) in (common + later).enumerated() { output.put(value, at: record + 8 + index * 8) }
  }

  internal init(decoding record: MinidumpRecord) {
    self.init()
    revision = record.u16(0)
    pageFaultCount = record.u32(4)
    peakWorkingSet = record.u64(8)
    workingSet = record.u64(16)
    peakPagedPool = record.u64(24)
    pagedPool = record.u64(32)
    peakNonPagedPool = record.u64(40)
    nonPagedPool = record.u64(48)
    pagefile = record.u64(56)
    peakPagefile = record.u64(64)
    if revision == 1 {
      privateUsage = record.u64(72)
      return
    }
    flags = record.u16(2)
    peakVirtualSize = record.u64(72)
    virtualSize = record.u64(80)
    privateUsage = record.u64(88)
    privateWorkingSet = record.u64(96)
    sharedCommit = record.u64(104)
    jobSharedCommit = record.u64(112)
    jobPrivateCommit = record.u64(120)
    jobPeakPrivateCommit = record.u64(128)
    jobPrivateCommitLimit = record.u64(136)
    jobTotalCommitLimit = record.u64(144)
  }
}

extension MinidumpReader {
  internal func decodeProcessVMCounters() -> MinidumpProcessVMCounters? {
    guard let record = stream(.processVMCounters, minimum: MinidumpProcessVMCounters.sizeOfRevision1) else {
      return nil
    }
    guard record.u16(0) == 1 || record.u16(0) == 2 else {
      note(.unknownLayout, .processVMCounters, "revision", UInt64(record.u16(0)))
      return nil
    }
    return MinidumpProcessVMCounters(decoding: record)
  }
}
