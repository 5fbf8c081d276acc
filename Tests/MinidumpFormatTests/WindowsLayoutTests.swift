// Tests that fields of streams of Windows lie where docs/formats/minidump.md says.

import MinidumpFormat
import Testing

@Suite struct `Layout of Windows' streams` {
  private func base(_ type: MinidumpStreamType, _ bytes: [UInt8]) throws -> Int {
    Int(try #require(try MinidumpReader(bytes).location(of: type)).offset)
  }

  @Test func `thread times`() throws {
    var contents = MinidumpContents()
    var info = MinidumpThreadInfo(threadID: 1)
    (info.dumpFlags, info.dumpError, info.exitStatus, info.createTime, info.exitTime) = (2, 3, 4, 5, 6)
    (info.kernelTime, info.userTime, info.startAddress, info.affinity) = (7, 8, 9, 10)
    contents.threadInfo = [info]
    let bytes = try Sample.write(contents)
    let base = try base(.threadInfoList, bytes)
    #expect(bytes[base..<base + 12].elementsEqual([12, 0, 0, 0, 64, 0, 0, 0, 1, 0, 0, 0]))
    try Page.compare(
      "ThreadInfoList", at: base + 12, in: bytes,
      [
        "thread id": 1, "dump flags": 2, "dump error": 3, "exit status": 4, "create time": 5, "exit time": 6,
        "kernel time": 7, "user time": 8, "start address": 9, "affinity": 10,
      ])
  }

  @Test func `operations on handles`() throws {
    var contents = MinidumpContents()
    var operation = MinidumpHandleOperation(handle: 1)
    (operation.processID, operation.threadID, operation.operation, operation.backtraceIndex) = (2, 3, 4, 5)
    operation.backtrace = [6, 7]
    contents.handleOperations = [operation]
    let bytes = try Sample.write(contents)
    let base = try base(.handleOperationList, bytes)
    #expect(bytes[base..<base + 12].elementsEqual([16, 0, 0, 0, 32, 1, 0, 0, 1, 0, 0, 0]))
    try Page.compare(
      "HandleOperationList", at: base + 16, in: bytes,
      ["operated handle": 1, "process id": 2, "thread id": 3, "operation": 4, "depth": 2, "backtrace index": 5])
    #expect(bytes[base + 48] == 6 && bytes[base + 56] == 7)
  }

  @Test func `tables of functions`() throws {
    var contents = MinidumpContents()
    contents.functionTables = [1, 2].map {
      MinidumpFunctionTable(
        minimumAddress: $0, maximumAddress: $0 + 10, base: $0 + 20, nativeDescriptor: [0xaa, 0xbb],
        entries: [UInt8](repeating: 0xcc, count: 36))
    }
    let bytes = try Sample.write(contents)
    let base = try base(.functionTable, bytes)
    #expect(bytes[base..<base + 24].filter { $0 != 0 } == [24, 32, 2, 12, 2])
    // 32 + 2 + 36 bytes, and 2 that align the next descriptor.
    for index in 0..<2 {
      try Page.compare(
        "FunctionTable", at: base + 24 + index * 72, in: bytes,
        [
          "minimum address": 1 + UInt64(index), "maximum address": 11 + UInt64(index),
          "function base": 21 + UInt64(index), "entry count": 3, "gap": 2,
        ])
    }
    #expect(bytes[base + 56..<base + 58].elementsEqual([0xaa, 0xbb]))
    #expect(bytes[base + 58..<base + 94].allSatisfy { $0 == 0xcc })
  }

  @Test func `memory of the machine`() throws {
    var contents = MinidumpContents()
    var info = MinidumpSystemMemoryInfo()
    (info.revision, info.flags, info.timerResolution, info.pageSize, info.physicalPages) = (1, 2, 3, 4, 5)
    (info.lowestPhysicalPage, info.highestPhysicalPage, info.allocationGranularity) = (6, 7, 8)
    (info.minimumUserAddress, info.maximumUserAddress, info.processorMask, info.processorCount) = (9, 10, 11, 12)
    (info.cacheSize, info.peakCacheSize, info.cachePageFaults, info.minimumCacheWorkingSet) = (13, 14, 15, 16)
    (info.maximumCacheWorkingSet, info.cacheWithTransition, info.peakCacheWithTransition) = (17, 18, 19)
    (info.cacheTransitionRepurposed, info.cacheFlags, info.available, info.committed) = (20, 21, 22, 23)
    (info.commitLimit, info.peakCommitment, info.idleTime, info.bytesRead) = (24, 25, 26, 27)
    (info.bytesWritten, info.bytesTransferredOtherwise, info.dirtyPages) = (28, 29, 30)
    (info.dirtyPageThreshold, info.residentAvailablePages, info.sharedCommittedPages) = (31, -1, 33)
    info.counters = (0..<70).map { 100 + $0 }
    contents.systemMemoryInfo = info
    let bytes = try Sample.write(contents)
    let base = try base(.systemMemoryInfo, bytes)
    try Page.compare(
      "SystemMemoryInfo", at: base, in: bytes,
      [
        "memory revision": 1, "memory flags": 2, "timer resolution": 3, "page size": 4, "physical pages": 5,
        "lowest page": 6, "highest page": 7, "allocation granularity": 8, "minimum user address": 9,
        "maximum user address": 10, "processor mask": 11, "processor count": 12, "cache size": 13,
        "peak cache size": 14, "cache faults": 15, "minimum cache": 16, "maximum cache": 17,
        "cache with transition": 18, "peak cache with transition": 19, "repurposed transitions": 20, "cache flags": 21,
        "available": 22, "committed": 23, "commit limit": 24, "peak commitment": 25, "idle time": 26, "bytes read": 27,
        "bytes written": 28, "bytes transferred otherwise": 29, "dirty pages": 30, "dirty page threshold": 31,
        "resident available pages": .max, "shared committed pages": 33,
      ])
    #expect(bytes[base + 180] == 100 && bytes[base + 456] == 169)
    #expect(MinidumpSystemMemoryInfo.counterNames.count == 70)
  }

  @Test func `memory of the process, in both revisions`() throws {
    var contents = MinidumpContents()
    var info = MinidumpProcessVMCounters()
    (info.revision, info.flags, info.pageFaultCount, info.peakWorkingSet, info.workingSet) = (2, 3, 4, 5, 6)
    (info.peakPagedPool, info.pagedPool, info.peakNonPagedPool, info.nonPagedPool) = (7, 8, 9, 10)
    (info.pagefile, info.peakPagefile, info.peakVirtualSize, info.virtualSize) = (11, 12, 13, 14)
    (info.privateUsage, info.privateWorkingSet, info.sharedCommit, info.jobSharedCommit) = (15, 16, 17, 18)
    (info.jobPrivateCommit, info.jobPeakPrivateCommit, info.jobPrivateCommitLimit) = (19, 20, 21)
    info.jobTotalCommitLimit = 22
    contents.processVMCounters = info
    let bytes = try Sample.write(contents)
    try Page.compare(
      "ProcessVmCounters", at: base(.processVMCounters, bytes), in: bytes,
      [
        "counters revision": 2, "counters flags": 3, "page faults": 4, "peak working set": 5, "working set": 6,
        "peak paged pool": 7, "paged pool": 8, "peak nonpaged pool": 9, "nonpaged pool": 10, "pagefile": 11,
        "peak pagefile": 12, "peak virtual size": 13, "virtual size": 14, "private usage": 15,
        "private working set": 16, "shared commit": 17, "job shared commit": 18, "job private commit": 19,
        "job peak private commit": 20, "job private commit limit": 21, "job total commit limit": 22,
      ])
    contents.processVMCounters?.revision = 1
    let first = try Sample.write(contents)
    #expect(try MinidumpReader(first).location(of: .processVMCounters)?.size == 80)
    #expect(try first[base(.processVMCounters, first) + 72] == 15)
  }

  /// What real dumps of Windows say.
  @Test(.enabled(if: Corpus.isPresent, Comment(rawValue: Corpus.absence)))
  func `dumps of Windows have plausible numbers in every field`() throws {
    let dump = try #require(Corpus.dumps.first { $0.file == "sentry-native-minidump.dmp" })
    let reader = try MinidumpReader(dump.bytes())
    let memory = try #require(reader.systemMemoryInfo)
    #expect((memory.revision, memory.flags, memory.pageSize) == (1, 15, 4096))
    #expect((memory.minimumUserAddress, memory.maximumUserAddress) == (0x1_0000, 0x7fff_fffe_ffff))
    #expect((memory.processorMask, memory.processorCount) == (0xfff, 12))
    #expect(memory.available < UInt64(memory.physicalPages) && memory.committed < memory.commitLimit)
    #expect(memory.counters.count == 70)
    let counters = try #require(reader.processVMCounters)
    #expect((counters.revision, counters.flags) == (2, 15))
    #expect(counters.workingSet <= counters.peakWorkingSet && counters.virtualSize <= counters.peakVirtualSize)
    #expect(counters.pagefile == counters.privateUsage)
    let tables = try #require(reader.functionTables)
    #expect(tables.map(\.entryCount) == [4, 1, 1])
    for table in tables {
      #expect(table.minimumAddress >= table.base && table.minimumAddress < table.maximumAddress)
      #expect(table.nativeDescriptor.count == 0x88 && table.entrySize == 12)
      // `RUNTIME_FUNCTION`: start and end relative to the base.
      let words = stride(from: 0, to: table.entries.count, by: 4).map { start in
        (0..<4).reduce(UInt32(0)) { $0 | UInt32(table.entries[start + $1]) << UInt32($1 * 8) }
      }
      for entry in 0..<table.entryCount {
        #expect(words[entry * 3] < words[entry * 3 + 1])
        #expect(table.base + UInt64(words[entry * 3 + 1]) <= table.maximumAddress)
      }
    }
    #expect(reader.softErrors.isEmpty)
    let old = try #require(Corpus.dumps.first { $0.file == "lldb-fizzbuzz_no_heap.dmp" })
    let info = try #require(try MinidumpReader(old.bytes()).threadInfo)
    #expect(info.map(\.exitStatus) == [259])
    #expect(info.map(\.affinity) == [0xffff_ffff])
  }
}
