// Provides the conversation on a channel: the crashing thread does what the handler needs in order to see the process.
internal import CLinuxShims

private let pollIn: Int16 = 0x1
private let pollOut: Int16 = 0x4
private let gone = 0x8 | 0x10 | 0x20 | 0x2000  // POLLERR | POLLHUP | POLLNVAL | POLLRDHUP
private let slice: Int64 = 100_000_000
private let finished: Int32 = 0
private let noHandler: Int32 = 1
private let timedOut: Int32 = 2
private let failed: Int32 = 3

/// One end of a socket on which only the handler and this thread speak.
internal struct Channel {
  let descriptor: Int32
  /// The connection that ends when the handler ends; the same as `descriptor` on a private connection.
  let socket: Int32
  /// CLOCK_MONOTONIC in nanoseconds.
  let deadline: Int64

  /// Waits until `events` are possible. The raw value of a `DumpRequestResult`: comparing those needs metadata here.
  @_noLocks @_noAllocation
  func wait(_ events: Int16) -> Int32 {
    while true {
      let left = deadline &- crash_clock(1)
      if left <= 0 { return timedOut }
      let found = crash_poll_both(descriptor, events, socket, min(left, slice))
      if found <= 0 { continue }
      // What the handler said before it ended counts.
      if found & Int(events) != 0 { return finished }
      if (found | found >> 16) & gone != 0 { return noHandler }
    }
  }

  /// One packet. Its size, or -1 when there will be none.
  @_noLocks @_noAllocation
  func receive(_ buffer: UnsafeMutableRawPointer, _ size: Int) -> Int {
    while true {
      if wait(pollIn) != finished { return -1 }
      let count = crash_receive(descriptor, buffer, size)
      if count > 0 { return count }
      if count != -11 && count != -4 { return -1 }  // EAGAIN, EINTR
    }
  }

  /// Sends one packet. 0, or -errno; -14 (EFAULT) for bytes that cannot be read.
  @_noLocks @_noAllocation
  func send(_ address: UInt64, _ size: Int) -> Int {
    while true {
      let count = crash_transmit(descriptor, address, size)
      if count >= 0 { return 0 }
      if count != -11 && count != -4 && count != -105 { return count }  // ENOBUFS
      if wait(pollOut) != finished { return -110 }
    }
  }

  @_noLocks @_noAllocation
  func send(_ value: Int32) -> Int {
    var value = value
    return withUnsafePointer(to: &value) { send(crash_address($0), 4) }
  }

  @_noLocks @_noAllocation
  func send(_ value: Bool) -> Int {
    var value: UInt8 = value ? 1 : 0
    return withUnsafePointer(to: &value) { send(crash_address($0), 1) }
  }
}

/// For clients that install no signal handler of ours: `converse` from C.
@implementation @c @_noLocks @_noAllocation
internal func crash_converse(_ descriptor: Int32, _ socket: Int32, _ deadline: Int64) -> Int32 {
  converse(descriptor, socket, deadline)
}

/// Does what the handler says until it says that the dump is over. Async-signal-safe.
///
/// - Returns: the raw value of a `DumpRequestResult`.
@_noLocks @_noAllocation
internal func converse(_ descriptor: Int32, _ socket: Int32, _ deadline: Int64) -> Int32 {
  let channel = Channel(descriptor: descriptor, socket: socket, deadline: deadline)
  // The buffers are one for the process: a second conversation answers nothing that needs them.
  let owns = crash_exchange32(crash_channel_busy(), 0, 1)
  let result = converse(channel, owns)
  if owns { crash_store32(crash_channel_busy(), 0) }
  return result
}

@_noLocks @_noAllocation
private func converse(_ channel: Channel, _ owns: Bool) -> Int32 {
  while true {
    let ready = channel.wait(pollIn)
    if ready != finished { return ready }
    // struct crash_server_message: {u32 type, i32 process}.
    var message: UInt64 = 0
    let count = withUnsafeMutablePointer(to: &message) { crash_receive(channel.descriptor, $0, 8) }
    if count == -11 || count == -4 { continue }
    if count <= 0 { return noHandler }
    if count != 8 { continue }
    let process = Int32(truncatingIfNeeded: message >> 32)
    switch UInt32(truncatingIfNeeded: message) {
    case CRASH_SERVER_DUMP_COMPLETE: return finished
    case CRASH_SERVER_DUMP_FAILED: return failed
    case CRASH_SERVER_SET_PTRACER:
      let result = crash_prctl(0x5961_6d61, Int(process))
      _ = channel.send(Int32(truncatingIfNeeded: 0 &- result))
    case CRASH_SERVER_FORK_BROKER:
      if owns { runBroker(channel) } else { _ = channel.send(Int32(16)) }  // EBUSY
    case CRASH_SERVER_SERVE_MEMORY:
      _ = channel.send(owns ? Int32(0) : Int32(16))
      if owns { _ = Broker(channel: channel, process: crash_getpid(), isForked: false).serve() }
    default: continue
    }
  }
}

/// Forks a process that traces this one for the handler, and waits for its end.
@_noLocks @_noAllocation
private func runBroker(_ channel: Channel) {
  let process = crash_getpid()
  // Yama: this process and its descendants may trace it, until the broker has ended.
  _ = crash_prctl(0x5961_6d61, Int(process))
  let child = crash_fork()
  if child < 0 {
    _ = channel.send(Int32(truncatingIfNeeded: 0 &- child))
  } else if child == 0 {
    _ = crash_prctl(1, 9)  // PR_SET_PDEATHSIG, SIGKILL
    _ = channel.send(Int32(0))
    crash_exit(Broker(channel: channel, process: process, isForked: true).serve())
  } else {
    let broker = Int32(truncatingIfNeeded: child)
    var status: Int32 = 0
    var killed = false
    while true {
      let ended = crash_wait(broker, &status)
      // ECHILD: somebody else has taken note of its end.
      if ended == child || ended == -10 { break }
      if !killed && crash_clock(1) &- channel.deadline > 0 {
        crash_kill(broker, 9)
        killed = true
      }
      crash_pause(1_000_000)
    }
  }
  let handler = crash_path().pointee.handler_pid
  _ = crash_prctl(0x5961_6d61, handler > 0 ? Int(handler) : 0)
}
