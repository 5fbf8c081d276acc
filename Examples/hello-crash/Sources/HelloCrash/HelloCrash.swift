// A small shop with a mistake in it: it asks for the eighth price of a list of three.

import Foundation
import SentryNative

@main
struct HelloCrash {
  static func main() async {
    let arguments = Arguments(CommandLine.arguments)
    SentrySDK.start { options in
      options.dsn = arguments["--dsn"] ?? ""
      options.releaseName = "hello-crash@1.0.0"
      options.environment = "demo"
      options.databasePath = arguments["--database"] ?? ".sentry-native"
      if let handler = arguments["--handler"] { options.handlerPath = handler }
    }
    SentrySDK.configureScope { scope in
      scope.setTag(value: "eu-central", key: "region")
      scope.setTag(value: "books", key: "department")
      scope.setUser(User(userId: "42"))
      scope.setExtra(value: "blue", key: "theme")
    }
    BackgroundThreads.start(["price-refresh", "order-queue"])
    await Shop(prices: [1299, 899, 2499]).serve(orders: 7)
  }
}

/// Options of the form `--name value`.
struct Arguments {
  private let words: [String]

  init(_ words: [String]) { self.words = words }

  subscript(name: String) -> String? {
    guard let index = words.firstIndex(of: name), index + 1 < words.count else { return nil }
    return words[index + 1]
  }
}
