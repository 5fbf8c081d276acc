import LinuxSystem
import ProcessMemory
import Testing

@testable import StackWalk

/// Stacks of other processors, made word by word.
@Suite struct `Stacks of other processors` {
  private static let code: UInt64 = 0x40_0000
  private static let stack: UInt64 = 0x7000_0000
  private let module = CodeModule(base: code, size: 0x1_0000, path: "/does/not/exist", buildID: [1])

  private func walk(
    _ architecture: StackArchitecture, words: [UInt64], size: Int, frame: UInt64?, link: UInt64? = nil,
    change: (inout StackWalker.Options) -> Void = { _ in }
  ) -> WalkedStack {
    let bytes = words.flatMap { word in (0..<size).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) } }
    let registers = ForeignRegisters(
      instruction: Self.code + 0x10, stackPointer: Self.stack, framePointer: frame, link: link)
    var options = StackWalker.Options()
    change(&options)
    return StackWalker(memory: BytesMemoryReader(at: Self.stack, bytes), modules: [module], options: options)
      .walk(registers, on: architecture)
  }

  private func offsets(_ stack: WalkedStack) -> [UInt64] { stack.frames.map { $0.instruction &- Self.code } }

  @Test func `of arm64 go from the link register along the frame pointers, without signatures`() {
    let words: [UInt64] = [
      7, 8, Self.stack + 48, 0x00ab_0000_0000_0000 | Self.code + 0x300, 9, 9, 0, Self.code + 0x400,
    ]
    let stack = walk(.arm64, words: words, size: 8, frame: Self.stack + 16, link: Self.code + 0x200)
    #expect(offsets(stack) == [0x10, 0x200, 0x300, 0x400])
    #expect(stack.frames.map(\.trust) == [.context, .framePointer, .framePointer, .framePointer])
  }

  @Test func `of x86 go along the frame pointers`() {
    let words: [UInt64] = [1, 2, Self.stack + 20, Self.code + 0x100, 5, 0, Self.code + 0x200, 0, 0]
    let stack = walk(.x86, words: words, size: 4, frame: Self.stack + 8)
    #expect(offsets(stack) == [0x10, 0x100, 0x200])
    #expect(stack.frames.last?.trust == .framePointer)
  }

  @Test func `of arm and RISC-V too, each in its own layout`() {
    let arm = walk(
      .arm, words: [1, Self.stack + 16, Self.code + 0x101, 3, 0, 0], size: 4, frame: Self.stack + 4)
    #expect(offsets(arm) == [0x10, 0x100])
    let riscv = walk(
      .riscv64, words: [1, Self.stack + 56, Self.code + 0x100, 3, 0, 0, 0], size: 8, frame: Self.stack + 24)
    #expect(offsets(riscv).prefix(2) == [0x10, 0x100])
  }

  @Test(arguments: [(StackArchitecture.other(is64Bit: true), 8), (.other(is64Bit: false), 4), (.arm64, 8)])
  func `without frame pointers are scanned, and their trust says so`(architecture: StackArchitecture, size: Int) {
    let words: [UInt64] = [1, 2, Self.code + 0x100, 3, 4, 0xffff_0000, Self.code + 0x200, 5]
    let stack = walk(architecture, words: words, size: size, frame: nil)
    #expect(offsets(stack) == [0x10, 0x100, 0x200])
    #expect(stack.frames.dropFirst().allSatisfy { $0.trust == .scan })
  }

  @Test func `end whatever they hold`() {
    let architectures: [StackArchitecture] = [
      .x86, .arm, .arm64, .riscv64, .other(is64Bit: true), .other(is64Bit: false),
    ]
    for architecture in architectures {
      for value in [0, 1, Self.code, Self.stack, Self.stack + 8, .max, .max - 7, 1 << 63] as [UInt64] {
        let words = [UInt64](repeating: value, count: 64)
        let stack = walk(
          architecture, words: words, size: 8, frame: value, link: value, change: { $0.frameLimit = 10_000 })
        #expect(stack.frames.count <= 200)
        var registers = ForeignRegisters(instruction: value, stackPointer: value, framePointer: value, link: value)
        let walker = StackWalker(
          memory: BytesMemoryReader(at: value & ~7, [UInt8](repeating: 0xff, count: 64)), modules: [module])
        #expect(walker.walk(registers, on: architecture).frames.count <= 20)
        registers.stackPointer = nil
        #expect(walker.walk(registers, on: architecture).frames.count <= 20)
      }
    }
  }
}
