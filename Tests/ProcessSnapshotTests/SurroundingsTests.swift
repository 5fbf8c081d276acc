// Tests captures across the borders of pid namespaces, users, word sizes and sandboxes.
import CLinuxShims
import LinuxSystem
import ProcessMemory
import ProcessSnapshot
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Surroundings` {
  private static let fixture = (try? FileSystem.executable().directory.appending("SnapshotFixture")) ?? ""

  @Test func `ptrace alone gives the same snapshot`() throws {
    let fixture = try Fixture("crash")
    let request = ExceptionRequest(informationAddress: try fixture.address(0), stackAddress: try fixture.address(1))
    let stopped = try StoppedProcess.stop(fixture.processID)
    let slow = MemoryAccess.open(process: fixture.processID, thread: stopped.representative, allowed: [.ptrace])
    #expect(slow.strategy == .ptrace)
    let first = ProcessSnapshot.capture(stopped, memory: slow, request: request)
    let second = ProcessSnapshot.capture(stopped, request: request)
    #expect(first.memoryStrategy == .ptrace && second.memoryStrategy == .processVM)
    #expect(first.modules == second.modules)
    #expect(first.exception?.context == second.exception?.context)
    #expect(first.exception?.context != nil)
    let start = try #require(first.threads.last?.stack?.kept.start)
    let fast = ProcessVMMemoryReader(thread: fixture.processID)
    #expect(try slow.reader.readBytes(at: start + 3, count: 1001) == fast.readBytes(at: start + 3, count: 1001))
    #expect(slow.reader.readAvailable(at: 0, count: 8).isEmpty)
    #expect(slow.reader.readAvailable(at: .max - 3, count: 8).isEmpty)
  }

  @Test(.enabled(if: geteuid() == 0))
  func `a thread of an inner pid namespace has the outer id`() throws {
    let outer = try RunningProcess("/usr/bin/unshare", ["--pid", "--fork", Self.fixture.description, "crash"])
    defer { outer.end() }
    try outer.waitForOutput(containing: "\n")
    let words = outer.output.split { $0 == " " || $0 == "\n" }
    let information = try #require(UInt64(words[1], radix: 16))
    let stack = try #require(UInt64(words[2], radix: 16))
    let inner = try #require(Int32(words[3]))
    let children = try FileSystem.read(FilePath("/proc/\(outer.processID)/task/\(outer.processID)/children"))
    let process = try #require(
      String(decoding: children, as: UTF8.self).split(separator: " ").first.flatMap { Int32($0) })
    for address in [stack, 0] {
      let stopped = try StoppedProcess.stop(process)
      let snapshot = ProcessSnapshot.capture(
        stopped, request: ExceptionRequest(informationAddress: information, stackAddress: address))
      #expect(snapshot.exception?.claimedThreadID == inner)
      #expect(snapshot.exception?.threadID == snapshot.threads.last?.threadID)
      #expect(snapshot.exception?.threadID != inner)
    }
  }

  @Test func `a process of 32 bits is captured`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let source = """
      .globl _start
      _start:
        mov $4, %eax; mov $1, %ebx; mov $message, %ecx; mov $6, %edx; int $0x80
        mov $0x01010101, %eax; mov $0x02020202, %ebx; mov $0x03030303, %ecx; mov $0x04040404, %edx
        mov $0x05050505, %esi; mov $0x06060606, %edi; mov $0x07070707, %ebp
        jmp .
      .data
      message: .ascii "ready\\n"

      """
    try FileSystem.write(Array(source.utf8), to: folder.appending("a.s"))
    let script = "cd \(folder.path) && as --32 a.s -o a.o && ld -m elf_i386 --build-id a.o -o a"
    try #require(try RunningProcess.run("/bin/sh", ["-c", script]).succeeded)
    let fixture = try Fixture(executable: folder.appending("a"))
    // It spins from its second system call on.
    let snapshot = try waitFor("the registers are loaded") {
      let snapshot = try fixture.capture()
      return snapshot.threads.first?.context.general.rbp == 0x0707_0707 ? snapshot : nil
    }
    #expect(!snapshot.is64Bit)
    let registers = try #require(snapshot.threads.first).context.general
    #expect(registers.rax == 0x0101_0101 && registers.rbx == 0x0202_0202 && registers.rcx == 0x0303_0303)
    #expect(registers.rdx == 0x0404_0404 && registers.rsi == 0x0505_0505 && registers.rdi == 0x0606_0606)
    #expect(snapshot.modules.first?.kind == .executable)
    #expect(snapshot.modules.first?.buildID.count == 20)
    #expect(snapshot.modules.contains { $0.kind == .vdso })
    #expect(snapshot.threads.first?.stack != nil)
    #expect(snapshot.softErrors == [])
  }
}
