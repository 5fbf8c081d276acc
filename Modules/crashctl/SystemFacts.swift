// Provides what else on this system gets to see a crash.
internal import LinuxSystem

/// Facts that are neither right nor wrong.
enum SystemFacts {
  static func checks() -> [DoctorCheck] { [corePattern(), backtracer()] }

  private static func corePattern() -> DoctorCheck {
    guard let bytes = try? FileSystem.read("/proc/sys/kernel/core_pattern", limit: 4096) else {
      return .good("core_pattern", "the kernel does not tell")
    }
    let pattern = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    if pattern.isEmpty { return .good("core_pattern", "the kernel writes no core files") }
    let what = pattern.hasPrefix("|") ? "core dumps go to the program \(pattern.dropFirst())" : "core files: \(pattern)"
    return .good("core_pattern", "\(what); that goes on after a report has been captured")
  }

  private static func backtracer() -> DoctorCheck {
    let note = "it is called after a report has been captured"
    guard let value = EnvironmentVariable.value("SWIFT_BACKTRACE") else {
      return .good(
        "swift_backtracer",
        "SWIFT_BACKTRACE is not set: Swift programs with the shared standard library print a backtrace; \(note)")
    }
    return .good("swift_backtracer", "SWIFT_BACKTRACE is \(value); where the backtracer is on, \(note)")
  }
}
