import CLinuxShims
import LinuxSystem
import MinidumpFormat
import ProcessMemory
import StructuredValue
import Testing

@testable import StackWalk

/// What a program printed, and how it ended.
private struct Run {
  let status: ProcessTermination
  let output: String

  init(_ program: String, _ arguments: [String]) throws {
    let executable = try FileSystem.executable().directory.appending(program)
    let file = FileSystem.temporaryDirectory.appending("sentry-native-\(UniqueID.random())")
    defer { try? FileSystem.remove(file) }
    let output = try FileSystem.open(file, [.readWrite, .create, .exclusive])
    let child = try ChildProcess.spawn(
      executable, arguments: [executable] + arguments.map { FilePath($0) }, output: .descriptor(output.rawValue),
      error: .null)
    status = try child.wait()
    self.output = String(decoding: try FileSystem.read(file), as: UTF8.self)
  }
}

@Suite(.serialized) struct `A dump walked in a process of its own` {
  private static let source = """
    struct Shop {
      @inline(never) func buy(item: String, _ count: Int) -> Int { stay_here(); return count + item.count }
    }
    print([1].map { Shop().buy(item: "a", $0) + 1 })
    """

  /// A dump of a stopped program as a handler would write it, with a signal that did not happen.
  private static func dump(_ stopped: StoppedProgram, message: String? = "Fatal error: sold out") throws -> [UInt8] {
    var context = AMD64Context()
    let registers = stopped.registers
    context.rip = try #require(registers.instruction)
    context.rsp = try #require(registers.stackPointer)
    context.rbp = registers[.rbp] ?? 0
    context.rbx = registers[.rbx] ?? 0
    context.r12 = registers[.r12] ?? 0
    context.r13 = registers[.r13] ?? 0
    context.r14 = registers[.r14] ?? 0
    context.r15 = registers[.r15] ?? 0
    let thread = UInt32(stopped.processID)
    var contents = MinidumpContents()
    contents.systemInfo = MinidumpSystemInfo(architecture: .amd64, platform: .linux)
    let stack = stopped.memory.readAvailable(at: context.rsp, count: 1 << 16)
    // Of the crashed thread the list has the registers of a signal handler: here, of nothing.
    contents.threads = [
      MinidumpThread(
        id: thread, stack: MinidumpAddressRange(start: context.rsp, size: UInt64(stack.count)),
        context: .amd64(AMD64Context())),
      MinidumpThread(id: 2, stack: nil, context: nil),
    ]
    contents.threadNames = [MinidumpThreadName(threadID: thread, name: "the \u{1b}[31mmain one")]
    contents.exception = MinidumpException(
      threadID: thread, code: 11, flags: 1, record: 0, address: 0x42, parameters: [], context: .amd64(context))
    contents.modules = stopped.modules.map { module in
      MinidumpModule(
        base: module.base, size: UInt32(clamping: module.size), name: module.path.description,
        codeView: .elfBuildID(module.buildID))
    }
    contents.crashpadInfo = MinidumpCrashpadInfo(
      reportID: .zero, clientID: .zero,
      simpleAnnotations: message.map { [MinidumpSimpleAnnotation(key: "swift.fatal_message", value: $0)] } ?? [])
    let sink = MinidumpMemorySink()
    try MinidumpWriter.write(contents, to: sink) { address, buffer in stopped.memory.read(at: address, into: buffer) }
    return sink.bytes
  }

  private static let sourceInC = """
    #include <sys/ptrace.h>
    #include <signal.h>
    int main(void) { ptrace(PTRACE_TRACEME, 0, 0, 0); raise(SIGSTOP); return 0; }
    """

  private func withDump(_ language: CompiledProgram.Language, _ body: (String, [UInt8]) throws -> Void) throws {
    let compiled: CompiledProgram
    let bytes: [UInt8]
    switch language {
    case .swift:
      compiled = try CompiledProgram(Self.source, .swift, flags: ["-Onone", "-g"])
      bytes = try compiled.whileStaying { try Self.dump($0) }
    case .c, .cxx:
      compiled = try CompiledProgram(Self.sourceInC, .c, flags: ["-g"])
      bytes = try compiled.whileStopped { try Self.dump($0) }
    }
    let file = compiled.directory.appending("dump")
    try FileSystem.write(bytes, to: file)
    try body(file.description, bytes)
  }

  @Test(.timeLimit(.minutes(10)))
  func `gives the crash, its message and named frames as JSON`() throws {
    try withDump(.swift) { file, _ in
      for arguments in [[file], [file, "--no-libraries"]] {
        let run = try Run("crashpad_walker", ["--seconds", "600"] + arguments)
        #expect(run.status == .exited(status: 0))
        let report = try StructuredValue(json: run.output)
        #expect(report["crash"]?["signal"]?.string == "SIGSEGV / SEGV_MAPERR at 0x42")
        #expect(report["crash"]?["reason"]?.string == "sold out (SIGSEGV / SEGV_MAPERR at 0x42)")
        #expect(report["crash"]?["address"]?.string == "0x42")
        #expect(report["crash"]?["message"]?.string == "Fatal error: sold out")
        let thread = try #require(report["threads"]?[0])
        #expect(thread["crashed"]?.bool == true)
        #expect(report["crash"]?["thread"] == thread["id"])
        let frames = try #require(thread["frames"]?.array)
        let buy = try #require(frames.first { $0["symbol"]?.string?.hasSuffix("Shop.buy(item:_:)") == true })
        #expect(buy["symbol_raw"]?.string?.hasPrefix("$s") == true)
        #expect(buy["module"]?.string?.hasSuffix("/program") == true)
        #expect(buy["module_offset"]?.string?.hasPrefix("0x") == true)
        #expect(buy["trust"]?.string == "cfi")
        #expect(buy["inline"]?.bool == false)
        #expect((buy["line"]?.int64 == 2) == (arguments.count == 1))
        #expect(frames.first?["trust"]?.string == "context")
        #expect(frames.last?["symbol"]?.string == "_start")
        #expect(thread["end"]?.string == "complete")
        #expect(report["threads"]?[1]?["frames"]?.array?.isEmpty == true)
      }
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `gives the compiler's name of a trap as the reason, where the program said nothing`() throws {
    let source = """
      @inline(never) func add(_ x: Int8) -> Int8 { x + 100 }
      trace_me()
      print(add(Int8(CommandLine.argc) + 27))
      """
    let compiled = try CompiledProgram(source, .swift, flags: ["-O", "-g"])
    let bytes = try compiled.whileStopped { try Self.dump($0, message: nil) }
    let file = compiled.directory.appending("dump")
    try FileSystem.write(bytes, to: file)
    let report = try StructuredValue(json: Run("crashpad_walker", [file.description]).output)
    #expect(report["crash"]?["reason"]?.string?.hasPrefix("arithmetic overflow (SIGSEGV") == true)
    let frames = report["threads"]?[0]?["frames"]
    #expect(frames?[0]?["role"] == "failure")
    #expect(frames?[0]?["inline"] == true)
    #expect(frames?[1]?["symbol"]?.string?.hasSuffix("add(_:)") == true)
    #expect(frames?[1]?["role"] == .null)
    #expect(report["threads"]?[0]?["registers"]?["rip"] == frames?[0]?["instruction"])
    let module = report["modules"]?.array?.first { $0["path"]?.string == compiled.executable.description }
    #expect(module?["code_id"]?.string?.count == 40)
    #expect(module?["debug_id"]?.string?.count == 33)
  }

  @Test(.timeLimit(.minutes(10)))
  func `reads well through crashctl`() throws {
    try withDump(.c) { file, _ in
      let run = try Run("crashctl", ["stackwalk", file])
      #expect(run.status == .exited(status: 0))
      let lines = run.output.split(separator: "\n").map(String.init)
      #expect(lines.first == "Crash: sold out (SIGSEGV / SEGV_MAPERR at 0x42)")
      #expect(lines.contains { $0.contains("Fatal error: sold out") })
      #expect(lines.contains { $0.hasPrefix("#") && $0.contains(" main + ") && $0.contains("(program) at /") })
      #expect(lines.contains { $0.contains("program.c:3") })
      // A name out of a dump must not paint the terminal.
      #expect(!run.output.contains("\u{1b}"))
      let machine = try Run("crashctl", ["stackwalk", file, "--json"])
      #expect(try StructuredValue(json: machine.output)["threads"]?.array?.count == 2)
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `never dies of a damaged one`() throws {
    try withDump(.c) { file, bytes in
      for step in 0..<24 {
        var damaged = Array(bytes.prefix(bytes.count * step / 24))
        if step % 2 == 0, step > 0 {
          damaged = bytes
          for index in stride(from: step * 7, to: 4096, by: 97) where index < damaged.count { damaged[index] = 0xff }
        }
        try FileSystem.write(damaged, to: FilePath(file))
        let run = try Run("crashpad_walker", [file])
        #expect(run.status == .exited(status: 0) || run.status == .exited(status: 1), "step \(step)")
      }
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `that is none, or no file, is an error at once`() throws {
    let pipe = FileSystem.temporaryDirectory.appending("sentry-native-\(UniqueID.random())")
    #expect(pipe.withCString { mkfifo($0, 0o600) } == 0)
    defer { try? FileSystem.remove(pipe) }
    for path in ["/does/not/exist", "/etc/passwd", "/dev/null", "/tmp", pipe.description] {
      #expect(try Run("crashpad_walker", [path]).status == .exited(status: 1), "\(path)")
      #expect(try Run("crashctl", ["stackwalk", path]).status == .exited(status: 1), "\(path)")
    }
    for arguments in [[], ["--symbols"], ["--seconds", "0", "x"], ["a", "b"], ["--what", "a"]] {
      #expect(try Run("crashpad_walker", arguments).status == .exited(status: 2), "\(arguments)")
      #expect(try Run("crashctl", ["stackwalk"] + arguments).status == .exited(status: 2), "\(arguments)")
    }
    #expect(try Run("crashpad_walker", ["--help"]).output.contains("--symbols"))
    #expect(try Run("crashctl", ["stackwalk", "--help"]).output.contains("--symbols"))
  }
}
