// Provides programs that the tests compile, run until they stop, and walk.
import CLinuxShims
import LinuxSystem
import ProcessMemory

@testable import StackWalk

/// A compiled program in a directory of its own, removed with the object.
final class CompiledProgram {
  let directory: FilePath
  var executable: FilePath { directory.appending("program") }

  enum Language: Sendable { case c, cxx, swift }

  /// Gives Swift programs `ptrace(2)`, which is variadic, as `trace_me()`, and a place to stay: `stay_here()` prints the
  /// number of the thread.
  private static let traceHeader = """
    #define _GNU_SOURCE 1
    #include <signal.h>
    #include <sys/ptrace.h>
    #include <stdio.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    static inline void trace_me(void) { ptrace(PTRACE_TRACEME, 0, 0, 0); }
    __attribute__((noinline)) static void stay_here(void) {
      dprintf(1, "%ld\\n", syscall(SYS_gettid));
      for (;;) pause();
    }
    __attribute__((noinline)) static void await_tracer(void) {
      sigset_t signals;
      int signal;
      sigemptyset(&signals);
      sigaddset(&signals, SIGUSR1);
      sigprocmask(SIG_BLOCK, &signals, NULL);
      dprintf(1, "%ld\\n", syscall(SYS_gettid));
      sigwait(&signals, &signal);
    }
    """

  /// - Parameter flags: for clang or swiftc.
  init(_ source: String, _ language: Language, flags: [String] = []) throws {
    directory = FileSystem.temporaryDirectory.appending("sentry-native-\(UniqueID.random())")
    try FileSystem.createDirectory(directory)
    let file = directory.appending(language == .c ? "program.c" : language == .cxx ? "program.cc" : "main.swift")
    try FileSystem.write(Array(source.utf8), to: file)
    let compiler = language == .c ? "clang" : language == .cxx ? "clang++" : "swiftc"
    // The linker of the toolchain does not write a build ID unless it is told to.
    var identifier = ["-Wl,--build-id=sha1"]
    if language == .swift {
      let header = directory.appending("trace.h")
      try FileSystem.write(Array(Self.traceHeader.utf8), to: header)
      identifier = ["-Xlinker", "--build-id=sha1", "-import-objc-header", header.description]
    }
    let arguments = ["/usr/bin/env", compiler, "-o", executable.description, file.description] + identifier + flags
    let child = try ChildProcess.spawn("/usr/bin/env", arguments: arguments.map { FilePath($0) })
    guard try child.wait() == .exited(status: 0) else { throw Failure.compiler }
  }

  deinit { try? FileSystem.removeTree(directory) }

  enum Failure: Error { case compiler, notStopped, noRegisters, ptrace(Errno) }

  /// Runs the program until it stops itself with SIGSTOP or would die of a signal, and calls `body` with it.
  ///
  /// The program has to call `ptrace(PTRACE_TRACEME)` itself: the tracer is the thread that runs the test.
  func whileStopped<Result>(_ body: (StoppedProgram) throws -> Result) throws -> Result {
    let child = try ChildProcess.spawn(
      executable, arguments: [executable], environment: ["SWIFT_BACKTRACE=enable=no"],
      output: .null, error: .null)
    defer {
      child.send(signal: SIGKILL)
      // Every stop that was pending comes before the end.
      while let status = Self.wait(child.processID), linux_wait_stopped(status) != 0 {}
    }
    while true {
      guard let status = Self.wait(child.processID), linux_wait_stopped(status) != 0 else { throw Failure.notStopped }
      // SIGUSR1 is for the program's own handler.
      if linux_wait_stop_signal(status) != SIGUSR1 { break }
      _ = linux_ptrace(Int(PTRACE_CONT.rawValue), child.processID, 0, UInt(SIGUSR1))
    }
    return try body(StoppedProgram(processID: child.processID))
  }

  private static func wait(_ process: Int32) -> Int32? {
    var status: Int32 = 0
    return waitpid(process, &status, Int32(bitPattern: 0x4000_0000) /* __WALL */) == process ? status : nil
  }

  /// Runs the program until one of its threads calls `stay_here()`, and calls `body` with that thread stopped.
  func whileStaying<Result>(_ body: (StoppedProgram) throws -> Result) throws -> Result {
    try whileTraced(untilItDies: false, body)
  }

  /// Runs the program until a thread that called `await_tracer()` would die of a signal, and calls `body` with it.
  func whileDying<Result>(_ body: (StoppedProgram) throws -> Result) throws -> Result {
    try whileTraced(untilItDies: true, body)
  }

  private func whileTraced<Result>(untilItDies: Bool, _ body: (StoppedProgram) throws -> Result) throws -> Result {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failure.notStopped }
    let input = OwnedFileDescriptor(owning: ends[0])
    let output = OwnedFileDescriptor(owning: ends[1])
    let child = try ChildProcess.spawn(
      executable, arguments: [executable], environment: ["SWIFT_BACKTRACE=enable=no"],
      output: .descriptor(output.rawValue), error: .null)
    defer {
      child.send(signal: SIGKILL)
      _ = try? child.wait()
    }
    var line: [UInt8] = []
    while line.last != UInt8(ascii: "\n") {
      var byte: UInt8 = 0
      guard try withUnsafeMutableBytes(of: &byte, { try input.read(into: $0) }) == 1 else { throw Failure.notStopped }
      line.append(byte)
    }
    guard let thread = Int32(String(decoding: line.dropLast(), as: UTF8.self)),
      linux_ptrace(0x4206 /* PTRACE_SEIZE */, thread, 0, 0) == 0
    else { throw Failure.notStopped }
    if untilItDies {
      _ = tgkill(child.processID, thread, SIGUSR1)
    } else {
      _ = linux_ptrace(0x4207 /* PTRACE_INTERRUPT */, thread, 0, 0)
    }
    guard let status = Self.wait(thread), linux_wait_stopped(status) != 0 else { throw Failure.notStopped }
    defer { _ = linux_ptrace(Int(PTRACE_DETACH.rawValue), thread, 0, 0) }
    return try body(StoppedProgram(processID: thread))
  }
}

/// A program that stands still under ptrace.
struct StoppedProgram {
  let processID: Int32
  let registers: Registers
  let modules: [CodeModule]
  let memory: any MemoryReader

  init(processID: Int32) throws {
    self.processID = processID
    memory = ProcessVMMemoryReader(thread: processID)
    var record = user_regs_struct()
    let result = withUnsafeMutablePointer(to: &record) {
      linux_ptrace(Int(PTRACE_GETREGS.rawValue), processID, 0, UInt(bitPattern: $0))
    }
    guard result == 0 else { throw CompiledProgram.Failure.noRegisters }
    registers = Registers(record)
    modules = try Self.modules(of: processID)
  }

  static func modules(of process: Int32) throws -> [CodeModule] {
    let text = String(decoding: try FileSystem.read(FilePath("/proc/\(process)/maps")), as: UTF8.self)
    var result: [String: CodeModule] = [:]
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard fields.count == 6 else { continue }
      let path = String(fields[5].drop { $0 == " " })
      guard path.hasPrefix("/") || path == "[vdso]", let dash = fields[0].firstIndex(of: "-"),
        let start = UInt64(fields[0][..<dash], radix: 16),
        let end = UInt64(fields[0][fields[0].index(after: dash)...], radix: 16)
      else { continue }
      var module =
        result[path] ?? CodeModule(base: start, size: 0, path: FilePath(path), buildID: [])
      module.size = end - module.base
      result[path] = module
    }
    return result.values.sorted { $0.path.description < $1.path.description }.map { module in
      var module = module
      let file = module.path == "[vdso]" ? MappedELF.kernelLibrary() : MappedELF(module.path)
      module.buildID = file?.buildID ?? []
      return module
    }
  }
}

extension Registers {
  init(_ record: user_regs_struct) {
    self.init()
    self[.rax] = UInt64(record.rax)
    self[.rdx] = UInt64(record.rdx)
    self[.rcx] = UInt64(record.rcx)
    self[.rbx] = UInt64(record.rbx)
    self[.rsi] = UInt64(record.rsi)
    self[.rdi] = UInt64(record.rdi)
    self[.rbp] = UInt64(record.rbp)
    self[.rsp] = UInt64(record.rsp)
    self[.r8] = UInt64(record.r8)
    self[.r9] = UInt64(record.r9)
    self[.r10] = UInt64(record.r10)
    self[.r11] = UInt64(record.r11)
    self[.r12] = UInt64(record.r12)
    self[.r13] = UInt64(record.r13)
    self[.r14] = UInt64(record.r14)
    self[.r15] = UInt64(record.r15)
    self[.rip] = UInt64(record.rip)
  }
}

/// What a program that is found by `$PATH` prints.
func capturedOutput(of command: [String]) throws -> String {
  let file = FileSystem.temporaryDirectory.appending("sentry-native-\(UniqueID.random())")
  defer { try? FileSystem.remove(file) }
  let output = try FileSystem.open(file, [.readWrite, .create, .exclusive])
  let child = try ChildProcess.spawn(
    "/usr/bin/env", arguments: (["env"] + command).map { FilePath($0) }, output: .descriptor(output.rawValue))
  guard try child.wait() == .exited(status: 0) else { throw CompiledProgram.Failure.compiler }
  return String(decoding: try FileSystem.read(file), as: UTF8.self)
}
