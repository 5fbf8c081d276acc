// Tests of memory as the rules of a sanitized report allow it.
import LinuxSystem
import ProcessMemory
import ProcessSnapshot
import Testing

@testable import MinidumpCapture

@Suite struct `Sanitized memory` {
  private let filler: [UInt8] = [0xed, 0xac, 0xef, 0x0d, 0xed, 0xac, 0xef, 0x0d]
  /// The stack at 0x7003 ..< 0x7045: words that are small, a secret, code, a stack, just beyond a module, small again.
  private let words: [UInt64] = [5, 0x7069_6873_6465_7461, 0x40_0010, 0x7010, 0x40_1000, 4096, 4097, 0]

  private func bytes(_ values: [UInt64]) -> [UInt8] {
    values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
  }

  private func memory(sanitizes: Bool, allowed: [AddressRange] = []) -> SanitizedMemory {
    let base = BytesMemoryReader(at: 0x7000, [UInt8](repeating: 1, count: 8) + bytes(words) + [2, 2, 2, 2, 2, 2, 2, 2])
    base.add([UInt8](repeating: 3, count: 64), at: 0x9000)
    var snapshot = ProcessSnapshot(processID: 1)
    snapshot.modules = [
      ModuleSnapshot(
        kind: .executable, range: AddressRange(start: 0x40_0000, size: 0x1000), loadBias: 0, path: "/x",
        headerAddress: 0x40_0000)
    ]
    var thread = ThreadSnapshot(threadID: 1, context: CPUContext(general: GeneralRegisters()))
    let stack = AddressRange(start: 0x7003, size: 0x7045 - 0x7003 + 8)
    thread.stack = StackRegion(whole: stack, kept: stack, isOverflow: false)
    snapshot.threads = [thread]
    return SanitizedMemory(
      base, of: snapshot, SanitizationRules(allowedMemory: allowed, sanitizesStacks: sanitizes))
  }

  private func expected() -> [UInt8] {
    filler[3...] + bytes([5]) + filler + bytes([0x40_0010, 0x7010]) + filler + bytes([4096]) + filler + bytes([0])
      + filler[..<5]
  }

  @Test func `keeps words that say nothing`() {
    let memory = memory(sanitizes: true)
    #expect(memory.readAvailable(at: 0x7003, count: 0x4a) == expected())
  }

  @Test func `is the same however it is cut`() {
    let memory = memory(sanitizes: true)
    for size in 1..<20 {
      var whole: [UInt8] = []
      while whole.count < 0x4a {
        let part = memory.readAvailable(at: 0x7003 + UInt64(whole.count), count: min(size, 0x4a - whole.count))
        if part.isEmpty { break }
        whole += part
      }
      #expect(whole == expected(), "\(size)")
    }
  }

  @Test func `ends with the stack, and begins with it`() {
    for sanitizes in [true, false] {
      let memory = memory(sanitizes: sanitizes)
      #expect(memory.readAvailable(at: 0x7003, count: 4096).count == 0x4a)
      #expect(memory.readAvailable(at: 0x7002, count: 4096).isEmpty)
      #expect(memory.readAvailable(at: 0x9000, count: 1).isEmpty)
    }
    #expect(memory(sanitizes: false).readAvailable(at: 0x7008, count: 64) == bytes(words))
  }

  @Test func `has what is allowed, and stacks in it only by their own rule`() {
    let ranges = [AddressRange(start: 0x6000, size: 0x2000), AddressRange(start: 0x9008, size: 8)]
    let memory = memory(sanitizes: true, allowed: ranges)
    #expect(memory.readAvailable(at: 0x9008, count: 64) == [UInt8](repeating: 3, count: 8))
    #expect(memory.readAvailable(at: 0x9007, count: 1).isEmpty)
    // From the allowed bytes before the stack into it.
    #expect(memory.readAvailable(at: 0x7000, count: 0x4d) == [1, 1, 1] + expected())
  }
}
