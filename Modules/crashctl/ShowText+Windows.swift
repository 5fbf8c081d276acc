// Provides the human form of streams that mostly Windows writes.

internal import MinidumpFormat

extension ShowText {
  mutating func windows() {
    let types: [MinidumpStreamType] = [
      .threadInfoList, .handleOperationList, .functionTable, .token, .systemMemoryInfo, .processVMCounters,
    ]
    if !types.contains(where: { reader.contains($0) }) { return }
    report.heading("Windows")
    if let counters = reader.processVMCounters {
      report.field(
        "process memory", "\(bytes(counters.workingSet)) in use, \(bytes(counters.peakWorkingSet)) at most")
      report.field("private memory", bytes(counters.privateUsage))
    }
    if let info = reader.systemMemoryInfo {
      let page = UInt64(info.pageSize)
      report.field(
        "machine memory", bytes(UInt64(info.physicalPages).multipliedReportingOverflow(by: page).partialValue))
      report.field("available", bytes(info.available.multipliedReportingOverflow(by: page).partialValue))
      report.field("committed", bytes(info.committed.multipliedReportingOverflow(by: page).partialValue))
    }
    report.field("tokens", reader.tokens.map { "\($0.count)" })
    report.field("function tables", reader.functionTables.map { "\($0.count)" })
    report.field("handle operations", reader.handleOperations.map { "\($0.count)" })
    report.field("thread times", reader.threadInfo.map { "\($0.count)" })
    if isVerbose { windowsTables() }
  }

  private mutating func windowsTables() {
    if let tables = reader.functionTables, !tables.isEmpty {
      report.table(
        ["functions from", "to", "entries"],
        tables.map { [address($0.minimumAddress), address($0.maximumAddress), "\($0.entryCount)"] })
    }
    if let operations = reader.handleOperations, !operations.isEmpty {
      report.table(
        ["handle", "operation", "thread", "called from"],
        operations.map { operation in
          let kinds: [UInt32: String] = [1: "opened", 2: "closed", 3: "invalid use"]
          return [
            hex(operation.handle), kinds[operation.operation] ?? "\(operation.operation)", "\(operation.threadID)",
            operation.backtrace.first.map { address($0) } ?? "",
          ]
        })
    }
    if let threads = reader.threadInfo, !threads.isEmpty {
      report.table(
        ["thread", "start", "kernel ms", "user ms", "exit status"],
        threads.map {
          [
            "\($0.threadID)", address($0.startAddress), "\($0.kernelTime / 10_000)", "\($0.userTime / 10_000)",
            hex(UInt64($0.exitStatus)),
          ]
        })
    }
  }
}
