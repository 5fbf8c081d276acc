// Provides the JSON of streams that mostly Windows writes.

internal import MinidumpFormat

extension ShowJSON {
  func handles(_ handles: [MinidumpHandle]) -> JSONValue {
    .list(
      handles.map { handle in
        var members: [(String, JSONValue)] = [
          ("handle", .hex(handle.handle)), ("type", .optional(handle.typeName)), ("name", .optional(handle.objectName)),
          ("attributes", .hex(handle.attributes)), ("access", .hex(handle.grantedAccess)),
          ("handle_count", .number(handle.handleCount)), ("pointer_count", .number(handle.pointerCount)),
        ]
        if !handle.information.isEmpty {
          let information = handle.information.map { record in
            JSONValue.object([("type", .number(record.kind)), ("data", .text(Self.digits(record.data)))])
          }
          members.append(("information", .list(information)))
        }
        return .object(members)
      })
  }

  func handleOperations(_ operations: [MinidumpHandleOperation]) -> JSONValue {
    .list(
      operations.map { operation in
        .object([
          ("handle", .hex(operation.handle)), ("pid", .number(operation.processID)),
          ("thread_id", .number(operation.threadID)), ("operation", .number(operation.operation)),
          ("backtrace", .list(operation.backtrace.map { .hex($0) })),
        ])
      })
  }

  func threadInfo(_ threads: [MinidumpThreadInfo]) -> JSONValue {
    .list(
      threads.map { thread in
        .object([
          ("id", .number(thread.threadID)), ("dump_flags", .hex(thread.dumpFlags)),
          ("dump_error", .hex(thread.dumpError)), ("exit_status", .hex(thread.exitStatus)),
          ("create_time", .hex(thread.createTime)), ("exit_time", .hex(thread.exitTime)),
          ("kernel_time", .hex(thread.kernelTime)), ("user_time", .hex(thread.userTime)),
          ("start_address", .hex(thread.startAddress)), ("affinity", .hex(thread.affinity)),
        ])
      })
  }

  func functionTables(_ tables: [MinidumpFunctionTable]) -> JSONValue {
    .list(
      tables.map { table in
        .object([
          ("minimum_address", .hex(table.minimumAddress)), ("maximum_address", .hex(table.maximumAddress)),
          ("base", .hex(table.base)), ("entries", .number(UInt64(table.entryCount))),
        ])
      })
  }

  func tokens(_ tokens: [MinidumpToken]) -> JSONValue {
    .list(
      tokens.map { token in
        .object([
          ("id", .number(token.id)), ("handle", .hex(token.handle)), ("size", .number(UInt64(token.data.count))),
        ])
      })
  }

  func systemMemory(_ info: MinidumpSystemMemoryInfo) -> JSONValue {
    .object(
      [
        ("page_size", .number(info.pageSize)), ("physical_pages", .number(info.physicalPages)),
        ("processor_count", .number(info.processorCount)),
        ("allocation_granularity", .number(info.allocationGranularity)),
        ("minimum_user_address", .hex(info.minimumUserAddress)),
        ("maximum_user_address", .hex(info.maximumUserAddress)), ("cache_size", .hex(info.cacheSize)),
        ("peak_cache_size", .hex(info.peakCacheSize)), ("available_pages", .hex(info.available)),
        ("committed_pages", .hex(info.committed)), ("commit_limit", .hex(info.commitLimit)),
        ("peak_commitment", .hex(info.peakCommitment)), ("bytes_read", .hex(info.bytesRead)),
        ("bytes_written", .hex(info.bytesWritten)),
        (
          "counters",
          .object(zip(MinidumpSystemMemoryInfo.counterNames, info.counters).map { ($0, .number($1)) })
        ),
      ])
  }

  func processMemory(_ counters: MinidumpProcessVMCounters) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("page_faults", .number(counters.pageFaultCount)), ("working_set", .hex(counters.workingSet)),
      ("peak_working_set", .hex(counters.peakWorkingSet)), ("paged_pool", .hex(counters.pagedPool)),
      ("nonpaged_pool", .hex(counters.nonPagedPool)), ("pagefile", .hex(counters.pagefile)),
      ("peak_pagefile", .hex(counters.peakPagefile)), ("private_usage", .hex(counters.privateUsage)),
    ]
    if counters.revision > 1 {
      members += [
        ("virtual_size", .hex(counters.virtualSize)), ("peak_virtual_size", .hex(counters.peakVirtualSize)),
        ("private_working_set", .hex(counters.privateWorkingSet)), ("shared_commit", .hex(counters.sharedCommit)),
      ]
    }
    return .object(members)
  }

  /// Two hex digits a byte.
  static func digits(_ bytes: [UInt8]) -> String {
    bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }
}
