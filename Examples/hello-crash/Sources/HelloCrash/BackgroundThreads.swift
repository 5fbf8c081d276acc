// Threads that have something else to do when the crash comes.

import Foundation

enum BackgroundThreads {
  /// Returns when all of them run.
  static func start(_ names: [String]) {
    let started = DispatchSemaphore(value: 0)
    for name in names {
      // A name that a thread gives itself reaches the kernel only when the call that made the thread has returned: Foundation
      // of Swift 6.3 does not know its number before. Seen as a thread without its name, on a busy machine.
      let isMade = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        isMade.wait()
        Thread.current.name = name
        started.signal()
        while true { Thread.sleep(forTimeInterval: 60) }
      }
      isMade.signal()
    }
    for _ in names { started.wait() }
  }
}
