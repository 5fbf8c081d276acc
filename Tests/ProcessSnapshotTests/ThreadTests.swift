// Tests that threads and their registers are what the process knows them to be.
import LinuxSystem
import ProcessMemory
import ProcessSnapshot
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Threads` {
  @Test func `all general and vector registers have the values that the thread loaded`() throws {
    let fixture = try Fixture("registers")
    let snapshot = try fixture.capture()
    let spinner = try fixture.number(0)
    let thread = try #require(snapshot.threads.first { $0.threadID == spinner })
    expectKnownRegisters(thread.context.general)
    try expectKnownVectors(thread.context, avx: fixture.words[2] == "1")
    #expect(thread.context.instructionPointer == (try fixture.address(1)))
    #expect(thread.context.is64Bit)
    #expect(thread.context.general.fsBase != 0)
    #expect(snapshot.softErrors == [])
  }

  @Test func `threads are those of proc, the main one first, under their names`() throws {
    let fixture = try Fixture("threads", "300")
    // Names are set by the threads themselves.
    try waitUntil("all threads have their names") {
      try names(fixture.processID).filter { $0 != "SnapshotFixture" }.count >= 300
    }
    let snapshot = try fixture.capture()
    let expected = try FileSystem.entries(of: FilePath("/proc/\(fixture.processID)/task"))
      .compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
    #expect(snapshot.threads.map { $0.threadID } == expected)
    #expect(snapshot.threads.first?.threadID == fixture.processID)
    #expect(snapshot.threads.count == 301)
    #expect(snapshot.threads.filter { $0.name == Array("a) b (c".utf8) }.count == 60)
    #expect(snapshot.threads.filter { $0.name == Array("two\nlines".utf8) }.count == 60)
    #expect(snapshot.threads.filter { $0.name == [0xff, 0xfe] }.count == 60)
    #expect(snapshot.threads.allSatisfy { $0.priority == ThreadPriority(policy: 0, staticPriority: 0, nice: 0) })
    #expect(snapshot.threads.allSatisfy { $0.userSeconds != nil && $0.systemSeconds != nil })
    #expect(snapshot.threads.allSatisfy { $0.stack != nil })
    #expect(snapshot.softErrors == [])
  }

  @Test func `times and long registers that nobody wants are not read, and all else is the same`() throws {
    let fixture = try Fixture("registers")
    let whole = try fixture.capture()
    var limits = CaptureLimits()
    limits.readsThreadTimes = false
    limits.readsExtendedState = false
    let short = try fixture.capture(limits: limits)
    #expect(short.threads.allSatisfy { $0.userSeconds == nil && $0.context.extendedState.isEmpty })
    #expect(short.threads.map { $0.threadID } == whole.threads.map { $0.threadID })
    #expect(short.threads.map { $0.name } == whole.threads.map { $0.name })
    #expect(short.threads.map { $0.priority } == whole.threads.map { $0.priority })
    let thread = try #require(short.threads.first { $0.threadID == (try? fixture.number(0)) })
    expectKnownRegisters(thread.context.general)
    // The rest of the area may be the kernel's own.
    #expect(
      thread.context.floatingPoint.prefix(464)
        == whole.threads.first { $0.threadID == thread.threadID }?.context.floatingPoint.prefix(464))
    #expect(short.softErrors == [])
  }

  private func names(_ process: Int32) throws -> [String] {
    try FileSystem.entries(of: FilePath("/proc/\(process)/task")).map {
      let comm = FilePath("/proc/\(process)/task").appending(bytes: $0).appending("comm")
      return String(decoding: try FileSystem.read(comm), as: UTF8.self).trimmingNewline
    }
  }

  @Test func `every thread of a process that keeps creating them is stopped`() throws {
    let fixture = try Fixture("spawning")
    for _ in 0..<20 {
      let stopped = try StoppedProcess.stop(fixture.processID)
      let listed = try FileSystem.entries(of: FilePath("/proc/\(fixture.processID)/task"))
        .compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
      for thread in listed where !stopped.threadIDs.contains(thread) {
        // One that was ending may be gone by now.
        guard let state = try? fixture.state(of: thread) else { continue }
        #expect("ZX".contains(state), "thread \(thread) runs")
      }
      for thread in stopped.threadIDs { #expect(try fixture.state(of: thread) == "t") }
    }
    #expect(try fixture.tracer() == "0")
  }

  @Test func `a limit of threads keeps the first ones and says so`() throws {
    let fixture = try Fixture("threads", "10")
    var limits = CaptureLimits()
    limits.threads = 4
    let snapshot = try fixture.capture(limits: limits)
    #expect(snapshot.threads.count == 4)
    #expect(snapshot.softErrors == [SoftError("threads", "only 4 of 11 threads are captured")])
  }

  @Test func `the crashing thread is captured beyond the limit`() throws {
    let fixture = try Fixture("crash")
    var limits = CaptureLimits()
    limits.threads = 0
    let snapshot = try fixture.captureCrash(limits: limits)
    #expect(snapshot.threads.map { $0.threadID } == [try fixture.number(2)])
    #expect(snapshot.crashingThread?.stack != nil)
  }

  @Test func `facts of machine and process are those of proc`() throws {
    let fixture = try Fixture("plain")
    let snapshot = try fixture.capture()
    func text(_ path: String) throws -> String { String(decoding: try FileSystem.read(FilePath(path)), as: UTF8.self) }
    #expect(try text("/proc/sys/kernel/osrelease").trimmingNewline == snapshot.system.kernelRelease)
    #expect(try text("/proc/cpuinfo").hasPrefix(String(decoding: snapshot.system.cpuInfo.prefix(100), as: UTF8.self)))
    #expect(snapshot.system.cpuInfo.count > 100 && snapshot.system.cpuCount > 0)
    #expect(snapshot.process.commandLine == (try FileSystem.read(FilePath("/proc/\(fixture.processID)/cmdline"))))
    #expect(snapshot.process.environment == [], "the environment may hold secrets")
    #expect(snapshot.process.parentProcessID == ProcessIdentity.processID())
    #expect(snapshot.process.executable?.lastComponent == Array("SnapshotFixture".utf8))
    let start = try #require(snapshot.process.startTime)
    #expect(abs(start.seconds - Timestamp.now().seconds) < 60)
    var limits = CaptureLimits()
    limits.readsEnvironment = true
    let environment = try fixture.capture(limits: limits).process.environment
    #expect(environment == (try FileSystem.read(FilePath("/proc/\(fixture.processID)/environ"))))
    #expect(!environment.isEmpty)
  }

  @Test func `the others are there when the main thread has exited`() throws {
    let fixture = try Fixture("leaderless")
    let snapshot = try fixture.capture()
    #expect(snapshot.threads.count == 1)
    #expect(snapshot.threads.first?.threadID != fixture.processID)
    #expect(snapshot.modules.first?.kind == .executable)
    #expect(!snapshot.map.mappings.isEmpty)
    #expect(snapshot.threads.first?.stack != nil)
    #expect(!snapshot.process.commandLine.isEmpty)
  }

  @Test func `stacks hold the stack pointer and the bytes of the process`() throws {
    let fixture = try Fixture("registers")
    let stopped = try StoppedProcess.stop(fixture.processID)
    let access = MemoryAccess.open(process: fixture.processID, thread: stopped.representative)
    let snapshot = ProcessSnapshot.capture(stopped, memory: access)
    let other = try ProcMemMemoryReader(process: fixture.processID, thread: fixture.processID)
    for thread in snapshot.threads {
      let stack = try #require(thread.stack)
      #expect(stack.kept.contains(thread.context.stackPointer))
      #expect(stack.kept.start == thread.context.stackPointer - 128)
      #expect(!stack.isOverflow)
      let count = Int(stack.kept.size)
      #expect(
        try access.reader.readBytes(at: stack.kept.start, count: count)
          == other.readBytes(at: stack.kept.start, count: count))
    }
    // A secondary thread's stack ends where its own data begins.
    let spinner = try #require(snapshot.threads.last)
    #expect(spinner.stack?.whole.end == spinner.context.threadPointer)
  }

  @Test func `the budget goes to the crashing thread first`() throws {
    let fixture = try Fixture("crash")
    var limits = CaptureLimits()
    limits.allStacks = 1024
    limits.crashingStack = 1000
    let snapshot = try fixture.captureCrash(limits: limits)
    #expect(snapshot.crashingThread?.stack?.kept.size == 1000)
    #expect(snapshot.threads.first?.stack?.kept.size == 24)
  }

  @Test func `of a stack beyond the budget the other end is kept as well`() throws {
    let fixture = try Fixture("crash")
    var limits = CaptureLimits()
    limits.crashingStack = 512
    limits.stackBottom = 256
    let snapshot = try fixture.captureCrash(limits: limits)
    let stack = try #require(snapshot.crashingThread?.stack)
    #expect(stack.kept.size == 512)
    let bottom = AddressRange(start: stack.whole.end - 256, size: 256)
    #expect(snapshot.memoryWindows.contains { $0.contains(bottom) })
  }
}

extension String {
  var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
