// Provides the memory use of the whole machine: the SystemMemoryInfo stream.

/// The memory use of the whole machine: 492 bytes in stream 21, which Windows writes.
public struct MinidumpSystemMemoryInfo: Hashable, Sendable {
  /// 1.
  public var revision: UInt16 = 1
  /// Which later fields are valid: 1 repurposed transitions of the file cache, 2 `available` to `peakCommitment`,
  /// 4 dirty pages, 8 resident and shared pages.
  public var flags: UInt16 = 0

  /// 100 ns.
  public var timerResolution: UInt32 = 0
  /// Bytes.
  public var pageSize: UInt32 = 0
  public var physicalPages: UInt32 = 0
  public var lowestPhysicalPage: UInt32 = 0
  public var highestPhysicalPage: UInt32 = 0
  /// Bytes.
  public var allocationGranularity: UInt32 = 0
  public var minimumUserAddress: UInt64 = 0
  public var maximumUserAddress: UInt64 = 0
  public var processorMask: UInt64 = 0
  public var processorCount: UInt32 = 0

  /// The file cache, in bytes where nothing else is said.
  public var cacheSize: UInt64 = 0
  public var peakCacheSize: UInt64 = 0
  /// A number of faults.
  public var cachePageFaults: UInt32 = 0
  public var minimumCacheWorkingSet: UInt64 = 0
  public var maximumCacheWorkingSet: UInt64 = 0
  /// Pages.
  public var cacheWithTransition: UInt64 = 0
  public var peakCacheWithTransition: UInt64 = 0
  public var cacheTransitionRepurposed: UInt32 = 0
  public var cacheFlags: UInt32 = 0

  /// Pages, as those that follow.
  public var available: UInt64 = 0
  public var committed: UInt64 = 0
  public var commitLimit: UInt64 = 0
  public var peakCommitment: UInt64 = 0

  /// 100 ns of all processors.
  public var idleTime: UInt64 = 0
  /// Bytes since the machine started.
  public var bytesRead: UInt64 = 0
  public var bytesWritten: UInt64 = 0
  public var bytesTransferredOtherwise: UInt64 = 0
  /// 70 counters in the order of `counterNames`. Empty stands for all zero, and the reader gives empty for all zero.
  public var counters: [UInt32] = []
  public var dirtyPages: UInt64 = 0
  public var dirtyPageThreshold: UInt64 = 0
  public var residentAvailablePages: Int64 = 0
  public var sharedCommittedPages: UInt64 = 0

  public init() {}

  /// What `counters` count: the names of `MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION` of Windows.
  public static let counterNames = [
    "IoReadOperationCount", "IoWriteOperationCount", "IoOtherOperationCount", "AvailablePages", "CommittedPages",
    "CommitLimit", "PeakCommitment", "PageFaultCount", "CopyOnWriteCount", "TransitionCount", "CacheTransitionCount",
    "DemandZeroCount", "PageReadCount", "PageReadIoCount", "CacheReadCount", "CacheIoCount", "DirtyPagesWriteCount",
    "DirtyWriteIoCount", "MappedPagesWriteCount", "MappedWriteIoCount", "PagedPoolPages", "NonPagedPoolPages",
    "PagedPoolAllocs", "PagedPoolFrees", "NonPagedPoolAllocs", "NonPagedPoolFrees", "FreeSystemPtes",
    "ResidentSystemCodePage", "TotalSystemDriverPages", "TotalSystemCodePages", "NonPagedPoolLookasideHits",
    "PagedPoolLookasideHits", "AvailablePagedPoolPages", "ResidentSystemCachePage", "ResidentPagedPoolPage",
    "ResidentSystemDriverPage", "CcFastReadNoWait", "CcFastReadWait", "CcFastReadResourceMiss",
    "CcFastReadNotPossible", "CcFastMdlReadNoWait", "CcFastMdlReadWait", "CcFastMdlReadResourceMiss",
    "CcFastMdlReadNotPossible", "CcMapDataNoWait", "CcMapDataWait", "CcMapDataNoWaitMiss", "CcMapDataWaitMiss",
    "CcPinMappedDataCount", "CcPinReadNoWait", "CcPinReadWait", "CcPinReadNoWaitMiss", "CcPinReadWaitMiss",
    "CcCopyReadNoWait", "CcCopyReadWait", "CcCopyReadNoWaitMiss", "CcCopyReadWaitMiss", "CcMdlReadNoWait",
    "CcMdlReadWait", "CcMdlReadNoWaitMiss", "CcMdlReadWaitMiss", "CcReadAheadIos", "CcLazyWriteIos",
    "CcLazyWritePages", "CcDataFlushes", "CcDataPages", "ContextSwitches", "FirstLevelTbFills", "SecondLevelTbFills",
    "SystemCalls",
  ]

  internal static let size = 492
  internal static let counterCount = 70
}

extension MinidumpSystemMemoryInfo {
  internal func encode(into output: MinidumpEncoder) {
    let record = output.reserve(Self.size)
    output.put(revision, at: record)
    output.put(flags, at: record + 2)
    let basic = [
      timerResolution, pageSize, physicalPages, lowestPhysicalPage, highestPhysicalPage, allocationGranularity,
    ]
    for (index, value) in basic.enumerated() { output.put(value, at: record + 4 + index * 4) }
    output.put(minimumUserAddress, at: record + 28)
    output.put(maximumUserAddress, at: record + 36)
    output.put(processorMask, at: record + 44)
    output.put(processorCount, at: record + 52)
    output.put(cacheSize, at: record + 56)
    output.put(peakCacheSize, at: record + 64)
    output.put(cachePageFaults, at: record + 72)
    output.put(minimumCacheWorkingSet, at: record + 76)
    output.put(maximumCacheWorkingSet, at: record + 84)
    output.put(cacheWithTransition, at: record + 92)
    output.put(peakCacheWithTransition, at: record + 100)
    output.put(cacheTransitionRepurposed, at: record + 108)
    output.put(cacheFlags, at: record + 112)
    for (index, value) in [available, committed, commitLimit, peakCommitment].enumerated() {
      output.put(value, at: record + 116 + index * 8)
    }
    for (index, value) in [idleTime, bytesRead, bytesWritten, bytesTransferredOtherwise].enumerated() {
      output.put(value, at: record + 148 + index * 8)
    }
    for (index, value) in counters.prefix(Self.counterCount).enumerated() {
      output.put(value, at: record + 180 + index * 4)
    }
    output.put(dirtyPages, at: record + 460)
    output.put(dirtyPageThreshold, at: record + 468)
    output.put(residentAvailablePages, at: record + 476)
    output.put(sharedCommittedPages, at: record + 484)
  }

  internal init(decoding record: MinidumpRecord) {
    self.init()
    revision = record.u16(0)
    flags = record.u16(2)
    timerResolution = record.u32(4)
    pageSize = record.u32(8)
    physicalPages = record.u32(12)
    lowestPhysicalPage = record.u32(16)
    highestPhysicalPage = record.u32(20)
    allocationGranularity = record.u32(24)
    minimumUserAddress = record.u64(28)
    maximumUserAddress = record.u64(36)
    processorMask = record.u64(44)
    processorCount = record.u32(52)
    cacheSize = record.u64(56)
    peakCacheSize = record.u64(64)
    cachePageFaults = record.u32(72)
    minimumCacheWorkingSet = record.u64(76)
    maximumCacheWorkingSet = record.u64(84)
    cacheWithTransition = record.u64(92)
    peakCacheWithTransition = record.u64(100)
    cacheTransitionRepurposed = record.u32(108)
    cacheFlags = record.u32(112)
    available = record.u64(116)
    committed = record.u64(124)
    commitLimit = record.u64(132)
    peakCommitment = record.u64(140)
    idleTime = record.u64(148)
    bytesRead = record.u64(156)
    bytesWritten = record.u64(164)
    bytesTransferredOtherwise = record.u64(172)
    let values = (0..<Self.counterCount).map { record.u32(180 &+ $0 &* 4) }
    if values.contains(where: { $0 != 0 }) { counters = values }
    dirtyPages = record.u64(460)
    dirtyPageThreshold = record.u64(468)
    residentAvailablePages = Int64(bitPattern: record.u64(476))
    sharedCommittedPages = record.u64(484)
  }
}

extension MinidumpReader {
  internal func decodeSystemMemoryInfo() -> MinidumpSystemMemoryInfo? {
    // The fields up to the counters; what is cut off reads as 0.
    guard let record = stream(.systemMemoryInfo, minimum: 148) else { return nil }
    if record.count < MinidumpSystemMemoryInfo.size {
      note(.tooSmall, .systemMemoryInfo, "the counters", UInt64(record.count))
    }
    guard charge(MinidumpSystemMemoryInfo.size &+ 64, .systemMemoryInfo, "counters") else { return nil }
    return MinidumpSystemMemoryInfo(decoding: record)
  }
}
