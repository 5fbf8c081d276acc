// Provides the processes that descend from one that a test started.
internal import CLinuxShims
import LinuxSystem

/// Processes that carry the same mark in their environment. A crash handler detaches itself from its parent and from
/// its session; its environment is what remains.
struct ProcessFamily: Sendable {
  /// The variable that holds the mark.
  static let variable = "SENTRY_NATIVE_TEST_FAMILY"

  /// Unique for each program that a test starts.
  let mark = UniqueID.random().description

  /// Ids of the living members. A process whose environment cannot be read, as a zombie's, is none.
  func living() -> [Int32] {
    let wanted = Array("\(Self.variable)=\(mark)".utf8)
    return ProcessTable.all().filter { process in
      guard let environment = try? FileSystem.read(FilePath("/proc/\(process)/environ")) else { return false }
      return environment.split(separator: 0).contains { $0.elementsEqual(wanted) }
    }
  }

  /// Kills the members until none is left; they may start others meanwhile.
  func end() {
    let deadline = MonotonicInstant.now().advanced(milliseconds: 10_000)
    var killed: Set<Int32> = []
    while MonotonicInstant.now() < deadline {
      let members = living()
      for process in members { kill(process, SIGKILL) }
      killed.formUnion(members)
      // The kernel tells nothing of the environment of one that is just ending, or just beginning.
      if members.isEmpty, !killed.contains(where: ProcessTable.isAlive) { return }
      usleep(2000)
    }
  }
}

/// What `/proc` says of the processes of this machine.
public enum ProcessTable {
  /// Ids of all processes in sight.
  public static func all() -> [Int32] {
    let names = (try? FileSystem.entries(of: "/proc")) ?? []
    return names.compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
  }

  /// Ids of the children of `parent` that have ended and were not waited for.
  public static func zombies(of parent: Int32? = nil) -> [Int32] {
    let parent = parent ?? getpid()
    return all().filter { state(of: $0).map { $0.letter == "Z" && $0.parent == parent } ?? false }
  }

  /// Whether the process exists and is no zombie.
  public static func isAlive(_ process: Int32) -> Bool { state(of: process).map { $0.letter != "Z" } ?? false }

  /// Who has started the process, or adopted it; `nil` when there is none.
  public static func parent(of process: Int32) -> Int32? { state(of: process)?.parent }

  /// The state letter and parent of `/proc/PID/stat`; the command name before them may contain anything.
  private static func state(of process: Int32) -> (letter: Character, parent: Int32)? {
    guard let bytes = try? FileSystem.read(FilePath("/proc/\(process)/stat")),
      let end = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = String(decoding: bytes[(end + 1)...], as: UTF8.self).split(separator: " ")
    guard fields.count > 1, let letter = fields[0].first, let parent = Int32(fields[1]) else { return nil }
    return (letter, parent)
  }
}
