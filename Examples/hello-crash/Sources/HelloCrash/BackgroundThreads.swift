// Threads that have something else to do when the crash comes.

import Foundation

enum BackgroundThreads {
  static func start(_ names: [String]) {
    for name in names {
      let thread = Thread {
        while true { Thread.sleep(forTimeInterval: 60) }
      }
      thread.name = name
      thread.start()
    }
  }
}
