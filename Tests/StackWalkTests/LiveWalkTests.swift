import LinuxSystem
import ProcessMemory
import Testing

@testable import StackWalk

/// Calls go `main`, `outer`, `middle`, `inner`; no call is a tail call.
private let program = """
  #include <sys/ptrace.h>
  #include <signal.h>
  #include <string.h>
  #include <stdlib.h>
  volatile int sink;
  __attribute__((noinline)) int inner(int x) { char area[200]; memset(area, x, sizeof area); STOP; return area[x] + sink; }
  __attribute__((noinline)) int middle(int x) { int y = inner(x + 1); sink = y; return y * 3; }
  __attribute__((noinline)) int outer(int x) { int y = middle(x + 1); sink = y; return y * 5; }
  int main(int argc, char **argv) { ptrace(PTRACE_TRACEME, 0, 0, 0); int y = outer(argc); sink = y; return y & 1; }

  """

private func names(_ walker: StackWalker, _ stopped: StoppedProgram) -> [String] {
  walker.symbolize(walker.walk(stopped.registers)).frames.filter { !$0.isInline }.map { $0.rawSymbol ?? "?" }
}

private let callers = ["inner", "middle", "outer", "main"]

private func stopping(by statement: String) -> String { "#define STOP \(statement)\n" + program }

@Suite(.serialized) struct `Walking a live process` {
  @Test(
    .timeLimit(.minutes(10)),
    arguments: [["-O2", "-fomit-frame-pointer"], ["-O0"], ["-O1", "-fno-omit-frame-pointer"], ["-O2", "-static"]])
  func `call frame information leads to main and beyond`(flags: [String]) throws {
    let compiled = try CompiledProgram(stopping(by: "raise(SIGSTOP)"), .c, flags: flags)
    try compiled.whileStopped { stopped in
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
      #expect(walker.problems.isEmpty)
      let stack = walker.walk(stopped.registers)
      let found = names(walker, stopped)
      let start = try #require(found.firstIndex(of: "inner"), "\(found)")
      #expect(Array(found[start...].prefix(4)) == callers)
      #expect(found.last == "_start")
      #expect(stack.end == .complete)
      #expect(stack.frames.dropFirst().allSatisfy { $0.trust == .cfi })
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `libunwind and our own interpreter agree on every register that matters`() throws {
    let compiled = try CompiledProgram(
      stopping(by: "raise(SIGSTOP)"), .c, flags: ["-O2", "-fomit-frame-pointer"])
    try compiled.whileStopped { stopped in
      var options = StackWalker.Options()
      let byLibrary = StackWalker(memory: stopped.memory, modules: stopped.modules, options: options)
        .walk(stopped.registers)
      options.usesLibunwind = false
      let byUs = StackWalker(memory: stopped.memory, modules: stopped.modules, options: options).walk(
        stopped.registers)
      #expect(byLibrary.frames.count > 5)
      #expect(byLibrary.frames.map(\.instruction) == byUs.frames.map(\.instruction))
      for register in [DWARFRegister.rsp, .rbp, .rbx, .r12, .r13, .r14, .r15] {
        #expect(byLibrary.frames.map { $0.registers[register] } == byUs.frames.map { $0.registers[register] })
      }
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `frame pointers lead to main where call frame information is missing`() throws {
    let compiled = try CompiledProgram(
      stopping(by: "*(volatile int *)8 = 1"), .c,
      flags: ["-O1", "-fno-omit-frame-pointer", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"])
    try compiled.whileStopped { stopped in
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
      let stack = walker.walk(stopped.registers)
      #expect(Array(names(walker, stopped).prefix(4)) == callers)
      #expect(stack.frames[1...3].allSatisfy { $0.trust == .framePointer })
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `a scan of the stack finds main where nothing else helps`() throws {
    let compiled = try CompiledProgram(
      stopping(by: "*(volatile int *)8 = 1"), .c,
      flags: ["-O1", "-fomit-frame-pointer", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"])
    try compiled.whileStopped { stopped in
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
      let stack = walker.walk(stopped.registers)
      let found = names(walker, stopped)
      #expect(Array(found.prefix(4)) == callers)
      #expect(stack.frames[1].trust == .scan)
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `a call of a null pointer is blamed on its caller`() throws {
    let compiled = try CompiledProgram(
      "void (*volatile target)(void);\n" + stopping(by: "target()"), .c, flags: ["-O2"])
    try compiled.whileStopped { stopped in
      #expect(stopped.registers.instruction == 0)
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
      #expect(Array(names(walker, stopped).dropFirst().prefix(4)) == callers)
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: [true, false])
  func `the function that a signal interrupted is found below the handler`(usesLibunwind: Bool) throws {
    let source = """
      #include <signal.h>
      static volatile int handled;
      static void handler(int number) { raise(SIGSTOP); handled = number; }

      """
    let compiled = try CompiledProgram(
      source + stopping(by: "signal(SIGUSR1, handler); raise(SIGUSR1)"), .c, flags: ["-O1"])
    try compiled.whileStopped { stopped in
      var options = StackWalker.Options()
      options.usesLibunwind = usesLibunwind
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules, options: options)
      let stack = walker.walk(stopped.registers)
      let found = names(walker, stopped)
      let handler = try #require(found.firstIndex(of: "handler"), "\(found)")
      #expect(Array(found[(handler + 2)...].drop { $0 != "inner" }.prefix(4)) == callers, "\(found)")
      #expect(stack.frames[handler + 1].isSignalTrampoline)
      #expect(stack.frames[handler + 2].isExact)
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `an endless recursion keeps its first and its last frames`() throws {
    let source = """
      #include <sys/ptrace.h>
      #include <sys/resource.h>
      volatile int sink;
      __attribute__((noinline)) int again(int x) { volatile int y = again(x + 1); return y + sink; }
      int main(int argc, char **argv) {
        struct rlimit limit = {512 << 10, 512 << 10};
        setrlimit(RLIMIT_STACK, &limit);
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        int y = again(argc);
        sink = y;
        return y;
      }
      """
    let compiled = try CompiledProgram(source, .c, flags: ["-O1", "-fno-optimize-sibling-calls"])
    try compiled.whileStopped { stopped in
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
      let stack = walker.walk(stopped.registers)
      #expect(stack.end == .complete)
      #expect(stack.elidedCount > 10_000)
      #expect(stack.frames.count < 1200)
      let found = names(walker, stopped)
      #expect(found.first == "again")
      #expect(found.last == "_start")
      #expect(found.suffix(5).contains("main"))
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `files of another build are refused`() throws {
    let compiled = try CompiledProgram(stopping(by: "raise(SIGSTOP)"), .c, flags: ["-O1"])
    try compiled.whileStopped { stopped in
      let modules = stopped.modules.map { module in
        var module = module
        if module.path == compiled.executable { module.buildID[0] ^= 1 }
        return module
      }
      let walker = StackWalker(memory: stopped.memory, modules: modules)
      let found = names(walker, stopped)
      #expect(!found.contains("main"))
      #expect(walker.problems.map(\.code) == [.otherBuild])
      #expect(walker.problems.first?.message.contains(compiled.executable.description) == true)
      // The process itself still has its call frame information.
      #expect(walker.walk(stopped.registers).end == .complete)
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `a file without a build ID is believed unless it is newer than the crash`() throws {
    let compiled = try CompiledProgram(stopping(by: "raise(SIGSTOP)"), .c, flags: ["-O1", "-Wl,--build-id=none"])
    try compiled.whileStopped { stopped in
      var options = StackWalker.Options()
      let live = StackWalker(memory: stopped.memory, modules: stopped.modules, options: options)
      #expect(names(live, stopped).contains("inner"))
      options.newestFile = Timestamp(seconds: 1_000_000_000)
      let later = StackWalker(memory: stopped.memory, modules: stopped.modules, options: options)
      #expect(!names(later, stopped).contains("inner"))
      #expect(later.problems.map(\.code) == [.newerFile])
      options.symbolDirectories = [compiled.directory]
      let chosen = StackWalker(memory: stopped.memory, modules: stopped.modules, options: options)
      #expect(names(chosen, stopped).contains("inner"))
    }
  }
}
