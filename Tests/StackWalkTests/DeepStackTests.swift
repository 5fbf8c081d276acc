import LinuxSystem
import ProcessMemory
import Testing

@testable import StackWalk

/// The memory of a process without a part of it.
private final class PartialMemory: MemoryReader {
  private let memory: any MemoryReader
  private let missing: AddressRange

  init(_ memory: any MemoryReader, without missing: AddressRange) {
    self.memory = memory
    self.missing = missing
  }

  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    if missing.contains(address) { return 0 }
    guard address < missing.start else { return memory.read(at: address, into: buffer) }
    let count = min(buffer.count, Int(clamping: missing.start - address))
    return memory.read(at: address, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
  }
}

/// Calls go `main`, `outer`, `middle`, `inner`. In the room of `middle` lies what earlier calls have left: two frames, of
/// which the first leads to the second and that one to nothing.
private let program = """
  #include <sys/ptrace.h>
  #include <signal.h>
  #include <stdint.h>
  volatile int sink;
  static uintptr_t left;
  __attribute__((noinline)) void leave(void) { left = (uintptr_t)__builtin_return_address(0); sink++; }
  __attribute__((noinline)) void earlier(void) { leave(); sink++; }
  __attribute__((noinline)) int inner(volatile uintptr_t *room) { raise(SIGSTOP); return (int)room[1] + sink; }
  __attribute__((noinline)) int middle(int x) {
    volatile uintptr_t room[1024];
    for (int i = 0; i < 1024; i++) room[i] = 0;
    room[0] = 0x1122334455667788;
    room[4] = (uintptr_t)&room[8];
    room[5] = left;
    room[8] = 1;
    room[9] = left;
    int y = inner(room) + x;
    sink = y;
    return y * 3;
  }
  __attribute__((noinline)) int outer(int x) { int y = middle(x + 1); sink = y; return y * 5; }
  int main(int argc, char **argv) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    earlier();
    int y = outer(argc);
    sink = y;
    return y & 1;
  }

  """

@Suite(.serialized) struct `A stack whose middle is missing` {
  /// A dump of an endless recursion in `main` ended in functions of Swift's runtime, which had run before `main`.
  @Test(.timeLimit(.minutes(10)))
  func `goes on at frames that lead to its beginning, not at what earlier calls have left`() throws {
    let compiled = try CompiledProgram(program, .c, flags: ["-O1", "-fno-omit-frame-pointer"])
    try compiled.whileStopped { stopped in
      let start = try #require(stopped.registers.stackPointer)
      let words = try stopped.memory.readBytes(at: start, count: 4096)
      let mark: [UInt8] = [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]
      let offset = try #require(words.firstRange(of: mark)?.lowerBound)
      let missing = try #require(AddressRange(start: start + 64, end: start + UInt64(offset)))
      let walker = StackWalker(memory: PartialMemory(stopped.memory, without: missing), modules: stopped.modules)
      let stack = walker.walk(stopped.registers, over: missing)
      let names = walker.symbolize(stack).frames.filter { !$0.isInline }.map { $0.rawSymbol ?? "?" }
      let gap = try #require(stack.gap)
      #expect(Array(names[(gap.after + 1)...].prefix(2)) == ["outer", "main"], "\(names)")
      #expect(stack.end == .complete)
    }
  }
}
