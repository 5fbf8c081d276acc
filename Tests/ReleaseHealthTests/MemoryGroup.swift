// Provides a control group whose processes may only use so much memory.
import LinuxSystem
import SentryNativeTesting

/// A group of the memory controller, version 2 or 1 of the interface. Needs the right to make one, as root has it.
struct MemoryGroup {
  let path: FilePath

  /// - Parameter limit: bytes; whoever needs more is killed.
  init(limit: Int) throws {
    let name = "sentry-native-\(UniqueID.random())"
    let isVersion2 = FileSystem.exists("/sys/fs/cgroup/cgroup.controllers")
    path = FilePath(isVersion2 ? "/sys/fs/cgroup/\(name)" : "/sys/fs/cgroup/memory/\(name)")
    do throws(Errno) {
      try FileSystem.createDirectory(path)
      if isVersion2 {
        try write("\(limit)", "memory.max")
        try? write("0", "memory.swap.max")
      } else {
        try write("\(limit)", "memory.limit_in_bytes")
        try? write("\(limit)", "memory.memsw.limit_in_bytes")
      }
    } catch {
      throw TestKitError(
        .missing, "a control group with a memory limit is needed for this test, and cannot be made at \(path): \(error)"
      )
    }
  }

  private func write(_ text: String, _ name: String) throws(Errno) {
    try FileSystem.open(path.appending(name), [.write]).writeAll(Array(text.utf8))
  }

  /// Nobody is in it any more.
  func remove() { try? FileSystem.removeDirectory(path) }
}
