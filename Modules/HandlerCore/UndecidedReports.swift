// Provides the reports of clients that have yet to decide whether they are kept.
internal import CLinuxShims
internal import CrashDatabase
internal import LinuxSystem

/// Reports that wait for a word of their client: at most until it dies, or for a bounded time. A process has one.
struct UndecidedReports {
  static let keep = UInt32(CRASH_VERDICT_KEEP)
  static let changed = UInt32(CRASH_VERDICT_CHANGED)
  static let discard = UInt32(CRASH_VERDICT_DISCARD)

  /// Milliseconds; hooks of our client have a minute at most.
  private static let patience: Int64 = 65_000

  struct Report {
    let id: UniqueID
    let process: Int32
    /// That waits for the upload, if that was asked for.
    let thread: Int32?
    let isOwner: Bool
    let time: Timestamp
    let deadline: MonotonicInstant
    /// Keeps other processes away, and uploads of this handler.
    let hold: ReportHold?
    /// Readable when the process is dead.
    let watch: Watch
  }

  /// A descriptor that is shared by copies of a value.
  final class Watch {
    let descriptor: Int32
    init(_ process: Int32) { descriptor = linux_pidfd_open(process, 0) }
    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    var isDead: Bool {
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      return descriptor >= 0 && poll(&request, 1, 0) > 0
    }
  }

  private var reports: [Report] = []

  mutating func add(
    _ id: UniqueID, process: Int32, thread: Int32?, isOwner: Bool, time: Timestamp, hold: ReportHold? = nil
  ) {
    reports.append(
      Report(
        id: id, process: process, thread: thread, isOwner: isOwner, time: time,
        deadline: MonotonicInstant.now().advanced(milliseconds: Self.patience), hold: hold, watch: Watch(process)))
  }

  /// Whether a report of `process` waits: it is to be settled before the next one is added.
  func has(_ process: Int32) -> Bool { reports.contains { $0.process == process } }

  mutating func take(_ process: Int32) -> Report? {
    guard let index = reports.firstIndex(where: { $0.process == process }) else { return nil }
    return reports.remove(at: index)
  }

  var isEmpty: Bool { reports.isEmpty }
  var descriptors: [Int32] { reports.map { $0.watch.descriptor } }
  var nextDeadline: MonotonicInstant? { reports.map { $0.deadline }.min() }

  /// Processes whose time is over.
  func overdue(clientsGone: Bool) -> [Int32] {
    let now = MonotonicInstant.now()
    return reports.filter { clientsGone || $0.deadline <= now || $0.watch.isDead }.map { $0.process }
  }
}
