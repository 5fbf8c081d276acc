// Threads that have something else to do when the crash comes.

import Foundation

enum BackgroundThreads {
  /// Returns when all of them run.
  static func start(_ names: [String]) {
    let started = DispatchSemaphore(value: 0)
    for name in names {
      Thread.detachNewThread {
        Thread.current.name = name
        started.signal()
        while true { Thread.sleep(forTimeInterval: 60) }
      }
    }
    for _ in names { started.wait() }
  }
}
