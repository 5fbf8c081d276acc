// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "container",
  dependencies: [.package(name: "sentry-native-swift", path: "../..")],
  targets: [
    .executableTarget(
      name: "Service",
      dependencies: [
        .product(name: "SentryNative", package: "sentry-native-swift"),
        // The program is its own handler: the image needs one file less.
        .product(name: "SentrySelfHandler", package: "sentry-native-swift"),
      ])
  ]
)
