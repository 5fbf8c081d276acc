// Provides which process a run belonged to, for the question how it ended.
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// A process, named so that no other one ever has the same name: its number, when it started, and the boot.
///
/// It stays in the run directory and is never sent. Sources: proc_pid_stat(5), proc_sys_kernel(5).
internal struct RunProcess: Hashable, Sendable {
  var processID: Int32
  /// Ticks since the boot.
  var startTime: UInt64
  var bootID: String

  /// `nil` when `/proc` is not there.
  static func current() -> RunProcess? {
    guard let start = startTime(), let boot = try? FileSystem.read("/proc/sys/kernel/random/boot_id", limit: 64)
    else { return nil }
    return RunProcess(
      processID: ProcessIdentity.processID(), startTime: start,
      bootID: String(decoding: boot.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }

  private static func startTime() -> UInt64? {
    guard let bytes = try? FileSystem.read("/proc/self/stat", limit: 4096) else { return nil }
    return startTime(stat: bytes)
  }

  /// Field 22; the second one is a name in parentheses that may have blanks and parentheses in it.
  static func startTime(stat bytes: [UInt8]) -> UInt64? {
    guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 19 else { return nil }
    var value: UInt64 = 0
    for digit in fields[19] {
      guard digit >= 0x30, digit <= 0x39 else { return nil }
      value = value &* 10 &+ UInt64(digit - 0x30)
    }
    return value
  }

  var value: StructuredObject {
    var object = StructuredObject()
    object["pid"] = .integer(Int64(processID))
    object["start_time"] = StructuredValue(startTime)
    object["boot_id"] = .string(bootID)
    return object
  }

  var json: [UInt8] { StructuredValue.object(value).json }

  init(processID: Int32, startTime: UInt64, bootID: String) {
    self.processID = processID
    self.startTime = startTime
    self.bootID = bootID
  }

  init?(json: [UInt8]) {
    guard let value = try? StructuredValue(json: json),
      let number = value["pid"]?.int64.flatMap({ Int32(exactly: $0) }),
      let start = value["start_time"]?.uint64, let boot = value["boot_id"]?.string
    else { return nil }
    self.init(processID: number, startTime: start, bootID: boot)
  }
}

/// The control group of a run, and how often somebody in it had been killed for memory when the run began. Beside the
/// process in its file.
internal struct RunGroup {
  let path: FilePath
  let outOfMemoryKills: Int64

  /// `nil` where nobody counts.
  static func current() -> RunGroup? {
    guard let path = ControlGroup.current().memoryGroup, let kills = ControlGroup.outOfMemoryKills(path) else {
      return nil
    }
    return RunGroup(path: path, outOfMemoryKills: kills)
  }

  init(path: FilePath, outOfMemoryKills: Int64) {
    self.path = path
    self.outOfMemoryKills = outOfMemoryKills
  }

  init?(json: [UInt8]) {
    guard let value = try? StructuredValue(json: json), let path = value["memory_group"]?.string,
      let kills = value["oom_kills"]?.int64
    else { return nil }
    self.init(path: FilePath(path), outOfMemoryKills: kills)
  }

  func add(to object: inout StructuredObject) {
    object["memory_group"] = .string(path.description)
    object["oom_kills"] = .integer(outOfMemoryKills)
  }
}
