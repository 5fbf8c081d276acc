import CLinuxShims
import LinuxSystem
import ProcessMemory
import Testing

@testable import StackWalk

private let source = """
  #include <sys/ptrace.h>
  #include <signal.h>
  volatile int sink;
  static __attribute__((noinline)) int inner(int x) { *(volatile int *)8 = x; return x + sink; }
  static __attribute__((noinline)) int outer(int x) { int y = inner(x + 1); sink = y; return y * 5; }
  int main(int argc, char **argv) { ptrace(PTRACE_TRACEME, 0, 0, 0); int y = outer(argc); sink = y; return y & 1; }
  """

@Suite(.serialized) struct `Names of a stripped program come from` {
  /// The names of its frames, after `steps` for a shell in its directory; `$1` is a directory of its own.
  private func names(
    _ steps: String, flags: [String] = ["-O1", "-g"], prepare: (FilePath) -> StackWalker.Options = { _ in .init() }
  ) throws -> [String] {
    let compiled = try CompiledProgram(source, .c, flags: flags)
    let folder = compiled.directory.appending("other")
    try FileSystem.createDirectory(folder)
    let script = "set -e; cd \(compiled.directory); \(steps)"
    _ = try capturedOutput(of: ["sh", "-c", script, "sh", folder.description])
    let options = prepare(folder)
    return try compiled.whileStopped { stopped in
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules, options: options)
      return walker.symbolize(walker.walk(stopped.registers)).frames.map { $0.rawSymbol ?? "?" }
    }
  }

  private static let separate = "objcopy --only-keep-debug program program.debug; strip program; "
  private static let expected = ["inner", "outer", "main"]

  @Test(.timeLimit(.minutes(10))) func `nowhere, when there is nothing`() throws {
    #expect(try !names(Self.separate + "rm program.debug").contains("inner"))
  }

  @Test(.timeLimit(.minutes(10))) func `its compressed symbol table`() throws {
    let found = try names(
      "objcopy --only-keep-debug program small; objcopy -g small; xz small; strip program;"
        + "objcopy --add-section .gnu_debugdata=small.xz program")
    #expect(Array(found.prefix(3)) == Self.expected)
  }

  @Test(.timeLimit(.minutes(10))) func `a damaged compressed table does no harm`() throws {
    let found = try names(
      "head -c 3000 /dev/zero > small; strip program; objcopy --add-section .gnu_debugdata=small program")
    #expect(!found.contains("inner"))
  }

  @Test(.timeLimit(.minutes(10)), arguments: ["", "mkdir .debug; mv program.debug .debug/", "mv program.debug $1/"])
  func `the file behind its debug link`(place: String) throws {
    let found = try names(Self.separate + "objcopy --add-gnu-debuglink=program.debug program; " + place) { folder in
      var options = StackWalker.Options()
      options.symbolDirectories = [folder]
      return options
    }
    #expect(Array(found.prefix(3)) == Self.expected)
  }

  @Test(.timeLimit(.minutes(10)), arguments: [true, false])
  func `a linked file without a build ID only if its checksum is right`(isChanged: Bool) throws {
    let change = isChanged ? "printf x >> program.debug" : ":"
    let found = try names(
      Self.separate + "objcopy --add-gnu-debuglink=program.debug program; " + change,
      flags: ["-O1", "-g", "-Wl,--build-id=none"])
    #expect(found.contains("inner") != isChanged)
  }

  @Test(.timeLimit(.minutes(10))) func `a directory of build IDs`() throws {
    let found = try names(
      Self.separate + "id=$(readelf -n program | sed -n 's/.*Build ID: //p');"
        + "mkdir -p $1/.build-id/$(echo $id | cut -c1-2); mv program.debug $1/.build-id/$(echo $id | cut -c1-2)/$(echo $id | cut -c3-).debug"
    ) { folder in
      var options = StackWalker.Options()
      options.symbolDirectories = [folder]
      return options
    }
    #expect(Array(found.prefix(3)) == Self.expected)
  }

  @Test(.timeLimit(.minutes(10))) func `the cache of debuginfod`() throws {
    defer { unsetenv("DEBUGINFOD_CACHE_PATH") }
    let found = try names(
      Self.separate + "id=$(readelf -n program | sed -n 's/.*Build ID: //p');"
        + "mkdir -p $1/$id; mv program.debug $1/$id/debuginfo"
    ) { folder in
      setenv("DEBUGINFOD_CACHE_PATH", folder.description, 1)
      return .init()
    }
    #expect(Array(found.prefix(3)) == Self.expected)
  }

  @Test func `a checksum is zlib's`() {
    Array("123456789".utf8).withUnsafeBytes { #expect(DebugLink.checksum($0) == 0xcbf4_3926) }
  }
}

@Suite(.serialized) struct `Every instruction of a program` {
  /// Goes through the lazy binding of a library's function and through the vDSO.
  private static let program = """
    #include <sys/ptrace.h>
    #include <signal.h>
    #include <stdlib.h>
    #include <time.h>
    volatile int sink;
    __attribute__((noinline)) int inner(int x) {
      struct timespec t; raise(SIGSTOP); clock_gettime(CLOCK_MONOTONIC, &t); sink = t.tv_nsec; return abs(atoi("12") - x); }
    __attribute__((noinline)) int outer(int x) { int y = inner(x + 1); sink = y; return y * 5; }
    int main(int argc, char **argv) { ptrace(PTRACE_TRACEME, 0, 0, 0); int y = outer(argc); sink = y; kill(getpid(), SIGKILL); return y; }
    """

  @Test(.timeLimit(.minutes(10)))
  func `leads to main: prologues, epilogues, linkage tables, the loader and the vDSO`() throws {
    let compiled = try CompiledProgram(
      "#include <unistd.h>\n" + Self.program, .c, flags: ["-O2", "-fomit-frame-pointer", "-Wl,-z,lazy"])
    try compiled.whileStopped { stopped in
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
      var seen: Set<String> = []
      var steps = 0
      while steps < 3000 {
        var record = user_regs_struct()
        let read = withUnsafeMutablePointer(to: &record) {
          linux_ptrace(Int(PTRACE_GETREGS.rawValue), stopped.processID, 0, UInt(bitPattern: $0))
        }
        try #require(read == 0)
        // Memory changes under the walker.
        let fresh = walker
        fresh.forgetMemory()
        let stack = fresh.walk(Registers(record))
        let names = stack.frames.map { fresh.symbolize($0).last?.rawSymbol ?? "?" }
        #expect(names.contains("main") && names.last == "_start", "step \(steps): \(names)")
        #expect(stack.frames.dropFirst().allSatisfy { $0.trust == .cfi }, "step \(steps): \(names)")
        if let first = stack.frames.first {
          seen.insert(stopped.modules.first { $0.contains(first.instruction) }?.path.description ?? "?")
        }
        if names.first == "main", steps > 100 { break }
        linux_ptrace(Int(PTRACE_SINGLESTEP.rawValue), stopped.processID, 0, 0)
        var status: Int32 = 0
        guard waitpid(stopped.processID, &status, Int32(bitPattern: 0x4000_0000)) == stopped.processID,
          linux_wait_stopped(status) != 0
        else { break }
        steps += 1
      }
      #expect(steps > 500)
      #expect(
        seen.contains { $0.contains("ld-linux") } && seen.contains("[vdso]") && seen.contains { $0.contains("libc") },
        "\(seen)")
    }
  }
}
