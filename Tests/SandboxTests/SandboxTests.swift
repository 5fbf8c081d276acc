// Provides tests of confined processes.
import CLinuxShims
import LinuxSystem
import Sandbox
import Testing

/// What became of a system call: 0 or more, or minus the error's number.
private func outcome(_ result: Int) -> Int { result < 0 ? -Int(Errno.current.rawValue) : result }

// Each runs in a process of its own: a filter stays. It is the filter of the thread that runs the test.
@Suite(.enabled(if: Sandbox.Architecture.current != nil, "there is a list for x86-64 and aarch64"))
struct `A confined process` {
  @Test func `of a handler looks at others and changes none`() async {
    await #expect(processExitsWith: .success) {
      #expect(Sandbox.enter(.handler) == .confined)
      // PTRACE_POKEDATA, PTRACE_PEEKDATA of a process that is not traced.
      #expect(outcome(linux_ptrace(5, getppid(), 0, 0)) == -Int(EPERM))
      #expect(outcome(linux_ptrace(2, getppid(), 0, 0)) == -Int(ESRCH))
      // AF_PACKET, AF_INET.
      #expect(outcome(Int(socket(17, Int32(SOCK_RAW.rawValue), 0))) == -Int(EAFNOSUPPORT))
      let internet = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
      #expect(internet >= 0)
      close(internet)
      #expect(outcome(Int(chroot("/"))) == -Int(ENOSYS))
    }
  }

  @Test func `of an upload looks at nobody`() async {
    await #expect(processExitsWith: .success) {
      #expect(Sandbox.enter(.handler) == .confined)
      #expect(Sandbox.narrow(to: .upload) == .confined)
      #expect(outcome(linux_ptrace(2, getppid(), 0, 0)) == -Int(ENOSYS))
      let internet = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
      #expect(internet >= 0)
      close(internet)
    }
  }

  @Test func `of a walker reads files, and neither writes, nor connects, nor starts anything`() async {
    await #expect(processExitsWith: .success) {
      #expect(Sandbox.enter(.walker) == .confined)
      #expect((try? FileSystem.read("/proc/self/status")) != nil)
      #expect(outcome(Int(linux_open("/dev/null", O_WRONLY, 0))) == -Int(EACCES))
      #expect(outcome(Int(linux_open("/tmp/walker-\(getpid())", O_RDONLY | O_CREAT, 0o600))) == -Int(EACCES))
      #expect(outcome(Int(socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))) == -Int(ENOSYS))
      #expect(outcome(Int(linux_fork())) == -Int(ENOSYS))
      #expect(outcome(Int(kill(getppid(), 0))) == -Int(ENOSYS))
      #expect(outcome(Int(unlink("/nonexistent"))) == -Int(ENOSYS))
    }
  }

  @Test func `is not confined when its environment says so`() async {
    await #expect(processExitsWith: .success) {
      setenv(Sandbox.variable, "0", 1)
      #expect(Sandbox.enter(.walker) == .off)
      let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      #expect(number >= 0)
      close(number)
    }
  }
}
