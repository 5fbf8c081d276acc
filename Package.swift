// swift-tools-version: 6.3
import PackageDescription

// Two builds come from these sources. The ordinary one has every module and its tests. With
// SENTRY_EMBEDDED=1 the same modules are compiled as Embedded Swift, and only the binaries that C and C++
// programs ship are built: no Swift runtime, a few hundred kilobytes (docs/adr/0002-embedded-subset.md).
let embedded = Context.environment["SENTRY_EMBEDDED"] == "1"

/// Settings of every module below the two faces of the SDK: the subset that Embedded Swift compiles.
let subset: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
  ]
  + (embedded
    ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo", "-Osize", "-Xfrontend", "-function-sections"])]
    : [.treatWarning("EmbeddedRestrictions", as: .error)])

/// Settings of the Swift facade, of tools that need the full library, and of tests.
let full: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Modules/\(name)", swiftSettings: subset)
}

func headers(_ name: String, apt package: String) -> Target {
  .systemLibrary(name: name, path: "Modules/\(name)", providers: [.apt([package])])
}

func shims(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Modules/\(name)",
    cSettings: [.define("_GNU_SOURCE")], linkerSettings: [.linkedLibrary("m")])
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests", swiftSettings: full)
}

// Layer by layer; Scripts/layers.tsv holds the same table and Scripts/check-layers compares every import with it.
var targets: [Target] = [
  shims("CLinuxShims"),
  headers("CCurl", apt: "libcurl4-openssl-dev"),
  headers("CElf", apt: "libelf-dev"),
  headers("CUnwind", apt: "libunwind-dev"),
  headers("CDwarf", apt: "libdw-dev"),
  headers("CZlib", apt: "zlib1g-dev"),

  module("LinuxSystem", ["CLinuxShims"]),
  module("CrashCapture", ["CLinuxShims"]),
  module("StructuredValue"),
  module("MinidumpFormat"),
  module("CrashProtocol", ["CLinuxShims"]),

  module("ProcessMemory", ["LinuxSystem", "CLinuxShims"]),
  module("CrashDatabase", ["LinuxSystem", "CLinuxShims"]),
  module("Uploader", ["LinuxSystem", "CCurl", "CZlib", "CLinuxShims"]),
  module("SentryEnvelope", ["StructuredValue"]),
  module("CrashClient", ["LinuxSystem", "CrashProtocol", "CrashCapture", "CLinuxShims"]),

  module("ELFImage", ["ProcessMemory", "LinuxSystem", "CElf", "CLinuxShims"]),
  module("ProcessSnapshot", ["ELFImage", "ProcessMemory", "LinuxSystem", "CLinuxShims"]),
  module("MinidumpCapture", ["MinidumpFormat", "ProcessSnapshot", "ELFImage", "ProcessMemory", "LinuxSystem"]),
  module(
    "HandlerCore",
    [
      "MinidumpCapture", "CrashClient", "CrashProtocol", "CrashDatabase", "Uploader", "ProcessSnapshot",
      "MinidumpFormat", "ProcessMemory", "LinuxSystem", "CLinuxShims",
    ]),
  module(
    "SentryHandler",
    [
      "HandlerCore", "SentryEnvelope", "StructuredValue", "LinuxSystem", "CrashDatabase", "ProcessSnapshot",
      "ProcessMemory", "MinidumpFormat", "CLinuxShims",
    ]),
  .executableTarget(
    name: "crashpad_handler", dependencies: ["SentryHandler", "CLinuxShims"], path: "Modules/crashpad_handler",
    swiftSettings: subset),
]

if !embedded {
  targets += [
    module(
      "StackWalk", ["ELFImage", "ProcessMemory", "LinuxSystem", "CUnwind", "CDwarf", "CElf", "CLinuxShims"]),
    module(
      "SentryClient",
      [
        "CrashClient", "CrashDatabase", "Uploader", "SentryEnvelope", "StructuredValue", "LinuxSystem", "CLinuxShims",
      ]),
    // Defines pthread_create in the executable that links it; see docs/adr/0005-thread-creation.md.
    shims("CThreadHook", ["CLinuxShims"]),
    .target(
      name: "SentryNative",
      dependencies: [
        "SentryClient", "SentryEnvelope", "StructuredValue", "CrashClient", "CrashDatabase", "LinuxSystem",
        "CThreadHook",
      ],
      path: "Modules/SentryNative", swiftSettings: full),
    .target(
      name: "SentryNativeTesting",
      dependencies: ["SentryEnvelope", "StructuredValue", "MinidumpFormat", "LinuxSystem", "CLinuxShims", "CZlib"],
      path: "Modules/SentryNativeTesting", swiftSettings: full),
    // The test kit's server as a program, for shell scripts.
    .executableTarget(
      name: "sentry-ingest", dependencies: ["SentryNativeTesting", "LinuxSystem", "CLinuxShims"],
      path: "Modules/sentry-ingest", swiftSettings: full),
    .executableTarget(
      name: "crashpad_walker",
      dependencies: [
        "StackWalk", "MinidumpCapture", "MinidumpFormat", "StructuredValue", "ProcessMemory", "LinuxSystem",
        "CLinuxShims",
      ],
      path: "Modules/crashpad_walker", swiftSettings: full),
    .executableTarget(
      name: "crashctl",
      dependencies: [
        "StackWalk", "MinidumpCapture", "MinidumpFormat", "ProcessSnapshot", "StructuredValue", "ProcessMemory",
        "CrashDatabase", "Uploader", "SentryEnvelope", "ELFImage", "CrashProtocol", "LinuxSystem", "CLinuxShims",
      ],
      path: "Modules/crashctl", swiftSettings: full),
    // A program that dies in every way a program can die, for the end-to-end tests.
    .executableTarget(
      name: "CrashZoo", dependencies: ["SentryNative", "CLinuxShims", "CCrashZoo"], path: "Tests/CrashZoo",
      swiftSettings: full),
    .target(name: "CCrashZoo", path: "Tests/CCrashZoo"),
    // A program that uses the crash client alone and dies on request; started as a handler it is a scripted one.
    .executableTarget(
      name: "CrashVictim",
      dependencies: ["CrashClient", "CrashProtocol", "LinuxSystem", "CThreadHook", "CLinuxShims"],
      path: "Tests/CrashVictim", swiftSettings: full),
    .target(
      name: "CrashVictimRunner", dependencies: ["LinuxSystem", "CLinuxShims"], path: "Tests/CrashVictimRunner",
      swiftSettings: full),
    // A process that does one thing to a database, for tests that kill it in the middle.
    .executableTarget(
      name: "DatabaseFixture", dependencies: ["CrashDatabase", "LinuxSystem", "CLinuxShims"],
      path: "Tests/DatabaseFixture",
      swiftSettings: full),
    // A program that uses the SDK as its arguments say.
    .executableTarget(
      name: "SDKFixture", dependencies: ["SentryNative", "LinuxSystem", "CLinuxShims"], path: "Tests/SDKFixture",
      swiftSettings: full),
    // Runs it, and tells what was left.
    .target(
      name: "ZooRuns", dependencies: ["SentryNativeTesting", "CrashProtocol", "LinuxSystem", "CLinuxShims"],
      path: "Tests/ZooRuns", swiftSettings: full),

    // Crashes programs for as long as it is told, and counts what became of them.
    .executableTarget(
      name: "SoakRunner",
      dependencies: ["ZooRuns", "SentryNativeTesting", "CrashDatabase", "LinuxSystem", "CLinuxShims"],
      path: "Tests/SoakRunner", swiftSettings: full),

    // A process in a known state for others to look at.
    .executableTarget(name: "SnapshotFixture", path: "Tests/SnapshotFixture"),

    tests("LinuxSystem", ["LinuxSystem", "CLinuxShims"]),
    tests(
      "CrashCapture",
      [
        "CrashCapture", "CrashClient", "CrashProtocol", "LinuxSystem", "CLinuxShims", "CrashVictim",
        "CrashVictimRunner",
      ]),
    tests("StructuredValue", ["StructuredValue"]),
    tests("MinidumpFormat", ["MinidumpFormat", "SentryNativeTesting", "LinuxSystem", "crashctl"]),
    tests("CrashProtocol", ["CrashProtocol", "CLinuxShims"]),
    tests(
      "ProcessMemory",
      ["ProcessMemory", "LinuxSystem", "CLinuxShims", "SentryNativeTesting", "SnapshotFixture"]),
    tests("CrashDatabase", ["CrashDatabase", "LinuxSystem", "CLinuxShims", "DatabaseFixture"]),
    tests("Uploader", ["Uploader", "LinuxSystem", "SentryNativeTesting"]),
    tests("SentryNativeTesting", ["SentryNativeTesting", "LinuxSystem", "sentry-ingest"]),
    tests("SentryEnvelope", ["SentryEnvelope", "StructuredValue"]),
    tests(
      "CrashClient",
      ["CrashClient", "CrashProtocol", "LinuxSystem", "CLinuxShims", "CrashVictim", "CrashVictimRunner"]),
    tests(
      "ELFImage", ["ELFImage", "ProcessMemory", "LinuxSystem", "CLinuxShims", "SentryNativeTesting", "SnapshotFixture"]),
    tests(
      "ProcessSnapshot",
      [
        "ProcessSnapshot", "ELFImage", "ProcessMemory", "LinuxSystem", "CLinuxShims", "SentryNativeTesting",
        "SnapshotFixture",
      ]),
    tests(
      "StackWalk",
      [
        "StackWalk", "ProcessMemory", "MinidumpFormat", "StructuredValue", "LinuxSystem", "CLinuxShims",
        "crashpad_walker", "crashctl",
      ]),
    tests(
      "MinidumpCapture",
      [
        "MinidumpCapture", "MinidumpFormat", "ProcessSnapshot", "ProcessMemory", "LinuxSystem", "CLinuxShims",
        "SentryNativeTesting", "SnapshotFixture", "crashctl",
      ]),
    tests(
      "HandlerCore",
      [
        "HandlerCore", "CrashProtocol", "CrashDatabase", "MinidumpFormat", "Uploader", "LinuxSystem", "CLinuxShims",
        "SentryNativeTesting",
      ]),
    tests(
      "CrashControl",
      [
        "SentryNativeTesting", "CrashDatabase", "MinidumpFormat", "LinuxSystem", "CLinuxShims", "crashpad_handler",
        "crashpad_walker", "crashctl",
      ]),
    tests(
      "SentryClient",
      ["SentryClient", "CrashClient", "SentryEnvelope", "StructuredValue", "CrashDatabase", "LinuxSystem"]),
    tests(
      "SentryNative",
      [
        "SentryNative", "SentryNativeTesting", "MinidumpFormat", "StructuredValue", "SentryEnvelope", "CrashDatabase",
        "LinuxSystem", "CLinuxShims", "SDKFixture", "crashpad_handler",
      ]),
    tests(
      "EndToEnd",
      [
        "ZooRuns", "SentryNativeTesting", "MinidumpFormat", "CrashDatabase", "CrashProtocol", "StructuredValue",
        "SentryEnvelope",
        "LinuxSystem", "CLinuxShims", "CrashZoo", "CrashVictim", "crashpad_handler", "crashpad_walker", "crashctl",
      ]),
    tests(
      "Compatibility",
      [
        "ZooRuns", "SentryNativeTesting", "MinidumpFormat", "CrashDatabase", "StructuredValue", "LinuxSystem",
        "CLinuxShims", "CrashZoo", "crashpad_handler", "crashpad_walker", "crashctl", "Uploader",
      ]),
  ]
}

let libraries =
  [
    "LinuxSystem", "CrashCapture", "StructuredValue", "MinidumpFormat", "CrashProtocol", "ProcessMemory",
    "CrashDatabase", "Uploader", "SentryEnvelope", "CrashClient", "ELFImage", "ProcessSnapshot", "MinidumpCapture",
    "HandlerCore", "SentryHandler",
  ] + (embedded ? [] : ["StackWalk", "SentryClient", "SentryNative", "SentryNativeTesting"])

let executables = ["crashpad_handler"] + (embedded ? [] : ["crashpad_walker", "crashctl", "sentry-ingest"])

let package = Package(
  name: "sentry-native-swift",
  products: libraries.map { .library(name: $0, targets: [$0]) }
    + executables.map { .executable(name: $0, targets: [$0]) },
  targets: targets,
  cLanguageStandard: .gnu17,
  cxxLanguageStandard: .gnucxx17
)
