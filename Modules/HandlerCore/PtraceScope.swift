// Provides what the Yama security module permits.
internal import LinuxSystem

/// Who may trace whom, as the Yama security module has it.
///
/// Source: the kernel's Documentation/admin-guide/LSM/Yama.rst.
enum PtraceScope: Equatable {
  /// No Yama, or switched off.
  case classic
  /// Descendants, and whoever was named by `PR_SET_PTRACER`.
  case restricted
  /// CAP_SYS_PTRACE only.
  case adminOnly
  /// Nobody until the next boot.
  case noAttach
  /// The file says something else.
  case unknown

  static let path: FilePath = "/proc/sys/kernel/yama/ptrace_scope"

  static var current: PtraceScope {
    guard FileSystem.exists(path) else { return .classic }
    return PtraceScope(text: (try? FileSystem.read(path, limit: 64)) ?? [])
  }

  init(text: [UInt8]) {
    switch text {
    case [UInt8(ascii: "0"), UInt8(ascii: "\n")]: self = .classic
    case [UInt8(ascii: "1"), UInt8(ascii: "\n")]: self = .restricted
    case [UInt8(ascii: "2"), UInt8(ascii: "\n")]: self = .adminOnly
    case [UInt8(ascii: "3"), UInt8(ascii: "\n")]: self = .noAttach
    default: self = .unknown
    }
  }
}
