// Provides the doctor's look at what this process is allowed to use, which its handler inherits.
internal import CLinuxShims
internal import LinuxSystem

/// Limits under which reports cannot be made whole, and surroundings that people forget about.
enum LimitTrial {
  static func checks() -> [DoctorCheck] {
    [proc(), files(), fileSize(), memory(), processes()] + (ProcessIdentity.processID() == 1 ? [first()] : [])
  }

  /// Numbers of the kernel, include/uapi/asm-generic/resource.h.
  private enum Resource {
    static let fileSize: Int32 = 1, processes: Int32 = 6, files: Int32 = 7, addressSpace: Int32 = 9
  }

  private static func limit(_ resource: Int32) -> UInt64? {
    var limits = rlimit()
    guard getrlimit(resource, &limits) == 0, limits.rlim_cur != rlim_t.max else { return nil }
    return UInt64(limits.rlim_cur)
  }

  private static func text(_ limit: UInt64?) -> String { limit.map { "\($0)" } ?? "no limit" }

  private static func proc() -> DoctorCheck {
    if FileSystem.exists("/proc/self/maps") { return .good("proc", "/proc is mounted") }
    return .weak(
      "proc", "/proc is not mounted",
      remedy: "mount it: without it reports have the registers and stacks, and next to nothing else")
  }

  private static func files() -> DoctorCheck {
    let limit = limit(Resource.files)
    if let limit, limit < 32 {
      return .bad("descriptors", "only \(limit) files may be open at a time", remedy: "raise it: ulimit -n 1024")
    }
    return .good("descriptors", text(limit))
  }

  private static func fileSize() -> DoctorCheck {
    let limit = limit(Resource.fileSize)
    if let limit, limit < 16 << 20 {
      return .bad(
        "file_size", "files may not be longer than \(limit) bytes: a report is not kept that does not fit",
        remedy: "raise it: ulimit -f unlimited")
    }
    return .good("file_size", text(limit))
  }

  private static func memory() -> DoctorCheck {
    let limit = limit(Resource.addressSpace)
    if let limit, limit < 128 << 20 {
      return .weak(
        "address_space", "\(limit >> 20) MiB of address space are all that a process may have",
        remedy: "raise it: ulimit -v unlimited; a handler that cannot get memory leaves the dump to the crashing thread"
      )
    }
    return .good("address_space", text(limit.map { $0 >> 20 }) + (limit == nil ? "" : " MiB"))
  }

  private static func processes() -> DoctorCheck {
    // Known by trial: the handler has been started here, and two children have been made.
    let limit = limit(Resource.processes)
    if let limit, limit < 16, geteuid() != 0 {
      return .weak(
        "processes", "this user may have only \(limit) processes and threads",
        remedy: "raise it: ulimit -u; where no handler can be started the crashing thread writes a small dump itself")
    }
    return .good("processes", text(limit))
  }

  private static func first() -> DoctorCheck {
    .good(
      "process_1", "this is process 1 of its container: its end is the end of all",
      remedy: "a crash waits for its upload by itself, a minute at most (crashTimeout); or start the program by an init"
    )
  }
}
