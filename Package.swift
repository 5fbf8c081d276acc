// swift-tools-version: 6.3
import PackageDescription

// Two builds come from these sources. The ordinary one has every module and its tests. With
// SENTRY_EMBEDDED=1 the same modules are compiled as Embedded Swift, and only the binaries that C and C++
// programs ship are built: no Swift runtime, a few hundred kilobytes (docs/adr/0002-embedded-subset.md).
let embedded = Context.environment["SENTRY_EMBEDDED"] == "1"

/// What the optimizer is told besides -Osize (docs/performance.md, "Size"): an append to a string is a call instead of
/// 180 bytes of code, its comparison one instead of 90, and a function is inlined where that makes the program smaller,
/// not where it might make it faster.
let small =
  [
    "-sil-inline-never-functions=SS6appendyySSF", "-sil-inline-never-function=$eSS2eeoiySbSS_SStFZ",
    "-sil-inline-default-apply-length=2", "-sil-inline-removed-call-benefit=0",
    "-sil-inline-trivial-function-threshold=10",
  ].flatMap { ["-Xllvm", $0] }
  // Unwind tables go into .debug_frame, with the debug information; frame pointers stay.
  + ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"].flatMap { ["-Xcc", $0] }

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
    ? [
      .enableExperimentalFeature("Embedded"),
      .unsafeFlags(["-wmo", "-Osize", "-Xfrontend", "-function-sections"] + small),
    ]
    : [.treatWarning("EmbeddedRestrictions", as: .error), .define("FAULT_POINTS", .when(configuration: .debug))])

/// Settings of the Swift facade, of tools that need the full library, and of tests.
let full: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], linkerSettings: [LinkerSetting] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Modules/\(name)", swiftSettings: subset,
    linkerSettings: linkerSettings)
}

/// LLVM's linker for what C and C++ programs ship: Debian's exports protected symbols in spite of the version script, and
/// cannot fold functions that are the same. As an option of SwiftPM's command line it would go to the compiler too, and
/// every module be compiled anew for the library and for the handler in turn.
let shippedLinking: [LinkerSetting] =
  embedded
  ? [.unsafeFlags(["-use-ld=lld"])]
  : Context.environment["SENTRY_LIBRARY"] == "1" ? [.unsafeFlags(["-use-ld=lld", "-static-stdlib"])] : []

/// Scripts/build-embedded and Scripts/build-library compile for optimization at link time. C stays machine code beside its
/// bitcode, and that is what is linked: libc's unwinder needs the tables of these functions (Modules/CSentry/stack_walk.c),
/// and one function with such a table in the bitcode would bring back the tables of all.
let machineCode: [CSetting] = embedded ? [.unsafeFlags(["-ffat-lto-objects"])] : []

func headers(_ name: String, apt package: String) -> Target {
  .systemLibrary(name: name, path: "Modules/\(name)", providers: [.apt([package])])
}

func shims(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Modules/\(name)",
    cSettings: [.define("_GNU_SOURCE")] + (embedded ? [.define("SENTRY_EMBEDDED")] : []) + machineCode,
    linkerSettings: embedded ? [] : [.linkedLibrary("m")])
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
  module("Sandbox", ["LinuxSystem", "CLinuxShims"]),
  module("StructuredValue"),
  module("StableOrder"),
  module("MinidumpFormat", ["StableOrder"]),
  module("CrashProtocol", ["CLinuxShims"]),

  module("ProcessMemory", ["LinuxSystem", "StableOrder", "CLinuxShims"]),
  module("CrashDatabase", ["LinuxSystem", "StableOrder", "CLinuxShims"]),
  module("Uploader", ["LinuxSystem", "StableOrder", "CCurl", "CZlib", "CLinuxShims"]),
  module("SentryEnvelope", ["StructuredValue", "StableOrder"]),
  module("LocalStack", ["LinuxSystem", "StableOrder", "CLinuxShims"]),
  module(
    "CrashClient", ["LinuxSystem", "LocalStack", "StableOrder", "CrashProtocol", "CrashCapture", "CLinuxShims"]),

  module("ELFImage", ["ProcessMemory", "LinuxSystem", "CElf", "CLinuxShims"]),
  module("CallFrames", ["ProcessMemory"]),
  module("ProcessSnapshot", ["ELFImage", "ProcessMemory", "LinuxSystem", "StableOrder", "CLinuxShims"]),
  module(
    "MinidumpCapture",
    ["MinidumpFormat", "ProcessSnapshot", "ELFImage", "ProcessMemory", "LinuxSystem", "StableOrder"]),
  module(
    "HandlerCore",
    [
      "MinidumpCapture", "CrashClient", "CrashProtocol", "CrashDatabase", "Uploader", "ProcessSnapshot", "CallFrames",
      "ELFImage", "MinidumpFormat", "ProcessMemory", "LinuxSystem", "Sandbox", "StableOrder", "CLinuxShims",
    ]),
  module(
    "SentryHandler",
    [
      "HandlerCore", "SentryEnvelope", "StructuredValue", "LinuxSystem", "CrashDatabase", "ProcessSnapshot",
      "ProcessMemory", "MinidumpFormat", "StableOrder", "CLinuxShims",
    ]),
  module(
    "SentryClient",
    [
      "CrashClient", "CrashDatabase", "Uploader", "SentryEnvelope", "StructuredValue", "LocalStack", "LinuxSystem",
      "StableOrder", "CLinuxShims",
    ]),
  // The interface of C programs: header, C parts, and what is behind it. Both become libsentry.so.
  .target(
    name: "CSentry", dependencies: ["CLinuxShims"], path: "Modules/CSentry",
    cSettings: [.define("_GNU_SOURCE")]
      + (Context.environment["SENTRY_C_BACKEND"].map { [.define("CSENTRY_BACKEND_\($0.uppercased())")] } ?? [])
      + machineCode,
    linkerSettings: embedded ? [] : [.linkedLibrary("m")]),
  module(
    "SentryNativeC",
    [
      "CSentry", "SentryClient", "CrashClient", "CrashDatabase", "Uploader", "SentryEnvelope", "StructuredValue",
      "LinuxSystem", "CLinuxShims",
    ], linkerSettings: shippedLinking),
  .executableTarget(
    name: "crashpad_handler", dependencies: ["SentryHandler", "CLinuxShims"], path: "Modules/crashpad_handler",
    swiftSettings: subset, linkerSettings: embedded ? shippedLinking : []),
]

if !embedded {
  targets += [
    module(
      "StackWalk",
      [
        "CallFrames", "ELFImage", "ProcessMemory", "LinuxSystem", "StableOrder", "CUnwind", "CDwarf", "CZlib",
        "CLinuxShims",
      ]),
    // Defines pthread_create in the executable that links it; see docs/adr/0005-thread-creation.md.
    shims("CThreadHook", ["CLinuxShims"]),
    .target(
      name: "SentryNative",
      dependencies: [
        "SentryClient", "SentryEnvelope", "StructuredValue", "CrashClient", "CrashDatabase", "LinuxSystem",
        "Uploader", "LocalStack", "StableOrder", "CThreadHook",
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
    .target(
      name: "WalkerCommand",
      dependencies: [
        "StackWalk", "MinidumpCapture", "MinidumpFormat", "StructuredValue", "ProcessMemory", "LinuxSystem", "Sandbox",
        "CLinuxShims",
      ],
      path: "Modules/WalkerCommand", swiftSettings: full),
    .executableTarget(
      name: "crashpad_walker", dependencies: ["WalkerCommand", "CLinuxShims"],
      path: "Modules/crashpad_walker", swiftSettings: full),
    // Handler and walker inside the program that links this; see docs/self-handler.md.
    shims("CSelfHandler", ["CLinuxShims"]),
    .target(
      name: "SentrySelfHandler",
      dependencies: ["CSelfHandler", "SentryHandler", "WalkerCommand", "LinuxSystem", "CLinuxShims"],
      path: "Modules/SentrySelfHandler", swiftSettings: full),
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
    // A program that is its own handler.
    .executableTarget(
      name: "SelfHandlerFixture", dependencies: ["SentryNative", "SentrySelfHandler", "LinuxSystem", "CLinuxShims"],
      path: "Tests/SelfHandlerFixture", swiftSettings: full),
    .target(name: "CCrashZoo", path: "Tests/CCrashZoo"),
    // A program that uses the crash client alone and dies on request; started as a handler it is a scripted one.
    .executableTarget(
      name: "CrashVictim",
      dependencies: [
        "CrashClient", "CrashProtocol", "LinuxSystem", "CThreadHook", "CConfine", "CCrashZoo", "CLinuxShims",
      ],
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
      name: "SDKFixture", dependencies: ["SentryNative", "LinuxSystem", "CLinuxShims", "CConfine", "CCrashZoo"],
      path: "Tests/SDKFixture",
      swiftSettings: full),
    // A program that sends envelopes and tells what it sees, for tests that need a process of their own.
    .executableTarget(
      name: "TransportFixture",
      dependencies: [
        "SentryClient", "SentryEnvelope", "StructuredValue", "CrashClient", "CrashDatabase", "LinuxSystem",
        "CLinuxShims",
      ],
      path: "Tests/TransportFixture", swiftSettings: full),
    // A program that records a session, a transaction, logs and metrics, and ends as its arguments say.
    .executableTarget(
      name: "SessionFixture",
      dependencies: [
        "SentryClient", "CrashClient", "CrashDatabase", "SentryEnvelope", "StructuredValue", "LinuxSystem",
        "CThreadHook",
        "CLinuxShims",
      ],
      path: "Tests/SessionFixture", swiftSettings: full),
    // Runs it, and tells what was left.
    .target(
      name: "ZooRuns",
      dependencies: ["SentryNativeTesting", "CrashDatabase", "CrashProtocol", "LinuxSystem", "CLinuxShims"],
      path: "Tests/ZooRuns", swiftSettings: full),

    // Crashes programs for as long as it is told, and counts what became of them.
    .executableTarget(
      name: "SoakRunner",
      dependencies: [
        "ZooRuns", "SentryNativeTesting", "CrashDatabase", "MinidumpFormat", "LinuxSystem", "CLinuxShims",
      ],
      path: "Tests/SoakRunner", swiftSettings: full),

    // Has every system call of a handler at work fail, and counts what became of the reports.
    .executableTarget(
      name: "FaultMatrix",
      dependencies: ["ZooRuns", "SentryNativeTesting", "LinuxSystem", "CLinuxShims"],
      path: "Tests/FaultMatrix", exclude: ["ShortTransfers.c"], swiftSettings: full),

    // A process in a known state for others to look at.
    .executableTarget(name: "SnapshotFixture", path: "Tests/SnapshotFixture"),
    // A client that owns its memory layout, or speaks the protocol, and means no good.
    .executableTarget(name: "HostileClient", path: "Tests/HostileClient"),
    // Starts a program with fewer rights.
    .target(name: "CConfine", path: "Tests/CConfine"),
    .executableTarget(name: "Confine", dependencies: ["CConfine"], path: "Tests/Confine"),

    tests("LinuxSystem", ["LinuxSystem", "CLinuxShims"]),
    tests("Sandbox", ["Sandbox", "LinuxSystem", "CLinuxShims", "SentryNativeTesting"]),
    tests("LocalStack", ["LocalStack", "StackWalk", "LinuxSystem", "CLinuxShims"]),
    tests(
      "CrashCapture",
      [
        "CrashCapture", "CrashClient", "CrashProtocol", "ProcessMemory", "LinuxSystem", "CLinuxShims", "CrashVictim",
        "CrashVictimRunner", "SentryNativeTesting",
      ]),
    tests("StructuredValue", ["StructuredValue"]),
    tests("StableOrder", ["StableOrder"]),
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
      [
        "CrashClient", "CrashProtocol", "LinuxSystem", "CLinuxShims", "CrashVictim", "CrashVictimRunner",
        "SentryNativeTesting",
      ]),
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
        "StackWalk", "CallFrames", "ELFImage", "ProcessMemory", "MinidumpFormat", "StructuredValue", "LinuxSystem",
        "CLinuxShims", "crashpad_walker", "crashctl",
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
        "HandlerCore", "CrashClient", "CrashProtocol", "CrashDatabase", "MinidumpFormat", "Uploader", "ProcessSnapshot",
        "CallFrames", "ProcessMemory", "LinuxSystem", "CLinuxShims", "SentryNativeTesting",
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
      "EnvelopeTransport",
      [
        "SentryClient", "SentryEnvelope", "StructuredValue", "Uploader", "LinuxSystem", "CLinuxShims",
        "SentryNativeTesting", "CrashDatabase", "ZooRuns", "TransportFixture", "crashpad_handler",
      ]),
    tests(
      "SentryNative",
      [
        "SentryNative", "SentryNativeTesting", "MinidumpFormat", "StructuredValue", "SentryEnvelope", "CrashDatabase",
        "LinuxSystem", "LocalStack", "CLinuxShims", "SDKFixture", "crashpad_handler",
      ]),
    tests(
      "ReleaseHealth",
      [
        "SentryNativeTesting", "SentryEnvelope", "StructuredValue", "CrashDatabase", "LinuxSystem", "CLinuxShims",
        "SessionFixture", "crashpad_handler",
      ]),
    tests(
      "EndToEnd",
      [
        "ZooRuns", "SentryNativeTesting", "MinidumpFormat", "CrashDatabase", "CrashProtocol", "StructuredValue",
        "SentryEnvelope",
        "LinuxSystem", "CLinuxShims", "CrashZoo", "CrashVictim", "HostileClient", "Confine", "crashpad_handler",
        "crashpad_walker", "crashctl", "SelfHandlerFixture", "SDKFixture",
      ]),
    tests(
      "Compatibility",
      [
        "ZooRuns", "SentryNativeTesting", "MinidumpFormat", "CrashDatabase", "StructuredValue", "LinuxSystem",
        "CLinuxShims", "CrashZoo", "CrashVictim", "CrashProtocol", "Confine", "crashpad_handler", "crashpad_walker",
        "crashctl", "Uploader", "SentryEnvelope", "SDKFixture",
      ]),
  ]
}

let libraries =
  [
    "LinuxSystem", "CrashCapture", "StructuredValue", "StableOrder", "MinidumpFormat", "CrashProtocol", "ProcessMemory",
    "CrashDatabase", "Uploader", "SentryEnvelope", "LocalStack", "CrashClient", "ELFImage", "ProcessSnapshot",
    "Sandbox", "MinidumpCapture", "HandlerCore", "SentryHandler", "SentryClient",
  ] + (embedded ? [] : ["StackWalk", "SentryNative", "SentrySelfHandler", "SentryNativeTesting"])

let executables = ["crashpad_handler"] + (embedded ? [] : ["crashpad_walker", "crashctl", "sentry-ingest"])

let package = Package(
  name: "sentry-native-swift",
  products: libraries.map { .library(name: $0, targets: [$0]) }
    + executables.map { .executable(name: $0, targets: [$0]) }
    + [.library(name: "sentry", type: .dynamic, targets: ["SentryNativeC"])],
  targets: targets,
  cLanguageStandard: .gnu17,
  cxxLanguageStandard: .gnucxx17
)
