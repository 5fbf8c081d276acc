// Provides the numbers that say what a stream of a minidump holds.

/// What a stream holds. Any 32-bit number can occur; unknown ones are kept.
///
/// Numbers: `docs/formats/minidump.md`, section "Streams".
public struct MinidumpStreamType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// An entry of the directory that holds nothing.
  public static let unused = Self(rawValue: 0)
  public static let threadList = Self(rawValue: 3)
  public static let moduleList = Self(rawValue: 4)
  public static let memoryList = Self(rawValue: 5)
  public static let exception = Self(rawValue: 6)
  public static let systemInfo = Self(rawValue: 7)
  public static let threadExList = Self(rawValue: 8)
  public static let memory64List = Self(rawValue: 9)
  public static let commentA = Self(rawValue: 10)
  public static let commentW = Self(rawValue: 11)
  public static let handleData = Self(rawValue: 12)
  public static let functionTable = Self(rawValue: 13)
  public static let unloadedModuleList = Self(rawValue: 14)
  public static let miscInfo = Self(rawValue: 15)
  public static let memoryInfoList = Self(rawValue: 16)
  public static let threadInfoList = Self(rawValue: 17)
  public static let handleOperationList = Self(rawValue: 18)
  public static let token = Self(rawValue: 19)
  public static let javaScriptData = Self(rawValue: 20)
  public static let systemMemoryInfo = Self(rawValue: 21)
  public static let processVMCounters = Self(rawValue: 22)
  public static let iptTrace = Self(rawValue: 23)
  public static let threadNames = Self(rawValue: 24)

  /// Crashpad's annotations and identifiers.
  public static let crashpadInfo = Self(rawValue: 0x4350_0001)

  public static let breakpadInfo = Self(rawValue: 0x4767_0001)
  public static let assertionInfo = Self(rawValue: 0x4767_0002)
  /// `/proc/cpuinfo`.
  public static let linuxCPUInfo = Self(rawValue: 0x4767_0003)
  /// `/proc/PID/status`.
  public static let linuxProcStatus = Self(rawValue: 0x4767_0004)
  /// `/etc/lsb-release` or `/etc/os-release`.
  public static let linuxLSBRelease = Self(rawValue: 0x4767_0005)
  /// `/proc/PID/cmdline`, parts separated by NUL.
  public static let linuxCommandLine = Self(rawValue: 0x4767_0006)
  /// `/proc/PID/environ`, parts separated by NUL.
  public static let linuxEnvironment = Self(rawValue: 0x4767_0007)
  /// `/proc/PID/auxv`, pairs of words of the process's size.
  public static let linuxAuxv = Self(rawValue: 0x4767_0008)
  /// `/proc/PID/maps`.
  public static let linuxMaps = Self(rawValue: 0x4767_0009)
  /// The dynamic linker's list of loaded objects.
  public static let linuxDSODebug = Self(rawValue: 0x4767_000a)
  /// `/proc/PID/stat`, written by LLDB.
  public static let linuxProcStat = Self(rawValue: 0x4767_000b)
  /// `/proc/uptime`.
  public static let linuxProcUptime = Self(rawValue: 0x4767_000c)
  /// A list of file descriptors.
  public static let linuxProcFD = Self(rawValue: 0x4767_000d)

  public static let macOSCrashInfo = Self(rawValue: 0x4d7a_0001)
  public static let macOSBootArgs = Self(rawValue: 0x4d7a_0002)
  /// `/proc/PID/limits`.
  public static let linuxLimits = Self(rawValue: 0x4d7a_0003)
  /// JSON text: what the writer of the dump could not find out.
  public static let softErrors = Self(rawValue: 0x4d7a_0004)

  /// Chromium's stability report, a protocol buffer.
  public static let stabilityReport = Self(rawValue: 0x4b6b_0002)

  /// A short name, or nil for a number that nobody in the field uses.
  public var name: String? {
    switch self {
    case .unused: "Unused"
    case .threadList: "ThreadList"
    case .moduleList: "ModuleList"
    case .memoryList: "MemoryList"
    case .exception: "Exception"
    case .systemInfo: "SystemInfo"
    case .threadExList: "ThreadExList"
    case .memory64List: "Memory64List"
    case .commentA: "CommentA"
    case .commentW: "CommentW"
    case .handleData: "HandleData"
    case .functionTable: "FunctionTable"
    case .unloadedModuleList: "UnloadedModuleList"
    case .miscInfo: "MiscInfo"
    case .memoryInfoList: "MemoryInfoList"
    case .threadInfoList: "ThreadInfoList"
    case .handleOperationList: "HandleOperationList"
    case .token: "Token"
    case .javaScriptData: "JavaScriptData"
    case .systemMemoryInfo: "SystemMemoryInfo"
    case .processVMCounters: "ProcessVmCounters"
    case .iptTrace: "IptTrace"
    case .threadNames: "ThreadNames"
    case .crashpadInfo: "CrashpadInfo"
    case .breakpadInfo: "BreakpadInfo"
    case .assertionInfo: "AssertionInfo"
    case .linuxCPUInfo: "LinuxCpuInfo"
    case .linuxProcStatus: "LinuxProcStatus"
    case .linuxLSBRelease: "LinuxLsbRelease"
    case .linuxCommandLine: "LinuxCmdLine"
    case .linuxEnvironment: "LinuxEnviron"
    case .linuxAuxv: "LinuxAuxv"
    case .linuxMaps: "LinuxMaps"
    case .linuxDSODebug: "LinuxDsoDebug"
    case .linuxProcStat: "LinuxProcStat"
    case .linuxProcUptime: "LinuxProcUptime"
    case .linuxProcFD: "LinuxProcFd"
    case .macOSCrashInfo: "MozMacosCrashInfo"
    case .macOSBootArgs: "MozMacosBootargs"
    case .linuxLimits: "MozLinuxLimits"
    case .softErrors: "MozSoftErrors"
    case .stabilityReport: "StabilityReport"
    default: nil
    }
  }
}
