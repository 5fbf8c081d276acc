// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that the ordinary build pays nothing for it. `Scripts/bench` builds and runs it.
let package = Package(
  name: "sentry-native-swift-benchmarks",
  dependencies: [.package(name: "sentry-native-swift", path: "..")],
  targets: [
    .executableTarget(
      name: "handler-client", path: "Sources/HandlerClient",
      linkerSettings: [.linkedLibrary("dl"), .linkedLibrary("pthread")]),
    .executableTarget(
      name: "library-client", path: "Sources/LibraryClient", linkerSettings: [.linkedLibrary("dl")]),
    .executableTarget(
      name: "dump-lister", dependencies: [.product(name: "MinidumpFormat", package: "sentry-native-swift")],
      path: "Sources/DumpLister", swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    .target(name: "CAllocations", path: "Sources/CAllocations"),
    .executableTarget(
      name: "sdk-bench",
      dependencies: [
        "CAllocations", .product(name: "SentryNative", package: "sentry-native-swift"),
        .product(name: "LinuxSystem", package: "sentry-native-swift"),
        .product(name: "Uploader", package: "sentry-native-swift"),
      ],
      path: "Sources/SDKBench", swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "sentry-bench",
      dependencies: [
        .product(name: "MinidumpFormat", package: "sentry-native-swift"),
        .product(name: "LinuxSystem", package: "sentry-native-swift"),
      ],
      path: "Sources/SentryBench", swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
  ]
)
