// Provides the words for what a minidump says that are the same in JSON and in text.

internal import MinidumpFormat

/// A dump with the words for its numbers.
struct DumpDescription {
  let reader: MinidumpReader
  var platform: MinidumpPlatform? { reader.systemInfo?.platform }
  var architecture: MinidumpProcessorArchitecture? { reader.systemInfo?.architecture }

  static func name(of platform: MinidumpPlatform) -> String {
    switch platform {
    case .win32s, .windows, .windowsNT: "windows"
    case .macOS: "macos"
    case .iOS: "ios"
    case .linux: "linux"
    case .android: "android"
    case .solaris: "solaris"
    default: "unknown"
    }
  }

  static func name(of architecture: MinidumpProcessorArchitecture) -> String {
    switch architecture.instructionSet {
    case .x86: "x86"
    case .amd64: "amd64"
    case .arm: "arm"
    case .arm64: "arm64"
    case .ppc: "ppc"
    case .ppc64: "ppc64"
    case .mips: "mips"
    case .mips64: "mips64"
    case .sparc: "sparc"
    case .riscv64: "riscv64"
    default: "unknown"
    }
  }

  /// Three numbers; where Breakpad wrote zeros on Linux, what `uname` said.
  static func version(of system: MinidumpSystemInfo) -> String {
    let isLinux = system.platform == .linux || system.platform == .android
    if isLinux, system.majorVersion == 0, system.minorVersion == 0, system.buildNumber == 0 {
      let words = system.serviceDescription.split(separator: " ")
      if words.count > 1, words[0] == "Linux" { return String(words[1]) }
    }
    // Crashpad leaves numbers at -1 that it could not parse.
    return [system.majorVersion, system.minorVersion, system.buildNumber].prefix { $0 != .max }
      .map { String($0) }.joined(separator: ".")
  }

  /// The process: by MiscInfo, without one by `/proc/PID/status`.
  var processID: UInt32? {
    if let info = reader.miscInfo { return info.processID }
    for line in (reader.text(of: .linuxProcStatus) ?? "").split(separator: "\n") where line.hasPrefix("Pid:") {
      return UInt32(line.dropFirst(4).drop { $0 == "\t" || $0 == " " })
    }
    return nil
  }

  func name(of exception: MinidumpException) -> MinidumpExceptionName {
    exception.name(on: platform, architecture: architecture)
  }

  /// Streams that nobody but their writer knows.
  var userStreams: [MinidumpStreamLocation] {
    reader.directory.filter { $0.type.name == nil || $0.type == .stabilityReport }
  }

  /// Whether a field of an entry could not be read.
  func isUnreadable(_ stream: MinidumpStreamType, _ index: Int, _ field: String) -> Bool {
    reader.softErrors.contains { $0.stream == stream && $0.index == index && $0.field == field }
  }
}
