// Threads that have something else to do when the crash comes.

import Foundation

enum BackgroundThreads {
  static func start(_ names: [String]) {
    for name in names {
      Thread.detachNewThread {
        Thread.current.name = name
        while true { Thread.sleep(forTimeInterval: 60) }
      }
    }
  }
}
