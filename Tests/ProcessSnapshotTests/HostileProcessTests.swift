// Tests that no content of a process's memory and no size of it ends the capture.
import LinuxSystem
import ProcessMemory
import ProcessSnapshot
import SentryNativeTesting
import Testing

/// Another reader's memory with bits flipped, differently for each seed but always alike for the same one.
private final class DamagedMemoryReader: MemoryReader {
  private let base: any MemoryReader
  private var state: UInt64
  /// One byte in this many is damaged.
  private let rarity: UInt64

  init(_ base: any MemoryReader, seed: UInt64, rarity: UInt64) {
    self.base = base
    state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    self.rarity = rarity
  }

  private func random() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = base.read(at: address, into: buffer)
    guard count > 0 else { return count }
    for _ in 0..<(UInt64(count) / rarity + (random() % rarity < UInt64(count) % rarity ? 1 : 0)) {
      let value = random()
      // Often the values that break arithmetic.
      buffer[Int(value % UInt64(count))] =
        [0, 0xff, 0x80, 0x7f, UInt8(truncatingIfNeeded: value >> 32)][Int((value >> 40) % 5)]
    }
    return value(count)
  }

  /// Sometimes memory ends early.
  private func value(_ count: Int) -> Int { random() % 64 == 0 ? count / 2 : count }
}

@Suite(.timeLimit(.minutes(10))) struct `Hostile processes` {
  @Test(arguments: [8, 64, 1024] as [UInt64])
  func `any damage of the memory is survived`(rarity: UInt64) throws {
    let fixture = try Fixture("crash")
    let stopped = try StoppedProcess.stop(fixture.processID)
    let access = MemoryAccess.open(process: fixture.processID, thread: stopped.representative)
    let request = ExceptionRequest(informationAddress: try fixture.address(0), stackAddress: try fixture.address(1))
    var limits = CaptureLimits()
    limits.modules = 64
    for seed in 0..<10 {
      let damaged = DamagedMemoryReader(access.reader, seed: UInt64(seed), rarity: rarity)
      let snapshot = ProcessSnapshot.capture(
        stopped, memory: MemoryAccess(reader: damaged, strategy: access.strategy), request: request, limits: limits)
      // What does not come out of the memory is there all the same.
      #expect(snapshot.threads.count == 2)
      #expect(!snapshot.map.mappings.isEmpty)
      #expect(snapshot.modules.count <= 64)
    }
  }

  @Test func `sixty thousand mappings are read`() throws {
    let fixture = try Fixture("mappings", "60000")
    let snapshot = try fixture.capture()
    #expect(snapshot.map.mappings.count > 60000)
    #expect(snapshot.modules.first?.kind == .executable)
    #expect(snapshot.softErrors == [])
  }

  @Test func `two thousand threads are stopped, captured and set free`() throws {
    let fixture = try Fixture("threads", "2000")
    let snapshot = try fixture.capture()
    #expect(snapshot.threads.count == 2001)
    #expect(snapshot.threads.allSatisfy { $0.stack != nil && !$0.context.floatingPoint.isEmpty })
    #expect(snapshot.softErrors == [])
    try waitUntil("all of them sleep again") {
      try snapshot.threads.allSatisfy { try fixture.state(of: $0.threadID) == "S" }
    }
  }
}
