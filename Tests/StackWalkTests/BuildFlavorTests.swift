import CLinuxShims
import Foundation
import LinuxSystem
import ProcessMemory
import Testing

@testable import StackWalk

/// A way to build a program, and what has to be found in it.
struct BuildFlavor: Sendable, CustomTestStringConvertible {
  let language: CompiledProgram.Language
  let flags: [String]
  /// Whether names are left to compare.
  var isStripped = false

  var testDescription: String { "\(language) \(flags.joined(separator: " "))" }

  static let all: [BuildFlavor] = [
    BuildFlavor(language: .c, flags: ["-O0", "-g"]),
    BuildFlavor(language: .c, flags: ["-O2", "-g"]),
    BuildFlavor(language: .c, flags: ["-O2", "-fomit-frame-pointer"]),
    BuildFlavor(language: .c, flags: ["-O1", "-fno-omit-frame-pointer"]),
    BuildFlavor(language: .c, flags: ["-O2", "-s"], isStripped: true),
    BuildFlavor(language: .c, flags: ["-O2", "-g", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"]),
    BuildFlavor(language: .c, flags: ["-O2", "-static"]),
    BuildFlavor(language: .c, flags: ["-O2", "-static-pie", "-fuse-ld=lld"]),
    BuildFlavor(language: .cxx, flags: ["-O0", "-g"]),
    BuildFlavor(language: .cxx, flags: ["-O2"]),
    BuildFlavor(language: .cxx, flags: ["-O2", "-s"], isStripped: true),
    BuildFlavor(language: .cxx, flags: ["-O2", "-static"]),
    BuildFlavor(language: .swift, flags: ["-Onone", "-g"]),
    BuildFlavor(language: .swift, flags: ["-O", "-g"]),
    BuildFlavor(language: .swift, flags: ["-Ounchecked", "-g"]),
    BuildFlavor(language: .swift, flags: ["-O", "-g", "-Xcc", "-fno-omit-frame-pointer"]),
    BuildFlavor(language: .swift, flags: ["-O", "-g", "-Xlinker", "-s"], isStripped: true),
    BuildFlavor(language: .swift, flags: ["-O", "-g", "-static-stdlib"]),
    BuildFlavor(language: .swift, flags: ["-O", "-g", "-static-executable"]),
  ]

  /// The functions from the crash to `main`, as parts of the raw names.
  var functions: [String] {
    switch language {
    case .c: ["compare", "inner", "middle", "outer", "main"]
    case .cxx: ["boom", "visit", "middle", "outer", "main"]
    case .swift: ["inner", "middle", "outer", "main"]
    }
  }

  var source: String {
    switch language {
    case .c:
      """
      #include <stdlib.h>
      #include <string.h>
      #include <sys/ptrace.h>
      volatile int sink;
      int compare(const void *a, const void *b) { *(volatile int *)8 = sink; return sink; }
      __attribute__((noinline)) int inner(int x) {
        char area[200]; memset(area, x, sizeof area); int values[3] = {3, 2, x};
        qsort(values, 3, sizeof(int), compare); sink = values[0]; return area[x] + sink; }
      __attribute__((noinline)) int middle(int x) { int y = inner(x + 1); sink = y; return y * 3; }
      __attribute__((noinline)) int outer(int x) { int y = middle(x + 1); sink = y; return y * 5; }
      int main(int argc, char **argv) { ptrace(PTRACE_TRACEME, 0, 0, 0); int y = outer(argc); sink = y; return y & 1; }
      """
    case .cxx:
      """
      #include <functional>
      #include <map>
      #include <string>
      #include <sys/ptrace.h>
      volatile int sink;
      struct Shape { virtual ~Shape() {} virtual int boom(int) = 0; };
      struct Square : Shape {
        __attribute__((noinline)) int boom(int x) override { std::string s(x + 40, 'a'); *(volatile int *)8 = x; return s.size() + sink; } };
      template <typename T> __attribute__((noinline)) int visit(const std::function<T(T)> &f, T x) { T y = f(x); sink = y; return y + 1; }
      namespace shop {
      __attribute__((noinline)) int middle(Shape &shape, int x) {
        try { std::map<std::string, int> m; m["a"] = x; int y = visit<int>([&](int v) { int w = shape.boom(v); sink = w; return w; }, m["a"]); sink = y; return y; }
        catch (const std::exception &) { return 1; } }
      }
      __attribute__((noinline)) int outer(int x) { Square s; int y = shop::middle(s, x + 1); sink = y; return y * 5; }
      int main(int argc, char **argv) { ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); int y = outer(argc); sink = y; return y & 1; }
      """
    case .swift:
      """
      protocol Till { func inner(_ x: Int) -> Int }
      struct Shop: Till {
        @inline(never) func inner(_ x: Int) -> Int {
          let words = (0..<x).map { "\\($0)" }
          UnsafeMutablePointer<Int>(bitPattern: 8)!.pointee = words.count
          return words.count
        }
      }
      @inline(never) func middle<T: Till>(_ till: T, _ x: Int) -> Int { let y = till.inner(x + 1); return y * 3 + x }
      @inline(never) func outer(_ x: Int) -> Int { let y = [x, x].map { middle(Shop(), $0 + 1) + x }; return y[0] + 1 }
      trace_me()
      let result = outer(Int(CommandLine.argc))
      print(result)
      """
    }
  }
}

@Suite(.serialized) struct `Frames of every build` {
  struct TheirFrame { let address: UInt64, name: String }

  private static func reader(_ name: String) -> String {
    FilePath(#filePath).directory.directory.appending("CompatibilityReaders").appending(name).description
  }

  private static func gdb(_ process: Int32) throws -> [TheirFrame] {
    let output = try capturedOutput(
      of: [
        "gdb", "-q", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-p", "\(process)", "-x",
        reader("walk_gdb.py"),
      ])
    return output.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ", maxSplits: 2)
      guard words.count == 3, words[0] == "FRAME", let address = UInt64(words[1].dropFirst(2), radix: 16) else {
        return nil
      }
      return TheirFrame(address: address, name: String(words[2]))
    }
  }

  private static func breakpad(_ dump: FilePath, _ modules: [CodeModule]) throws -> [UInt64] {
    let peers = try #require(EnvironmentVariable.value("SENTRY_TEST_PEERS"), "run Scripts/peers first")
    let files = modules.filter { $0.path.isAbsolute }.map { "0x\(String($0.base, radix: 16))=\($0.path)" }
    let python = peers.appending("venv/bin/python3").description
    let output = try capturedOutput(of: [python, reader("walk_symbolic.py"), dump.description] + files)
    let frames = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String]])
    return frames.compactMap { UInt64($0[0].dropFirst(2), radix: 16) }
  }

  /// Leaves the program standing where it crashed, for others to attach to.
  private static func release(_ process: Int32) throws {
    try #require(linux_ptrace(Int(PTRACE_DETACH.rawValue), process, 0, UInt(SIGSTOP)) == 0)
    let stat = FilePath("/proc/\(process)/stat")
    while !String(decoding: try FileSystem.read(stat), as: UTF8.self).contains(") T ") { sched_yield() }
  }

  @Test(.timeLimit(.minutes(10)), arguments: BuildFlavor.all)
  func `are those of gdb on the process and of the Breakpad processor on the dump`(flavor: BuildFlavor) throws {
    let compiled = try CompiledProgram(flavor.source, flavor.language, flags: flavor.flags)
    try compiled.whileStopped { stopped in
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
      let stack = walker.walk(stopped.registers)
      let ours = stack.frames.map(\.instruction)
      let names = stack.frames.map { walker.symbolize($0).last?.rawSymbol ?? "?" }
      if !flavor.isStripped {
        var rest = names[...]
        for function in flavor.functions {
          let place = try #require(rest.firstIndex { $0.contains(function) }, "\(function) in \(names)")
          rest = rest[(place + 1)...]
        }
      }
      try Self.release(stopped.processID)
      let theirs = try Self.gdb(stopped.processID)
      func text(_ addresses: [UInt64]) -> String { addresses.map { String($0, radix: 16) }.joined(separator: " ") }
      #expect(theirs.count >= flavor.functions.count)
      // gdb stops at `main`, unless it has no name for it.
      let common = Array(ours.prefix(theirs.count))
      #expect(common == theirs.map(\.address), "\(text(common)) | \(text(theirs.map(\.address))) | \(names)")

      let dump = compiled.directory.appending("dump")
      let crashctl = try FileSystem.executable().directory.appending("crashctl").description
      _ = try capturedOutput(of: [crashctl, "dump", "\(stopped.processID)", "-o", dump.description, "--style", "smart"])
      let processed = try Self.breakpad(dump, stopped.modules)
      let shared = min(ours.count, processed.count)
      #expect(shared >= flavor.functions.count)
      #expect(
        Array(ours.prefix(shared)) == Array(processed.prefix(shared)), "\(text(ours)) | \(text(processed)) | \(names)")
    }
  }
}
