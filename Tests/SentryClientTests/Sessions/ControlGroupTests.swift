import LinuxSystem
import StructuredValue
import Testing

@testable import SentryClient

@Suite struct `The control group` {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func write(_ text: String, _ path: String) throws {
    let file = folder.path.appending(path)
    try FileSystem.createDirectories(file.directory)
    try FileSystem.write(Array(text.utf8), to: file)
  }

  private func group(_ cgroup: String, _ mounts: String) -> ControlGroup {
    ControlGroup(cgroup: Array(cgroup.utf8), mountInfo: Array(mounts.utf8))
  }

  @Test func `of version 2 has the least limit of all around it`() throws {
    try write("max\n", "v2/app/inner/memory.max")
    try write("1048576\n", "v2/app/memory.max")
    try write("2097152\n", "v2/memory.max")
    try write("150000 100000\n", "v2/app/inner/cpu.max")
    try write("max\n", "v2/app/inner/pids.max")
    try write("low 0\nhigh 0\nmax 5\noom 2\noom_kill 3\noom_group_kill 0\n", "v2/app/inner/memory.events")
    let group = group(
      "0::/app/inner\n", "30 23 0:26 / \(folder.path)/v2 rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n")
    #expect(group.memoryLimit == 1_048_576 && group.processorLimit == 1.5 && group.taskLimit == nil)
    let path = try #require(group.memoryGroup)
    #expect(path == folder.path.appending("v2/app/inner") && ControlGroup.outOfMemoryKills(path) == 3)
    let context = group.context
    #expect(context["memory_limit"] == 1_048_576 && context["processor_limit"] == 1.5)
  }

  @Test func `of version 1 in a container without a namespace`() throws {
    let id = String(repeating: "0123456789abcdef", count: 4)
    try write("cache 0\nhierarchical_memory_limit 4194304\n", "memory/memory.stat")
    try write("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n", "memory/memory.oom_control")
    try write("50000\n", "cpu/cpu.cfs_quota_us")
    try write("100000\n", "cpu/cpu.cfs_period_us")
    try write("64\n", "pids/pids.max")
    let mounts = [("memory", "memory"), ("cpu,cpuacct", "cpu"), ("pids", "pids")].map {
      "40 30 0:40 /docker/\(id) \(folder.path)/\($0.1) ro,nosuid master:20 - cgroup cgroup rw,\($0.0)\n"
    }.joined()
    let group = group(
      "9:pids:/docker/\(id)\n8:cpu,cpuacct:/docker/\(id)\n7:memory:/docker/\(id)\n0::/docker/\(id)\n", mounts)
    #expect(group.memoryLimit == 4_194_304 && group.processorLimit == 0.5 && group.taskLimit == 64)
    #expect(group.container.engine == "docker" && group.container.id == id)
    #expect(group.memoryGroup.flatMap { ControlGroup.outOfMemoryKills($0) } == 7)
  }

  @Test func `without limits says nothing`() throws {
    try write("cache 0\nhierarchical_memory_limit 9223372036854771712\n", "memory/memory.stat")
    try write("-1\n", "cpu/cpu.cfs_quota_us")
    try write("100000\n", "cpu/cpu.cfs_period_us")
    let group = group(
      "2:cpu:/\n1:memory:/\n",
      "40 30 0:40 / \(folder.path)/memory rw - cgroup cgroup rw,memory\n"
        + "41 30 0:41 / \(folder.path)/cpu rw - cgroup cgroup rw,cpu\n")
    #expect(group.memoryLimit == nil && group.processorLimit == nil && group.container.id == nil)
  }

  @Test(arguments: ["", "nonsense", ":::", "0::", "1:memory", "\n\n0::/../..\n"])
  func `of strange files is none`(text: String) {
    let group = group(text, text)
    #expect(group.memoryLimit == nil && group.processorLimit == nil && group.memoryGroup == nil)
  }

  @Test func `of Kubernetes is recognised`() {
    let id = String(repeating: "ab", count: 32)
    let group = group("0::/kubepods.slice/kubepods-pod12.slice/cri-containerd-\(id).scope\n", "")
    #expect(group.container.engine == "kubernetes" && group.container.id == id)
  }
}
