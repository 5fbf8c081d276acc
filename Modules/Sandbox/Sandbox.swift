// Provides the confinement of a process that has no need of most of the kernel.
internal import CLinuxShims
public import LinuxSystem

/// Takes from this process, and from all that it will start, what its role does not need: the right to get more rights by
/// starting a program, and all system calls but a list (docs/adr/0026-handler-sandbox.md).
///
/// A process of a role can take on a narrower one: handler, upload, walker.
public enum Sandbox {
  /// What a confined process is there for.
  public enum Role: Sendable, Hashable {
    /// Looks at processes, writes reports, starts uploads.
    case handler
    /// Sends reports, starts the walker; looks at no process.
    case upload
    /// Reads files and writes what it found; starts nothing and has no network.
    case walker
  }

  /// The value of `arch` in `struct seccomp_data`.
  public enum Architecture: UInt32, Sendable, CaseIterable {
    case x86_64 = 0xc000_003e
    case aarch64 = 0xc000_00b7

    /// Of this program; `nil` where there is no list of calls.
    public static var current: Architecture? {
      #if arch(x86_64)
        .x86_64
      #elseif arch(arm64)
        .aarch64
      #else
        nil
      #endif
    }
  }

  public enum Outcome: Sendable, Hashable {
    case confined
    /// Somebody does not want it.
    case off
    /// The process goes on as it was.
    case refused(Errno)
    /// A sandbox that is already around this process ends whoever asks. It goes on as it was.
    case deadly
  }

  /// Whether processes confine themselves, and how: `0` not at all, `log` with a line in the kernel's log for each call that
  /// is refused.
  public static let variable = "SENTRY_NATIVE_SANDBOX"

  private static let logFlag: UInt32 = 2
  /// Leaves a mitigation off that older kernels tie to filters, and that would slow every thread down.
  private static let speculationFlag: UInt32 = 4

  /// Confines this thread, and all that it starts, for good. Called while the process has one thread. A kernel that does not
  /// let it is no error: a report matters more.
  public static func enter(_ role: Role) -> Outcome {
    let mode = EnvironmentVariable.value(variable)?.bytes
    if mode == [UInt8(ascii: "0")] { return .off }
    guard let architecture = Architecture.current else { return .refused(.notSupported) }
    let program = FilterProgram(role, architecture)
    let flags = mode == Array("log".utf8) ? logFlag : 0
    if isFiltered && !isSurvivable(program, flags) { return .deadly }
    return install(program, flags)
  }

  /// The same in a process that has confined itself already, for a role with fewer needs.
  public static func narrow(to role: Role) -> Outcome {
    guard let architecture = Architecture.current else { return .refused(.notSupported) }
    let isLogged = EnvironmentVariable.value(variable)?.bytes == Array("log".utf8)
    return install(FilterProgram(role, architecture), isLogged ? logFlag : 0)
  }

  private static func install(_ program: FilterProgram, _ flags: UInt32) -> Outcome {
    // Needed without CAP_SYS_ADMIN, and wanted in any case. Who has it needs it less than the filter.
    _ = linux_set_no_new_privileges()
    let count = UInt16(clamping: program.instructions.count)
    var failure = linux_install_filter(program.instructions, count, flags | speculationFlag)
    // Flags are of Linux 4.14 and 4.17.
    if failure == Errno.invalidArgument.rawValue { failure = linux_install_filter(program.instructions, count, 0) }
    return failure == 0 ? .confined : .refused(Errno(rawValue: failure))
  }

  /// Whether there is a filter already, whose rules nobody here knows. Where `/proc` does not tell, there may be one.
  private static var isFiltered: Bool {
    guard let status = try? FileSystem.read("/proc/self/status", limit: 1 << 16) else { return true }
    return !status.split(separator: UInt8(ascii: "\n")).contains { $0.elementsEqual("Seccomp:\t0".utf8) }
  }

  /// Tries in a child, which a deadly filter may end.
  private static func isSurvivable(_ program: FilterProgram, _ flags: UInt32) -> Bool {
    guard
      let child = try? ChildProcess.fork({
        _ = install(program, flags)
        return 0
      })
    else { return false }
    return (try? child.wait()) == .exited(status: 0)
  }
}
