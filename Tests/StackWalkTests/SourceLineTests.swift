import LinuxSystem
import Testing

@testable import StackWalk

@Suite(.serialized) struct `Source lines` {
  private static let program = """
    #include <sys/ptrace.h>
    #include <signal.h>
    volatile int sink;
    static inline __attribute__((always_inline)) int innermost(int x) {
      *(volatile int *)8 = x;
      return x;
    }
    static inline __attribute__((always_inline)) int inlined(int x) {
      sink = x;
      return innermost(x) + 1;
    }
    __attribute__((noinline)) int outer(int x) {
      int y = inlined(x + 1);
      sink = y;
      return y;
    }
    int main(int argc, char **argv) {
      ptrace(PTRACE_TRACEME, 0, 0, 0);
      sink = outer(argc);
      return sink;
    }
    """

  private func frames(_ walker: StackWalker, _ stopped: StoppedProgram) -> [String] {
    walker.symbolize(walker.walk(stopped.registers)).frames.prefix(4).map { frame in
      let file = frame.file.map { String(decoding: FilePath($0).lastComponent, as: UTF8.self) } ?? "-"
      return "\(frame.symbol ?? "?") \(file):\(frame.line ?? 0)\(frame.isInline ? " inlined" : "")"
    }
  }

  @Test(
    .timeLimit(.minutes(10)),
    arguments: [
      ["-O2", "-g"], ["-O2", "-gdwarf-4"], ["-O1", "-g", "-fdebug-types-section"], ["-O2", "-g", "-gz"],
      ["-O2", "-g", "-gdwarf-aranges"], ["-O2", "-g", "-gz", "-gdwarf-aranges"],
      ["-O1", "-gdwarf-4", "-gz", "-gdwarf-aranges"],
      ["-O1", "-g", "-gz", "-gdwarf-aranges", "-fdebug-types-section"],
    ])
  func `name the functions that were inlined and where each was called`(flags: [String]) throws {
    let compiled = try CompiledProgram(Self.program, .c, flags: flags)
    try compiled.whileStopped { stopped in
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
      #expect(
        frames(walker, stopped) == [
          "innermost program.c:5 inlined", "inlined program.c:10 inlined", "outer program.c:13", "main program.c:19",
        ])
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `come from a separate debug file of the same build`() throws {
    let compiled = try CompiledProgram(Self.program, .c, flags: ["-O2", "-g"])
    let symbols = compiled.directory.appending("symbols")
    try FileSystem.createDirectory(symbols)
    let debug = symbols.appending("program.debug")
    let program = compiled.executable.description
    _ = try capturedOutput(of: ["objcopy", "--only-keep-debug", program, debug.description])
    _ = try capturedOutput(of: ["objcopy", "--strip-all", program])
    try compiled.whileStopped { stopped in
      var options = StackWalker.Options()
      let stripped = StackWalker(memory: stopped.memory, modules: stopped.modules, options: options)
      #expect(frames(stripped, stopped).allSatisfy { !$0.contains("outer") })
      options.symbolDirectories = [symbols]
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules, options: options)
      #expect(
        frames(walker, stopped) == [
          "innermost program.c:5 inlined", "inlined program.c:10 inlined", "outer program.c:13", "main program.c:19",
        ])
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `are left out when nobody wants them`() throws {
    let compiled = try CompiledProgram(Self.program, .c, flags: ["-O2", "-g"])
    try compiled.whileStopped { stopped in
      var options = StackWalker.Options()
      options.readsSourceLines = false
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules, options: options)
      #expect(frames(walker, stopped).first == "outer -:0")
    }
  }
}
