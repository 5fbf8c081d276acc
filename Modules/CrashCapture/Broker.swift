// Provides the broker: the answers to a handler that may not look at this process itself.
//
// Two ways: in a forked process, which traces the one that crashed; or in the crashing thread, which cannot stop the other
// threads or see their registers, but may always read its own memory and its own files. The handler's words are the same.
internal import CLinuxShims

/// Answers requests of the broker protocol, version 1. Source: docs/formats/handler-protocol.md.
internal struct Broker {
  let channel: Channel
  /// The process that is looked at: this one, or the parent.
  let process: Int32
  let isForked: Bool

  @_noLocks @_noAllocation
  init(channel: Channel, process: Int32, isForked: Bool) {
    self.channel = channel
    self.process = process
    self.isForked = isForked
  }

  /// Until the handler says that it has seen enough. 0, or the error that ended it.
  @_noLocks @_noAllocation
  func serve() -> Int32 {
    var memory: Int32 = -1
    var result: Int32 = 0
    while true {
      let request = crash_channel_request()
      let size = MemoryLayout<broker_request>.size
      if channel.receive(request, size) != size {
        result = 5  // EIO
        break
      }
      if request.pointee.version != BROKER_VERSION {
        result = 22  // EINVAL
        break
      }
      let type = Int32(request.pointee.type)
      if type == BROKER_EXIT { break }
      if !answer(type, request.pointee.thread, request.pointee.base, request.pointee.size, &memory) {
        result = 22
        break
      }
    }
    // The end of a tracer lets go of the threads.
    if memory >= 0 { crash_close(memory) }
    return result
  }

  /// - Returns: whether the conversation can go on.
  @_noLocks @_noAllocation
  private func answer(_ type: Int32, _ thread: Int32, _ base: UInt64, _ size: UInt64, _ memory: inout Int32) -> Bool {
    switch type {
    case BROKER_ATTACH: return report(isForked ? attach(thread) : -1)
    // Code of this width only runs in a process of this width.
    case BROKER_IS_64_BIT: return channel.send(true) == 0
    case BROKER_THREAD_INFO:
      let padded = crash_path().pointee.dialect == 0
      let size = Int(padded ? BROKER_PADDED_THREAD_INFO_SIZE : BROKER_THREAD_INFO_SIZE)
      let info = crash_channel_info()
      let result = isForked ? crash_thread_info(thread, info, size) : -1
      if result != 0 { info[size &- 1] = 0 }
      let sent = channel.send(crash_address(info), size)
      if sent != 0 || result == 0 { return sent == 0 }
      return channel.send(Int32(truncatingIfNeeded: 0 &- result)) == 0
    case BROKER_READ_MEMORY:
      if thread != process && (isForked || thread != 0) { return fail(BROKER_READ_DENIED) }
      return isForked ? sendTraced(base, size, &memory) : sendOwn(base, size)
    case BROKER_READ_FILE: return sendFile(pathLength: base, directory: false)
    case BROKER_LIST_DIRECTORY: return sendFile(pathLength: base, directory: true)
    default: return false
    }
  }

  /// One byte that says whether it went well, and the error if not.
  @_noLocks @_noAllocation
  private func report(_ result: Int) -> Bool {
    if result == 0 { return channel.send(true) == 0 }
    return channel.send(false) == 0 && channel.send(Int32(truncatingIfNeeded: 0 &- result)) == 0
  }

  /// The end of chunks by an error.
  @_noLocks @_noAllocation
  private func fail(_ error: Int32) -> Bool { channel.send(Int32(-1)) == 0 && channel.send(error) == 0 }

  /// Stops a thread without a signal, so that nothing is left behind when this process ends. 0 or -errno.
  @_noLocks @_noAllocation
  private func attach(_ thread: Int32) -> Int {
    let seized = crash_ptrace(0x4206, thread, 0, 0)  // PTRACE_SEIZE
    if seized < 0 { return seized }
    let interrupted = crash_ptrace(0x4207, thread, 0, 0)  // PTRACE_INTERRUPT
    if interrupted < 0 { return interrupted }
    let end = min(crash_clock(1) &+ 2_000_000_000, channel.deadline)
    var pause: Int64 = 20_000
    while true {
      var status: Int32 = 0
      let result = crash_wait(thread, &status)
      if result < 0 && result != -4 { return result }
      // WIFSTOPPED
      if result > 0 { return status & 0xff == 0x7f ? 0 : -3 }
      if crash_clock(1) &- end > 0 { return -110 }
      crash_pause(pause)
      pause = min(pause &* 2, 2_000_000)
    }
  }

  // MARK: - Memory

  /// Memory of the traced process: by its file, else by process_vm_readv.
  @_noLocks @_noAllocation
  private func sendTraced(_ base: UInt64, _ size: UInt64, _ memory: inout Int32) -> Bool {
    if memory == -1 {
      let path = crash_channel_path()
      let end = writePrefix(path)
      path[end] = 0x6d  // "mem"
      path[end &+ 1] = 0x65
      path[end &+ 2] = 0x6d
      path[end &+ 3] = 0
      let opened = crash_open(path, false)
      memory = opened >= 0 ? Int32(truncatingIfNeeded: opened) : -2
    }
    var address = base
    var left = size
    while left > 0 {
      let wanted = Int(min(left, UInt64(BROKER_CHUNK)))
      let chunk = crash_channel_chunk()
      let count =
        memory >= 0
        ? crash_read_at(memory, chunk, wanted, address) : crash_read_process(process, address, chunk, wanted)
      if count < 0 { return fail(Int32(truncatingIfNeeded: 0 &- count)) }
      if channel.send(Int32(truncatingIfNeeded: count)) != 0 { return false }
      if count == 0 { return true }
      if channel.send(crash_address(chunk), count) != 0 { return false }
      address = address &+ UInt64(count)
      left = left &- UInt64(count)
    }
    return true
  }

  /// Memory of this process. The kernel copies it into the packet or says that it cannot: no fault is possible, and no
  /// system call is made that a client needs not make anyway.
  @_noLocks @_noAllocation
  private func sendOwn(_ base: UInt64, _ size: UInt64) -> Bool {
    var address = base
    var left = size
    while left > 0 {
      // Up to the end of a page: what lies behind it may be unreadable.
      let count = Int(min(left, 4096 &- address & 4095))
      if !crash_can_read(address) { return fail(14) }  // EFAULT
      if channel.send(Int32(truncatingIfNeeded: count)) != 0 { return false }
      var sent = channel.send(address, count)
      // Another thread has unmapped it meanwhile: the count is said, so something must follow.
      if sent == -14 { sent = channel.send(crash_address(crash_channel_chunk()), count) }
      if sent != 0 { return false }
      address = address &+ UInt64(count)
      left = left &- UInt64(count)
    }
    return true
  }

  // MARK: - Files

  /// Writes `/proc/PID/`. Its length.
  @_noLocks @_noAllocation
  private func writePrefix(_ path: UnsafeMutablePointer<UInt8>) -> Int {
    path[0] = 0x2f
    path[1] = 0x70
    path[2] = 0x72
    path[3] = 0x6f
    path[4] = 0x63
    path[5] = 0x2f
    var divisor: Int32 = 1_000_000_000
    var end = 6
    while divisor > 0 {
      let digit = process / divisor % 10
      if digit != 0 || end > 6 {
        path[end] = UInt8(truncatingIfNeeded: 0x30 &+ digit)
        end = end &+ 1
      }
      divisor = divisor / 10
    }
    path[end] = 0x2f
    return end &+ 1
  }

  /// Whether a path is one of the process's own texts: `/proc/PID/NAME`, `/proc/PID/task`, `/proc/PID/task/TID/NAME`, with
  /// `self` for the PID too. Links below, such as `root`, are not followed.
  @_noLocks @_noAllocation
  private func isPermitted(_ path: UnsafeMutablePointer<UInt8>, _ count: Int) -> Bool {
    var position = skip("/proc/self/", path, count, 0)
    if position == 0 {
      // "/proc/PID/": the digits must be those of the process, without a zero in front.
      position = skip("/proc/", path, count, 0)
      if position == 0 { return false }
      var number: Int32 = 0
      let first = position
      while position < count, path[position] >= 0x30, path[position] <= 0x39, position &- first < 10 {
        number = number &* 10 &+ Int32(path[position] &- 0x30)
        position = position &+ 1
      }
      if number != process || path[first] == 0x30 { return false }
      if position >= count || path[position] != 0x2f { return false }
      position = position &+ 1
    }
    let afterTask = skip("task/", path, count, position)
    if afterTask != 0 {
      var next = afterTask
      while next < count, path[next] >= 0x30, path[next] <= 0x39 { next = next &+ 1 }
      // "task/" itself is a directory to list.
      if next == count { return next == afterTask }
      if next == afterTask || path[next] != 0x2f { return false }
      position = next &+ 1
    }
    if position >= count || path[position] == 0x2e { return false }
    while position < count {
      if path[position] == 0x2f || path[position] == 0 { return false }
      position = position &+ 1
    }
    return true
  }

  /// The position behind `word`, or 0 when something else stands there.
  @_noLocks @_noAllocation
  private func skip(
    _ word: StaticString, _ path: UnsafeMutablePointer<UInt8>, _ count: Int, _ position: Int
  ) -> Int {
    let length = word.utf8CodeUnitCount
    if count &- position < length { return 0 }
    var index = 0
    while index < length {
      if path[position &+ index] != word.utf8Start[index] { return 0 }
      index = index &+ 1
    }
    return position &+ length
  }

  @_noLocks @_noAllocation
  private func sendFile(pathLength: UInt64, directory: Bool) -> Bool {
    let path = crash_channel_path()
    let count = channel.receive(path, Int(BROKER_PATH))
    if count < 0 { return false }
    // Its packet is taken off the socket also when it is too long: the next request must be the next packet.
    if pathLength >= UInt64(BROKER_PATH) { return channel.send(Int32(BROKER_TOO_LONG)) == 0 }
    if UInt64(count) != pathLength { return false }
    if !isPermitted(path, count) { return channel.send(Int32(BROKER_ACCESS_DENIED)) == 0 }
    path[count] = 0
    let opened = crash_open(path, directory)
    if opened < 0 { return channel.send(Int32(truncatingIfNeeded: 0 &- opened)) == 0 }
    let file = Int32(truncatingIfNeeded: opened)
    let result = channel.send(Int32(0)) == 0 && sendChunks(of: file, directory)
    crash_close(file)
    return result
  }

  @_noLocks @_noAllocation
  private func sendChunks(of file: Int32, _ directory: Bool) -> Bool {
    let chunk = crash_channel_chunk()
    let size = Int(BROKER_CHUNK)
    while true {
      let count = directory ? crash_directory_entries(file, chunk, size) : crash_read(file, chunk, size)
      if count == -4 { continue }
      if count < 0 { return fail(Int32(truncatingIfNeeded: 0 &- count)) }
      if channel.send(Int32(truncatingIfNeeded: count)) != 0 { return false }
      if count == 0 { return true }
      if channel.send(crash_address(chunk), count) != 0 { return false }
    }
  }
}
