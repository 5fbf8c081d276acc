// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "hello-crash",
  dependencies: [.package(name: "sentry-native-swift", path: "../..")],
  targets: [
    .executableTarget(
      name: "HelloCrash",
      dependencies: [
        .product(name: "SentryNative", package: "sentry-native-swift"),
        // The handler has to lie beside the program.
        .product(name: "crashpad_handler", package: "sentry-native-swift"),
      ])
  ]
)
