// Provides the watch over the handler: a thread that sleeps until the handler ends, and starts another one.
internal import CLinuxShims
internal import CrashCapture
internal import LinuxSystem

/// Waits for the end of the handler's side of the connection. While the handler lives the thread sleeps in poll(2).
internal final class HandlerWatch: @unchecked Sendable {
  // @unchecked: `thread` and `bell` are used by the owner only, under the client's lock.
  private var thread: WorkerThread?
  /// Closing it ends the watch.
  private var bell: OwnedFileDescriptor?
  private let process = getpid()
  private let number = ThreadNumber()

  /// - Parameters:
  ///   - socket: of the connection that stands.
  ///   - restart: starts another handler; its socket, or -1.
  ///   - giveUp: told that there will be no other one.
  /// - Throws: when there is no thread or no pipe to be had.
  init(
    _ socket: Int32, restart: @escaping @Sendable () -> Int32, giveUp: @escaping @Sendable () -> Void
  ) throws(Errno) {
    let ends = try Pipe.open()
    bell = OwnedFileDescriptor(owning: ends.writing)
    let reading = ends.reading
    let number = number
    do throws(Errno) {
      thread = try WorkerThread(name: "sentry-watch") {
        number.value = linux_gettid()
        let ear = OwnedFileDescriptor(owning: reading)
        HandlerWatch.run(socket, ear.rawValue, restart, giveUp)
      }
    } catch {
      _ = close(reading)
      throw error
    }
  }

  /// Ends the watch. In a forked child there is no thread to wait for; nor does the thread wait for itself.
  func end() {
    bell = nil
    if process == getpid() && number.value != linux_gettid() { thread?.join() }
    thread = nil
  }

  private static func run(_ first: Int32, _ ear: Int32, _ restart: () -> Int32, _ giveUp: () -> Void) {
    var socket = first
    var schedule = RestartSchedule(started: .now())
    while true {
      if wait(socket, ear, until: nil) { return }
      var next: Int32 = -1
      while next < 0 {
        guard let due = schedule.ended(now: .now()) else { return giveUp() }
        if wait(-1, ear, until: due) { return }
        // A thread that is crashing helps itself, and this process is about to end.
        while crash_load64(crash_path_owner()) != 0 && crash_load32(crash_path_done()) == 0 {
          if wait(-1, ear, until: MonotonicInstant.now().advanced(milliseconds: 100)) { return }
        }
        next = restart()
      }
      socket = next
      schedule.succeeded(now: .now())
    }
  }

  /// Waits for the end of the handler, or for `until`. Whether the watch is over.
  private static func wait(_ socket: Int32, _ ear: Int32, until: MonotonicInstant?) -> Bool {
    while true {
      // Negative descriptors are skipped.
      var requests = [
        pollfd(fd: ear, events: 0, revents: 0), pollfd(fd: socket, events: Int16(POLLRDHUP), revents: 0),
      ]
      let ready = poll(&requests, 2, until.map { $0.millisecondsFromNow() } ?? -1)
      if ready < 0 && Errno.current == .interrupted { continue }
      if ready < 0 || requests[0].revents != 0 { return true }
      if requests[1].revents != 0 { return false }
      if let until, until.millisecondsFromNow() <= 0 { return false }
    }
  }
}

/// The number of the watching thread, written by itself before anything else.
private final class ThreadNumber: @unchecked Sendable {
  // @unchecked: compared with the reader's own number only, which no other thread has.
  var value: Int32 = 0
}
