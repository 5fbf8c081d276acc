// swift-tools-version: 6.3
import PackageDescription

// Nothing but the format: no Foundation, no library of the system, no other module of the package.
let package = Package(
  name: "read-a-dump",
  dependencies: [.package(name: "sentry-native-swift", path: "../..")],
  targets: [
    .executableTarget(
      name: "ReadADump", dependencies: [.product(name: "MinidumpFormat", package: "sentry-native-swift")])
  ]
)
