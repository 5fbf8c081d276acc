// Provides the control group of the process: what a container may use, and how often its memory was not enough.
internal import CLinuxShims
internal import LinuxSystem
internal import StructuredValue

/// Where this process is among the control groups of the kernel, version 2 or 1 of the interface.
///
/// Nothing of it is needed: what cannot be read is `nil`. Sources: cgroups(7), cgroup-v2.rst, memory.rst and
/// sched-bwc.rst in the kernel's documentation; docs/release-health.md.
internal struct ControlGroup {
  /// What tells where the groups are: `/proc/self/cgroup` and `/proc/self/mountinfo`.
  private let memberships: [(controllers: [String], path: String)]
  private let mounts: [(root: String, point: String, controllers: [String])]

  /// Groups of version 2 have no controllers in `/proc/self/cgroup`.
  private static let unified = ""

  static func current() -> ControlGroup {
    ControlGroup(
      cgroup: (try? FileSystem.read("/proc/self/cgroup", limit: 65_536)) ?? [],
      mountInfo: (try? FileSystem.read("/proc/self/mountinfo", limit: 1 << 20)) ?? [])
  }

  init(cgroup: [UInt8], mountInfo: [UInt8]) {
    var memberships: [(controllers: [String], path: String)] = []
    for line in cgroup.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      memberships.append((Self.words(fields[1]), Self.text(fields[2])))
    }
    var mounts: [(root: String, point: String, controllers: [String])] = []
    for line in mountInfo.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: " ")).map { Self.text($0) }
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { continue }
      switch fields[dash + 1] {
      case "cgroup2": mounts.append((fields[3], fields[4], [Self.unified]))
      case "cgroup": mounts.append((fields[3], fields[4], Self.words(Array(fields[dash + 3].utf8)[...])))
      default: break
      }
    }
    self.memberships = memberships
    self.mounts = mounts
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
  private static func words(_ bytes: ArraySlice<UInt8>) -> [String] {
    bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { text($0) }
  }

  /// The folder of the process's group, the folder where its hierarchy begins, and whether it is version 2's.
  private func folder(_ controller: String) -> (group: FilePath, top: FilePath, isUnified: Bool)? {
    for name in [controller, Self.unified] {
      guard let mount = mounts.first(where: { $0.controllers.contains(name) }),
        let path = memberships.first(where: { $0.controllers.contains(name) })?.path
      else { continue }
      // In a container without a namespace of its own the mount begins at the container's group.
      let root = mount.root == "/" ? [] : Array(mount.root.utf8)
      let bytes = Array(path.utf8)
      let rest = bytes.starts(with: root) ? Array(bytes[root.count...]) : []
      let top = FilePath(mount.point)
      let group = rest.isEmpty || rest == [UInt8(ascii: "/")] ? top : FilePath(bytes: top.bytes + rest)
      // The hierarchy of version 2 may be there without this controller, as on hosts that have both.
      if name == Self.unified && !Self.hasController(controller, group) { continue }
      return (group, top, name == Self.unified)
    }
    return nil
  }

  private static func hasController(_ controller: String, _ group: FilePath) -> Bool {
    switch controller {
    case "memory":
      FileSystem.exists(group.appending("memory.events")) || FileSystem.exists(group.appending("memory.max"))
    case "cpu": FileSystem.exists(group.appending("cpu.max"))
    default: FileSystem.exists(group.appending("\(controller).max"))
    }
  }

  private static func read(_ path: FilePath) -> [UInt8]? { try? FileSystem.read(path, limit: 65_536) }

  /// The number that the first word of a file is; `nil` for `max` and for what is none.
  private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
    let digits = bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
    return digits.isEmpty || digits.count > 19 ? nil : Int64(text(digits))
  }

  /// The value of `name` in a file of lines `NAME VALUE`.
  private static func value(_ name: String, in bytes: [UInt8]) -> Int64? {
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "))
      if words.count == 2, words[0].elementsEqual(name.utf8) { return number(words[1]) }
    }
    return nil
  }

  // MARK: - What it says

  /// Bytes of memory that the group and those around it may use; `nil` without a limit.
  var memoryLimit: Int64? {
    guard let place = folder("memory") else { return nil }
    var limit: Int64?
    if place.isUnified {
      var group = place.group
      while group.bytes.count >= place.top.bytes.count {
        if let bytes = Self.read(group.appending("memory.max")), let own = Self.number(bytes[...]) {
          limit = min(limit ?? own, own)
        }
        if group == place.top { break }
        group = group.directory
      }
    } else if let bytes = Self.read(place.group.appending("memory.stat")) {
      limit = Self.value("hierarchical_memory_limit", in: bytes)
    }
    // Version 1 says "no limit" by a number that no machine has.
    return limit.flatMap { $0 < 1 << 60 ? $0 : nil }
  }

  /// Processors' worth of time that the group may use; `nil` without a limit.
  var processorLimit: Double? {
    guard let place = folder("cpu") else { return nil }
    let quota: Int64?
    let period: Int64?
    if place.isUnified {
      let words = Self.read(place.group.appending("cpu.max"))?.split(separator: UInt8(ascii: " ")) ?? []
      quota = words.first.flatMap { Self.number($0) }
      period = words.count > 1 ? Self.number(words[1]) : nil
    } else {
      quota = Self.read(place.group.appending("cpu.cfs_quota_us")).flatMap { Self.number($0[...]) }
      period = Self.read(place.group.appending("cpu.cfs_period_us")).flatMap { Self.number($0[...]) }
    }
    guard let quota, let period, quota > 0, period > 0 else { return nil }
    return Double(quota) / Double(period)
  }

  /// Processes and threads that the group may have; `nil` without a limit.
  var taskLimit: Int64? {
    guard let place = folder("pids") else { return nil }
    return Self.read(place.group.appending("pids.max")).flatMap { Self.number($0[...]) }
  }

  /// The group whose memory is counted.
  var memoryGroup: FilePath? { folder("memory")?.group }

  /// How often a process of a group was killed because there was no memory left.
  static func outOfMemoryKills(_ group: FilePath) -> Int64? {
    if let bytes = read(group.appending("memory.events")) { return value("oom_kill", in: bytes) }
    return read(group.appending("memory.oom_control")).flatMap { value("oom_kill", in: $0) }
  }

  // MARK: - Containers

  /// What keeps the container, and its identifier, as far as the names of groups tell: 64 hexadecimal digits behind
  /// words that container engines use.
  var container: (engine: String?, id: String?) {
    var id: String?
    var engine: String?
    for text in memberships.map({ $0.path }) + mounts.map({ $0.root }) {
      for word in text.utf8.split(separator: UInt8(ascii: "/")) {
        let name = String(decoding: word, as: UTF8.self)
        for (mark, known) in [
          ("kubepods", "kubernetes"), ("docker", "docker"), ("libpod", "podman"), ("lxc", "lxc"),
        ] where engine == nil && name.utf8.starts(with: mark.utf8) { engine = known }
        if let found = Self.identifier(Array(name.utf8)), id == nil { id = found }
      }
    }
    return (engine, id)
  }

  /// `docker-<64 digits>.scope`, `<64 digits>` and the like.
  private static func identifier(_ name: [UInt8]) -> String? {
    var digits: [UInt8] = []
    for byte in name + [0] {
      if byte >= 0x30 && byte <= 0x39 || byte >= 0x61 && byte <= 0x66 {
        digits.append(byte)
      } else {
        if digits.count == 64 { return String(decoding: digits, as: UTF8.self) }
        digits = []
      }
    }
    return nil
  }

  /// The context `container`; empty where there are neither limits nor a container.
  var context: StructuredObject {
    var object = StructuredObject()
    let id = container.id
    var engine = container.engine
    if engine == nil {
      if EnvironmentVariable.value("KUBERNETES_SERVICE_HOST") != nil {
        engine = "kubernetes"
      } else if FileSystem.exists("/.dockerenv") {
        engine = "docker"
      } else if FileSystem.exists("/run/.containerenv") {
        engine = "podman"
      } else if let named = EnvironmentVariable.value("container"), !named.isEmpty {
        engine = named.description
      }
    }
    if let engine { object["engine"] = .string(engine) }
    if let id { object["id"] = .string(id) }
    if let memoryLimit { object["memory_limit"] = .integer(memoryLimit) }
    if let processorLimit { object["processor_limit"] = .double(processorLimit) }
    if let taskLimit { object["task_limit"] = .integer(taskLimit) }
    return object
  }
}
