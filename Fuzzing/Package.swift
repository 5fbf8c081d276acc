// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that the ordinary build pays nothing for it. `Scripts/fuzz` builds it with the sanitizer's
// instrumentation in every module and with testing enabled, since parsers are internal to their modules.
//
// libFuzzer looks at every counter after every run, also at those of modules that a target never calls: with
// FUZZ_MINIDUMP_ALONE the program has the reader of minidumps and nothing else, and makes twice as many runs.
let isAlone = Context.environment["FUZZ_MINIDUMP_ALONE"] != nil
let modules =
  isAlone
  ? ["MinidumpFormat"]
  : [
    "CrashProtocol", "CrashDatabase", "LinuxSystem", "ProcessMemory", "ELFImage", "ProcessSnapshot", "MinidumpFormat",
    "StackWalk", "Uploader", "StructuredValue", "SentryEnvelope", "SentryClient", "HandlerCore",
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
      sources: isAlone
        ? ["Main.swift", "FuzzTarget.swift", "FuzzBytes.swift"]
          + ["", "ForeignSeed", "Mutator", "Seed"].map { "Targets/Minidump\($0).swift" } : nil,
      swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]
        + (isAlone ? [.define("MINIDUMP_ALONE")] : [])),
  ]
)
