// A child: starts the SDK and dies, each number in another way.

import Foundation
import SentryNative

struct CrashingChild {
  let number: Int

  func run(database: String, handler: String?) {
    SentrySDK.start { options in
      options.releaseName = "multi-process@1.0.0"
      options.databasePath = database
      if let handler { options.handlerPath = handler }
      // Several children crash at once, perhaps on a small machine: each waits for its report.
      options.crashTimeout = .seconds(60)
    }
    SentrySDK.configureScope { $0.setTag(value: String(number), key: "child") }
    let numbers = [1, 2, 3]
    switch number % 5 {
    case 0: print(numbers[numbers.count + number])
    case 1: fatalError("child \(number) gives up")
    case 2: abort()
    case 3: print(Int.max - numbers.count + 10 + number)
    default: UnsafeMutablePointer<Int>(bitPattern: 8 + number * 8)?.pointee = 1
    }
  }
}
