// Tests `crashctl show` as a user calls it.

import Foundation
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `crashctl show` {
  private static func show(_ arguments: String..., input: [UInt8] = []) throws -> RunningProcess.Result {
    try RunningProcess.run(
      FileSystem.executable().directory.appending("crashctl"), ["show"] + arguments, input: input)
  }

  /// Runs `body` with a file of these bytes.
  private static func withFile<T>(_ bytes: [UInt8], _ body: (FilePath) throws -> T) throws -> T {
    let folder = try TemporaryDirectory(prefix: "show")
    defer { folder.remove() }
    let file = folder.appending("some.dmp")
    try FileSystem.write(bytes, to: file)
    return try body(file)
  }

  private static func json(_ result: RunningProcess.Result) throws -> Value {
    #expect(result.succeeded, "\(result.errorOutput)")
    return Value(try JSONSerialization.jsonObject(with: Data(result.outputBytes)))
  }

  @Test func `JSON has what the writer was given`() throws {
    let root = try Self.withFile(Sample.write(Sample.contents())) { try Self.json(Self.show("--json", $0.description)) }
    #expect(root["header"]["version"].number == 0xa793)
    #expect(root["header"]["flags"].text == "0x0")
    #expect(root["header"]["timestamp"].number == 1_700_000_000)
    #expect(root["header"]["streams"][0]["name"].text == "SystemInfo")
    #expect(root["header"]["streams"][0]["size"].number == 56)
    #expect(root["system"]["os"].text == "linux")
    #expect(root["system"]["os_version"].text == "6.8.12")
    #expect(root["system"]["cpu"].text == "amd64")
    #expect(root["system"]["cpu_count"].number == 8)
    #expect(root["system"]["csd"].text == "-45-generic #45 SMP x86_64 ü 😀")
    #expect(root["process"]["pid"].number == 4242)
    #expect(root["process"]["create_time"].number == 1)
    let exception = root["exception"]
    #expect(exception["thread_id"].number == 100)
    #expect(exception["code"].text == "0xb")
    #expect(exception["code_name"].text == "SIGSEGV")
    #expect(exception["flags"].text == "0x1")
    #expect(exception["flags_name"].text == "SEGV_MAPERR")
    #expect(exception["address"].text == "0x42")
    #expect(exception["parameters"].list.map { $0.text } == ["0x1", "0x2", "0xffffffffffffffff"])
    let thread = root["threads"][0]
    #expect(thread["id"].number == 100)
    #expect(thread["name"].text == "main")
    #expect(thread["suspend_count"].number == 1)
    #expect(thread["priority"].number == 0x314)
    #expect(thread["teb"].text == "0x7f0000000740")
    #expect(thread["stack"]["start"].text == "0x7fff00000000")
    #expect(thread["stack"]["size"].hex == 0x1234)
    #expect(thread["registers"]["rip"].text == "0x555500001234")
    let module = root["modules"][0]
    #expect(module["base"].text == "0x555500000000")
    #expect(module["size"].number == 0x2000)
    #expect(module["name"].text == "/usr/bin/app")
    #expect(module["version"].text == "1.2.3.4")
    #expect(module["code_id"].text == "0102030405060708090a0b0c0d0e0f1011121314")
    #expect(module["debug_id"].text == "0403020106050807090A0B0C0D0E0F100")
    #expect(module["debug_file"].text == "/usr/bin/app")
    #expect(root["modules"][1]["debug_id"].text == "0123456789ABCDEF0123456789ABCDEF1f")
    #expect(root["unloaded_modules"][0]["name"].text == "gone.so")
    #expect(root["memory"]["ranges"].list.count == 2)
    #expect(root["memory"]["total"].hex == 0x1234 + 64)
    #expect(root["memory_info"][0]["protection"].text == "0x20")
    #expect(root["handles"][0]["name"].text == "/dev/null")
    #expect(root["crashpad"]["report_id"].text == "00010203-0405-0607-0809-0a0b0c0d0e0f")
    #expect(root["crashpad"]["annotations"]["é"].text == "ü😀")
    let objects = root["crashpad"]["modules"][0]["annotation_objects"]
    #expect(objects[0]["value"].text == "value")
    #expect(objects[1]["value"].text == "0001ff")
    #expect(root["crashpad"]["modules"][0]["list_annotations"].list.map { $0.text } == ["abort() called", ""])
    #expect(root["linux"]["command_line"].list.map { $0.text } == ["app", "--flag"])
    #expect(root["linux"]["environment"].list.isEmpty)
    #expect(root["linux"]["maps"].text == "5555-6666 r-xp 0 0:0 0 /usr/bin/app\n")
    #expect(root["user_streams"][0]["type"].number == 0x4b6b_0007)
    #expect(root["user_streams"][0]["size"].number == 3)
    #expect(root["soft_errors"].list.isEmpty)
  }

  @Test func `JSON and text have what Windows and LLDB add`() throws {
    var contents = Sample.contents()
    contents.systemInfo?.platform = .windowsNT
    contents.otherExceptions = [MinidumpException(threadID: 101, code: 19)]
    var info = MinidumpThreadInfo(threadID: 100)
    (info.exitStatus, info.startAddress, info.kernelTime) = (259, 0x40_1000, 20_000)
    contents.threadInfo = [info]
    var operation = MinidumpHandleOperation(handle: 0x40)
    (operation.operation, operation.threadID, operation.backtrace) = (2, 100, [0x1000, 0x2000])
    contents.handleOperations = [operation]
    contents.functionTables = [
      MinidumpFunctionTable(
        minimumAddress: 0x7000, maximumAddress: 0x8000, base: 0x7000, entries: [UInt8](repeating: 1, count: 24))
    ]
    contents.tokens = [MinidumpToken(id: 7, handle: 0x55, data: [1, 2, 3])]
    var memory = MinidumpSystemMemoryInfo()
    (memory.pageSize, memory.physicalPages, memory.available) = (4096, 1 << 18, 1 << 17)
    memory.counters = (0..<70).map { $0 + 1 }
    contents.systemMemoryInfo = memory
    var counters = MinidumpProcessVMCounters()
    (counters.workingSet, counters.peakWorkingSet, counters.virtualSize) = (3 << 20, 4 << 20, 5 << 20)
    contents.processVMCounters = counters
    contents.handles[0].information = [MinidumpHandleInformation(kind: 6, data: [1, 255])]
    contents.comment = "said so"
    let bytes = try Sample.write(contents)
    let root = try Self.withFile(bytes) { try Self.json(Self.show("--json", $0.description)) }
    #expect(root["exception"]["thread_id"].number == 100)
    #expect(root["other_exceptions"][0]["code"].text == "0x13")
    #expect(root["thread_info"][0]["start_address"].text == "0x401000")
    #expect(root["thread_info"][0]["exit_status"].text == "0x103")
    #expect(root["handle_operations"][0]["backtrace"].list.map { $0.text } == ["0x1000", "0x2000"])
    #expect(root["function_tables"][0]["entries"].number == 2)
    #expect(root["tokens"][0]["size"].number == 3)
    #expect(root["system_memory"]["page_size"].number == 4096)
    #expect(root["system_memory"]["counters"]["SystemCalls"].number == 70)
    #expect(root["process_memory"]["working_set"].text == "0x300000")
    #expect(root["handles"][0]["information"][0]["data"].text == "01ff")
    #expect(root["comment"].text == "said so")
    let text = try Self.withFile(bytes) { try Self.show("--verbose", $0.description) }.output
    for part in ["3.0 MiB in use", "1.0 GiB", "512.0 MiB", "0x000000007000", "closed", "0x000000401000", "said so"] {
      #expect(text.contains(part), "\(part)")
    }
  }

  @Test func `the CPU and the system have the names of the contract`() throws {
    let cpus: [(MinidumpProcessorArchitecture, String)] = [
      (.x86, "x86"), (.amd64, "amd64"), (.arm, "arm"), (.arm64, "arm64"), (.arm64Breakpad, "arm64"), (.ppc, "ppc"),
      (.ppc64, "ppc64"), (.mips, "mips"), (.mips64, "mips64"), (.sparc, "sparc"), (.riscv64, "riscv64"),
      (.x86OnAMD64, "x86"), (.x86OnARM64, "x86"), (.armOnARM64, "arm"), (.unknown, "unknown"),
      (.init(rawValue: 6), "unknown"),
    ]
    let systems: [(MinidumpPlatform, String)] = [
      (.windowsNT, "windows"), (.macOS, "macos"), (.iOS, "ios"), (.linux, "linux"), (.android, "android"),
      (.solaris, "solaris"), (.fuchsia, "unknown"), (.init(rawValue: 77), "unknown"),
    ]
    for (index, (architecture, name)) in cpus.enumerated() {
      let (platform, system) = systems[index % systems.count]
      var contents = MinidumpContents()
      contents.systemInfo = MinidumpSystemInfo(architecture: architecture, platform: platform)
      let root = try Self.withFile(Sample.write(contents)) { try Self.json(Self.show("--json", $0.description)) }
      #expect(root["system"]["cpu"].text == name)
      #expect(root["system"]["os"].text == system)
    }
  }

  @Test func `a key is absent without its stream and null when the stream cannot be read`() throws {
    var bytes = try Sample.write(MinidumpContents())
    let empty = try Self.withFile(bytes) { try Self.json(Self.show("--json", $0.description)) }
    #expect(empty.keys == ["header", "memory", "modules", "soft_errors", "threads", "user_streams"])
    // The module list is moved out of the file.
    let entry = 32 + 12 * 1
    bytes.replaceSubrange(entry + 8..<entry + 12, with: [0xff, 0xff, 0xff, 0x7f])
    let broken = try Self.withFile(bytes) { try Self.json(Self.show("--json", $0.description)) }
    #expect(broken.keys.contains("modules"))
    #expect(broken["modules"].isNull)
    #expect(broken["soft_errors"].list.first?.text?.hasPrefix("ModuleList: ") == true)
  }

  @Test func `text tells the reason, the threads and the modules, without colours in a pipe`() throws {
    let file = try Sample.write(Sample.contents())
    let text = try Self.withFile(file) { try Self.show($0.description) }.output
    for part in [
      "SIGSEGV / SEGV_MAPERR", "wörk-1", "/usr/bin/app", "0403020106050807090A0B0C0D0E0F100",
      "0x555500001234 in app + 0x1234",
      "crashpad.amd64,0.8.0,linux", "00010203-0405-0607-0809-0a0b0c0d0e0f", "linux 6.8.12", "4242",
    ] { #expect(text.contains(part), "\(part)") }
    #expect(!text.contains("\u{1b}"))
  }

  @Test func `names in a dump cannot control the terminal`() throws {
    var contents = Sample.contents()
    contents.threadNames[0].name = "\u{1b}[2J\u{7}\u{202e}evil"
    contents.modules[0].name = "/bin/\u{1b}]0;title\u{7}app\nsecond line"
    contents.crashpadInfo?.simpleAnnotations = [MinidumpSimpleAnnotation(key: "k\u{9b}31m", value: "v\r")]
    contents.userStreams = [MinidumpUserStream(type: .softErrors, bytes: Array("\u{1b}[31m".utf8))]
    let bytes = try Sample.write(contents)
    let text = try Self.withFile(bytes) { try Self.show("--verbose", $0.description) }.output
    #expect(text.contains("evil"))
    for scalar in text.unicodeScalars where scalar != "\n" {
      #expect(scalar.properties.generalCategory != .control && scalar != "\u{202e}")
    }
    // JSON keeps them, escaped.
    let root = try Self.withFile(bytes) { try Self.json(Self.show("--json", $0.description)) }
    #expect(root["threads"][0]["name"].text == "\u{1b}[2J\u{7}\u{202e}evil")
  }

  @Test func `the environment is shown only when it is asked for`() throws {
    var contents = Sample.contents()
    contents.userStreams = [MinidumpUserStream(type: .linuxEnvironment, bytes: Array("A=1\0TOKEN=secret\0".utf8))]
    let bytes = try Sample.write(contents)
    let plain = try Self.withFile(bytes) { try Self.show($0.description) }.output
    #expect(plain.contains("2 variables"))
    #expect(!plain.contains("secret"))
    #expect(try Self.withFile(bytes) { try Self.show("-v", $0.description) }.output.contains("TOKEN=secret"))
  }

  @Test func `a dump is read from a pipe`() throws {
    let root = try Self.json(Self.show("--json", "-", input: Sample.write(Sample.contents())))
    #expect(root["process"]["pid"].number == 4242)
  }

  @Test func `the status says what went wrong`() throws {
    #expect(try Self.show("--help").succeeded)
    for arguments in [[], ["--nonsense", "x"], ["a", "b"]] as [[String]] {
      let result = try RunningProcess.run(
        FileSystem.executable().directory.appending("crashctl"), ["show"] + arguments)
      #expect(result.termination == .exited(status: 2))
      #expect(result.errorOutput.contains("--help"))
      #expect(result.output.isEmpty)
    }
    #expect(try Self.show("/nonexistent").termination == .exited(status: 1))
    #expect(try Self.show("/").termination == .exited(status: 1))
    let text = try Self.withFile(Array(repeating: 65, count: 100)) { try Self.show("--json", $0.description) }
    #expect(text.termination == .exited(status: 1))
    #expect(text.errorOutput.contains("does not start with MDMP"))
    #expect(text.output.isEmpty)
    let empty = try Self.withFile([]) { try Self.show($0.description) }
    #expect(empty.termination == .exited(status: 1))
    #expect(empty.errorOutput.contains("too few"))
  }

  @Test(.enabled(if: Corpus.isPresent, Comment(rawValue: Corpus.absence)), arguments: Corpus.dumps)
  func `JSON of every producer agrees with other tools`(dump: Corpus.Dump) throws {
    let expected = try dump.expected()
    let path = try #require(Corpus.folder).appendingPathComponent("dumps/\(dump.file)").path
    let root = try Self.json(Self.show("--json", path))
    #expect(root["header"]["streams"].list.map { $0["type"].number } == expected["streams"].list.map { $0[0].number })
    let systems = ["Windows NT": "windows", "Linux": "linux", "macOS": "macos", "iOS": "ios", "Android": "android"]
    #expect(root["system"]["os"].text == expected["os"].text.flatMap { systems[$0] })
    if let version = expected["oracles"]["symbolic"]["os_version"].text, !version.isEmpty {
      #expect(root["system"]["os_version"].text == version)
    }
    if let process = expected["oracles"]["rust_minidump"]["process_id"].number {
      #expect(root["process"]["pid"].number == process)
    }
    #expect(root["exception"]["code"].hex == expected["exception"]["code"].number)
    #expect(root["exception"]["address"].hex == expected["exception"]["address"].number)
    #expect(root["threads"].list.map { $0["id"].number } == expected["threads"].list.map { $0[0].number })
    if !expected["modules"].isNull {
      #expect(root["modules"].list.map { $0["name"].text } == expected["modules"].list.map { $0["name"].text })
      #expect(root["modules"].list.map { $0["base"].hex } == expected["modules"].list.map { $0["base"].number })
    }
    #expect(root["crashpad"].isNull == expected["crashpad"].isNull)
    #expect(root["crashpad"]["report_id"].text == expected["crashpad"]["report_id"].text)
    #expect(root["soft_errors"].isNull == false)
    #expect(try Self.show("--verbose", path).succeeded)
  }

  @Test(.enabled(if: Corpus.isPresent, Comment(rawValue: Corpus.absence)))
  func `damaged dumps end with a status and well-formed output`() throws {
    let folder = try TemporaryDirectory(prefix: "hostile")
    defer { folder.remove() }
    // Every fourth one: each is a process of its own.
    for (index, (name, bytes)) in try Corpus.hostile().enumerated() where index % 4 == 0 {
      let file = folder.appending("some.dmp")
      try FileSystem.write(bytes, to: file)
      let result = try Self.show("--json", file.description)
      switch result.termination {
      case .exited(status: 0): #expect(throws: Never.self, "\(name)") { try Self.json(result) }
      case .exited(status: 1): #expect(!result.errorOutput.isEmpty, "\(name)")
      default: Issue.record("\(name): \(result.termination)")
      }
    }
  }
}
