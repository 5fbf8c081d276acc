// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that the ordinary build pays nothing for it. `Scripts/fuzz` builds it with the sanitizer's
// instrumentation in every module and with testing enabled, since parsers are internal to their modules.
let modules = [
  "CrashProtocol", "CrashDatabase", "LinuxSystem", "ProcessMemory", "ELFImage", "ProcessSnapshot", "MinidumpFormat",
  "StackWalk", "Uploader", "StructuredValue", "SentryEnvelope",
]

let package = Package(
  name: "sentry-native-swift-fuzzing",
  dependencies: [.package(name: "sentry-native-swift", path: "..")],
  targets: [
    .target(name: "CFuzzDriver"),
    .executableTarget(
      name: "fuzz-targets",
      dependencies: ["CFuzzDriver"] + modules.map { .product(name: $0, package: "sentry-native-swift") },
      path: "Sources/FuzzTargets",
      swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
  ]
)
