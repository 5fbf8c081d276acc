// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "multi-process",
  dependencies: [.package(name: "sentry-native-swift", path: "../..")],
  targets: [
    .executableTarget(
      name: "MultiProcess",
      dependencies: [
        .product(name: "SentryNative", package: "sentry-native-swift"),
        .product(name: "CrashDatabase", package: "sentry-native-swift"),
        .product(name: "MinidumpFormat", package: "sentry-native-swift"),
        .product(name: "LinuxSystem", package: "sentry-native-swift"),
        // The handler has to lie beside the program.
        .product(name: "crashpad_handler", package: "sentry-native-swift"),
      ])
  ]
)
