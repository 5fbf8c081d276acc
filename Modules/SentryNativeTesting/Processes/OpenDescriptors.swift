// Provides a check for leaked file descriptors.
import LinuxSystem

/// The open descriptors of a process at one moment.
///
/// Tests run side by side in one process and open descriptors of their own: for an exact answer compare inside an
/// exit test, or look at a child.
public struct OpenDescriptors: Sendable {
  /// What each descriptor refers to, as `/proc/PID/fd` shows it.
  public let targets: [Int32: String]

  /// The descriptors of `process`, by default of this one. The one used for looking is left out.
  public init(of process: Int32? = nil) {
    let directory = FilePath(process.map { "/proc/\($0)/fd" } ?? "/proc/self/fd")
    var targets: [Int32: String] = [:]
    for name in (try? FileSystem.entries(of: directory)) ?? [] {
      // The descriptor of the listing itself is closed by now, so its link cannot be read.
      guard let number = Int32(String(decoding: name, as: UTF8.self)),
        let target = try? FileSystem.linkTarget(directory.appending(bytes: name))
      else { continue }
      targets[number] = target.description
    }
    self.targets = targets
  }

  /// How many there are.
  public var count: Int { targets.count }

  /// Descriptors that are open in `self` and were not open, or something else, in `earlier`.
  ///
  /// - Parameter includingEvents: counts epoll, eventfd and timerfd descriptors as well. Without it they are left out:
  ///   Dispatch opens some for itself at a moment of its own, for a test's time limit as well.
  public func opened(since earlier: OpenDescriptors, includingEvents: Bool = false) -> [Int32: String] {
    targets.filter { number, target in
      let isEvent = ["anon_inode:[eventpoll]", "anon_inode:[eventfd]", "anon_inode:[timerfd]"].contains(target)
      return earlier.targets[number] != target && (includingEvents || !isEvent)
    }
  }
}
