// Tests of calls found by the address that they return to.
import ProcessMemory
import Testing

@Suite struct `Calls in machine code` {
  @Test(
    arguments: [
      [0, 0, 0xe8, 1, 2, 3, 4], [0, 0, 0, 0, 0, 0xff, 0xd0], [0, 0, 0, 0, 0x41, 0xff, 0xd4],
      [0, 0, 0, 0, 0xff, 0x50, 8],
      [0, 0xff, 0x15, 1, 2, 3, 4], [0xff, 0x94, 0x24, 1, 2, 3, 4], [0, 0, 0, 0, 0xff, 0x14, 0x24],
      [0, 0, 0, 0xff, 0x54, 0x24, 8], [0, 0xff, 0x90, 1, 2, 3, 4],
    ] as [[UInt8]])
  func `are recognised in every form`(code: [UInt8]) { #expect(CallInstruction.ends(code)) }

  @Test(
    arguments: [
      [0, 0, 0, 0, 0, 0, 0], [0, 0, 0xe9, 1, 2, 3, 4], [0, 0, 0, 0, 0, 0xff, 0xe0],
      [0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3],
      [0xff, 0xd0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0xff, 0x54, 8], [], [0xff, 0xd0],
    ] as [[UInt8]])
  func `are told from other instructions`(code: [UInt8]) { #expect(!CallInstruction.ends(code)) }
}
