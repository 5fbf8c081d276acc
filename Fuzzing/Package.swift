// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that the ordinary build pays nothing for it. `Scripts/fuzz` builds it with the sanitizer's
// instrumentation in every module, in a scratch folder of its own.
let package = Package(
  name: "sentry-native-swift-fuzzing",
  dependencies: [.package(name: "sentry-native-swift", path: "..")],
  targets: [
    .target(name: "CFuzzDriver"),
    .executableTarget(
      name: "fuzz-targets",
      dependencies: ["CFuzzDriver"]
        + ["CrashProtocol"].map {
          .product(name: $0, package: "sentry-native-swift")
        },
      path: "Sources/FuzzTargets",
      swiftSettings: [.swiftLanguageMode(.v6)]),
  ]
)
