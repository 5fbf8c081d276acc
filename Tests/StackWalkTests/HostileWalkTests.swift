@testable import CallFrames
import ELFImage
import LinuxSystem
import ProcessMemory
import Testing

@testable import StackWalk

/// Numbers that look random and are the same in every run (SplitMix64).
private struct FixedRandomness: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

private let fixture = """
  #include <sys/ptrace.h>
  #include <signal.h>
  volatile int sink;
  __attribute__((noinline)) int inner(int x) { raise(SIGSTOP); return x + sink; }
  __attribute__((noinline)) int outer(int x) { int y = inner(x + 1); sink = y; return y * 5; }
  int main(int argc, char **argv) { ptrace(PTRACE_TRACEME, 0, 0, 0); int y = outer(argc); sink = y; return y & 1; }
  """

@Suite(.serialized) struct `Damaged stacks` {
  @Test(.timeLimit(.minutes(10)), arguments: [true, false])
  func `of random registers and words end`(usesLibunwind: Bool) throws {
    let compiled = try CompiledProgram(fixture, .c, flags: ["-O1"])
    try compiled.whileStopped { stopped in
      var randomness = FixedRandomness(state: 7)
      let modules = stopped.modules
      for _ in 0..<15 {
        // A stack of words that point into code, into the stack, or nowhere.
        let base: UInt64 = 0x7ffd_0000_0000
        var words: [UInt64] = []
        for _ in 0..<2048 {
          let module = modules[Int(randomness.next() % UInt64(modules.count))]
          switch randomness.next() % 4 {
          case 0: words.append(module.base &+ randomness.next() % module.size)
          case 1, 2: words.append(base &+ (randomness.next() % 2048) * 8)
          default: words.append(randomness.next())
          }
        }
        let memory = BytesMemoryReader(
          at: base, words.flatMap { word in (0..<8).map { UInt8(word >> ($0 * 8) & 0xff) } })
        var registers = Registers()
        for number in UInt64(0)..<17 { registers[DWARFRegister(number)] = words[Int(randomness.next() % 2048)] }
        registers[.rsp] = base &+ randomness.next() % 4096
        var options = StackWalker.Options()
        options.usesLibunwind = usesLibunwind
        let walker = StackWalker(memory: memory, modules: modules, options: options)
        let stack = walker.walk(registers)
        #expect(stack.frames.count <= 2049)
        #expect(!walker.symbolize(stack).frames.isEmpty)
        let pointers = stack.frames.filter { !$0.isSignalTrampoline }.compactMap { $0.registers.stackPointer }
        #expect(
          zip(pointers, pointers.dropFirst()).allSatisfy { $0 < $1 } || stack.frames.contains { $0.isSignalTrampoline })
      }
    }
  }

  @Test func `whose frame pointers form a ring end`() {
    let base: UInt64 = 0x7000_0000
    // Two frames that name each other as caller; the code is not there, so that every address of the module counts.
    let words: [UInt64] = [base + 16, 0x40_1000, base, 0x40_1000]
    let memory = BytesMemoryReader(at: base, words.flatMap { word in (0..<8).map { UInt8(word >> ($0 * 8) & 0xff) } })
    var registers = Registers()
    registers.instruction = 0x40_1000
    registers.stackPointer = base
    registers.framePointer = base
    let module = CodeModule(base: 0x40_0000, size: 0x10000, path: "/does/not/exist", buildID: [1])
    let stack = StackWalker(memory: memory, modules: [module]).walk(registers)
    #expect(stack.frames.count >= 2 && stack.frames.count < 8)
    #expect(stack.end == .lost)
  }

  @Test func `at the ends of the address space end`() {
    let module = CodeModule(base: UInt64.max - 100, size: 200, path: "/x", buildID: [])
    let whole = CodeModule(base: 0, size: UInt64.max, path: "", buildID: [])
    for value in [0, 1, 7, 8, .max, .max - 7, 1 << 63, (1 << 47) - 8] as [UInt64] {
      var registers = Registers()
      for number in UInt64(0)..<17 { registers[DWARFRegister(number)] = value }
      let memory = BytesMemoryReader(at: value & ~7, [UInt8](repeating: 0xff, count: 64))
      for modules in [[], [module], [whole], [module, whole]] as [[CodeModule]] {
        let walker = StackWalker(memory: memory, modules: modules)
        let stack = walker.walk(registers)
        #expect(stack.frames.count < 20)
        #expect(walker.symbolize(stack).frames.count == stack.frames.count)
      }
    }
  }

  @Test func `without any register have no frames`() {
    let stack = StackWalker(memory: BytesMemoryReader(), modules: []).walk(Registers())
    #expect(stack.frames.isEmpty)
    #expect(stack.end == .lost)
  }
}

@Suite(.serialized) struct `Damaged call frame information` {
  /// A module in memory with an `.eh_frame_hdr` and an `.eh_frame`, whose bytes are changed one after the other.
  @Test(.timeLimit(.minutes(10)), arguments: [true, false])
  func `ends a walk and nothing else`(usesLibunwind: Bool) throws {
    let compiled = try CompiledProgram(fixture, .c, flags: ["-O1", "-fomit-frame-pointer"])
    try compiled.whileStopped { stopped in
      let module = try #require(stopped.modules.first { $0.path == compiled.executable })
      let mapped = try #require(MappedELF(compiled.executable))
      let table = try #require(mapped.headers.unwindTable)
      let section = try #require(mapped.elf.section(named: ".eh_frame"))
      let start = Int(min(table.virtualAddress, section.address))
      let end = Int(max(table.virtualAddress + table.memorySize, section.address + section.size))
      let original = try stopped.memory.readBytes(at: module.base, count: Int(module.size))
      let stackPointer = try #require(stopped.registers.stackPointer)
      let stackBytes = stopped.memory.readAvailable(at: stackPointer, count: 8192)
      // The registers in `inner`, as a sound walk finds them.
      let sound = StackWalker(memory: stopped.memory, modules: stopped.modules)
      let stack = sound.walk(stopped.registers)
      let inner = try #require(
        stack.frames.first { sound.symbolize($0).last?.rawSymbol == "inner" })
      var randomness = FixedRandomness(state: 3)
      var options = StackWalker.Options()
      options.usesLibunwind = usesLibunwind
      options.usesLocalFiles = false
      for _ in 0..<300 {
        var damaged = original
        for _ in 0..<3 {
          damaged[start + Int(randomness.next() % UInt64(end - start))] = UInt8(truncatingIfNeeded: randomness.next())
        }
        let memory = BytesMemoryReader(at: module.base, damaged)
        memory.add(stackBytes, at: stackPointer)
        let walker = StackWalker(memory: memory, modules: [module], options: options)
        #expect(walker.walk(inner.registers).frames.count < 200)
      }
    }
  }

  @Test func `is refused by the expression machine where it is no expression`() {
    var randomness = FixedRandomness(state: 1)
    for _ in 0..<2000 {
      let code = (0..<Int(randomness.next() % 40)).map { _ in UInt8(truncatingIfNeeded: randomness.next()) }
      var registers = Registers()
      registers[.rsp] = randomness.next()
      var evaluator = ExpressionEvaluator(
        registers: registers, memory: BytesMemoryReader(at: 0, [UInt8](repeating: 1, count: 64)))
      _ = evaluator.evaluate(code, initial: randomness.next())
    }
    // An endless loop: skip -3.
    var evaluator = ExpressionEvaluator(registers: Registers(), memory: BytesMemoryReader())
    #expect(evaluator.evaluate([0x2f, 0xfd, 0xff], initial: 0) == nil)
    // (7 + 5) * 2 - 1
    #expect(evaluator.evaluate([0x37, 0x35, 0x22, 0x32, 0x1e, 0x31, 0x1c], initial: nil) == 23)
  }
}
