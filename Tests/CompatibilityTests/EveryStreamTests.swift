// Provides tests in which readers that are not ours read every stream that we write, field by field.
import Foundation
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Each stream that we write` {
  // MARK: rust-minidump

  /// What `minidump-stackwalk --dump` prints: records, each a title with fields below it.
  struct Printed {
    private(set) var records: [(title: String, fields: [String: String])] = []
    /// Everything, for texts that have no fields.
    let text: String

    init(_ text: String) {
      self.text = text
      for line in text.split(separator: "\n") {
        if line.first != " " {
          records.append((String(line), [:]))
        } else if let equals = line.range(of: " = "), !records.isEmpty {
          let key = line[..<equals.lowerBound].trimmingCharacters(in: .whitespaces)
          let value = String(line[equals.upperBound...])
          // The same key again, as in records of macOS: the first one counts.
          if records[records.count - 1].fields[key] == nil { records[records.count - 1].fields[key] = value }
        }
      }
    }

    /// The fields of a record, the `index`-th of its title.
    func record(_ title: String, _ index: Int = 0) throws -> [String: String] {
      let found = records.filter { $0.title == title }
      return try #require(found.indices.contains(index) ? found[index].fields : nil, "no \(title) \(index)")
    }

    func expect(
      _ title: String, _ expected: KeyValuePairs<String, String>, at location: SourceLocation = #_sourceLocation
    ) throws { try expect(title, 0, expected, at: location) }

    func expect(
      _ title: String, _ index: Int, _ expected: KeyValuePairs<String, String>,
      at location: SourceLocation = #_sourceLocation
    ) throws {
      let fields = try record(title, index)
      for (key, value) in expected {
        #expect(fields[key] == value, "\(title) \(index): \(key)", sourceLocation: location)
      }
    }
  }

  private static func withDump<T>(_ contents: MinidumpContents, _ body: (FilePath) throws -> T) throws -> T {
    let folder = try TemporaryDirectory(prefix: "streams")
    defer { folder.remove() }
    let file = folder.appending("every.dmp")
    try FileSystem.write(EveryStream.write(contents), to: file)
    return try body(file)
  }

  private static func rust(_ contents: MinidumpContents) throws -> Printed {
    try withDump(contents) { file in
      let result = try RunningProcess.run(
        Peers.minidumpStackwalk(), ["--dump", "--brief", file.description], timeout: .seconds(60))
      #expect(result.succeeded, "\(result.errorOutput)")
      return Printed(result.output)
    }
  }

  @Test func `is read by rust-minidump: header, system and process`() throws {
    let printed = try Self.rust(EveryStream.contents())
    try printed.expect(
      "MDRawHeader",
      [
        "signature": "0x504d444d", "version": "0xa793", "stream_directory_rva": "0x20", "checksum": "0x0",
        "time_date_stamp": "0x6553f100 2023-11-14T22:13:20Z", "flags": "0x0",
      ])
    try printed.expect(
      "MINIDUMP_SYSTEM_INFO",
      [
        "processor_architecture": "0x9", "processor_level": "6", "processor_revision": "0x9e0d",
        "number_of_processors": "8", "product_type": "1", "major_version": "6", "minor_version": "8",
        "build_number": "12", "platform_id": "0x8201", "suite_mask": "0x3",
        "(version)": "6.8.12 -45-generic #45 ü",
      ])
    try printed.expect(
      "MINIDUMP_MISC_INFO",
      [
        "size_of_info": "1364", "flags1": "3f7", "process_id": "4242",
        "process_create_time": "0xb 1970-01-01T00:00:11Z", "process_user_time": "2", "process_kernel_time": "3",
        "processor_max_mhz": "14", "processor_current_mhz": "15", "processor_mhz_limit": "16",
        "processor_max_idle_state": "7", "processor_current_idle_state": "8", "process_integrity_level": "17",
        "process_execute_flags": "12", "protected_process": "19", "time_zone_id": "2", "bias": "-60",
        "standard_name": "CET", "daylight_name": "CEST", "daylight_bias": "-30", "build_string": "Linux 6.8.0",
        "dbg_bld_str": "writer.amd64,1", "process_cookie": "65261",
      ])
  }

  @Test func `is read by rust-minidump: threads, names, the exception and registers`() throws {
    let printed = try Self.rust(EveryStream.contents())
    try printed.expect("MinidumpThreadList", ["thread_count": "2"])
    try printed.expect(
      "MINIDUMP_THREAD",
      [
        "thread_id": "0x64", "suspend_count": "1", "priority_class": "0x2", "priority": "0x314",
        "teb": "0x7f0000000740", "stack.start_of_memory_range": "0x7fff00000000", "stack.memory.data_size": "0x1234",
        "thread_context.data_size": "0x4d0",
      ])
    try printed.expect(
      "MINIDUMP_THREAD", 1, ["thread_id": "0x65", "teb": "0x5", "stack.memory.data_size": "0x0"])
    let registers: KeyValuePairs = [
      "p1_home": "0x301", "p6_home": "0x306", "context_flags": "0x10001f", "mx_csr": "0x1f80", "cs": "0x33",
      "ds": "0x1", "es": "0x2", "fs": "0x3", "gs": "0x4", "ss": "0x2b", "eflags": "0x10246", "dr0": "0x201",
      "dr1": "0x202", "dr2": "0x203", "dr3": "0x204", "dr6": "0x206", "dr7": "0x207", "rax": "0x101", "rcx": "0x102",
      "rdx": "0x103", "rbx": "0x104", "rsp": "0x7fff00001000", "rbp": "0x7fff00001100", "rsi": "0x105",
      "rdi": "0x106", "r8": "0x108", "r9": "0x109", "r10": "0x10a", "r11": "0x10b", "r12": "0x10c", "r13": "0x10d",
      "r14": "0x10e", "r15": "0xffffffffffffffff",
    ]
    for index in 0..<3 { try printed.expect("CONTEXT_AMD64", index, registers) }
    try printed.expect("CONTEXT_AMD64", 1, ["rip": "0x555500000123"])
    try printed.expect("CONTEXT_AMD64", 2, ["rip": "0x555500000999"])
    try printed.expect("MinidumpThreadNames", ["thread_count": "2"])
    try printed.expect("MINIDUMP_THREAD_NAME", ["thread_id": "0x64", "name": "\"main\""])
    try printed.expect("MINIDUMP_THREAD_NAME", 1, ["thread_id": "0x65", "name": "\"wörk 😀\""])
    try printed.expect(
      "MINIDUMP_EXCEPTION",
      [
        "thread_id": "0x64", "exception_record.exception_code": "0xb", "exception_record.exception_flags": "0x1",
        "exception_record.exception_record": "0x9", "exception_record.exception_address": "0x42",
        "exception_record.number_parameters": "3", "exception_record.exception_information[ 0]": "0x1",
        "exception_record.exception_information[ 1]": "0x2",
        "exception_record.exception_information[ 2]": "0xffffffffffffffff", "thread_context.data_size": "1232",
      ])
  }

  @Test func `is read by rust-minidump: modules`() throws {
    let printed = try Self.rust(EveryStream.contents())
    try printed.expect("MinidumpModuleList", ["module_count": "3"])
    try printed.expect(
      "MINIDUMP_MODULE",
      [
        "base_of_image": "0x555500000000", "size_of_image": "0x2000", "checksum": "0x1",
        "version_info.signature": "0xfeef04bd", "version_info.struct_version": "0x10000",
        "version_info.file_version": "0x10002:0x30004", "version_info.product_version": "0x50006:0x70008",
        "version_info.file_flags_mask": "0x9", "version_info.file_flags": "0xa", "version_info.file_os": "0xb",
        "version_info.file_type": "0x1", "version_info.file_subtype": "0xc", "version_info.file_date": "0xd:0xe",
        "(code_file)": "\"/usr/bin/app\"", "(code_identifier)": "\"0102030405060708090a0b0c0d0e0f1011121314\"",
        "(debug_identifier)": "\"04030201-0605-0807-090a-0b0c0d0e0f10\"",
      ])
    try printed.expect(
      "MINIDUMP_MODULE", 1,
      [
        "(code_file)": "\"libc.so.6\"", "(debug_file)": "\"libc.pdb\"",
        "(debug_identifier)": "\"01234567-89ab-cdef-0123-456789abcdef-1f\"",
      ])
    try printed.expect("MINIDUMP_MODULE", 2, ["(debug_file)": "\"ntdll.pdb\"", "(debug_identifier)": "\"3A2B1C0D-5\""])
    try printed.expect(
      "MINIDUMP_UNLOADED_MODULE",
      [
        "base_of_image": "0x7e0000000000", "size_of_image": "0x1000", "checksum": "0x3",
        "(code_file)": "\"gone.so\"",
      ])
  }

  @Test func `is read by rust-minidump: memory`() throws {
    let printed = try Self.rust(EveryStream.contents())
    try printed.expect("MinidumpMemoryList", ["region_count": "2"])
    try printed.expect(
      "MINIDUMP_MEMORY_DESCRIPTOR", ["start_of_memory_range": "0x7fff00000000", "memory.data_size": "0x1234"])
    try printed.expect(
      "MINIDUMP_MEMORY_DESCRIPTOR", 1, ["start_of_memory_range": "0x100000", "memory.data_size": "0x64"])
    // The thread's stack and the list's range are the same bytes.
    #expect(
      try printed.record("MINIDUMP_MEMORY_DESCRIPTOR")["memory.rva"]
        == printed.record("MINIDUMP_THREAD")["stack.memory.rva"])
    try printed.expect("MinidumpMemory64List", ["region_count": "1"])
    try printed.expect(
      "MINIDUMP_MEMORY_DESCRIPTOR64", ["start_of_memory_range": "0x200000", "memory.data_size": "0x12c"])
    try printed.expect(
      "MINIDUMP_MEMORY_INFO",
      [
        "base_address": "0x555500000000", "allocation_base": "0x555400000000", "allocation_protection": "0x4",
        "region_size": "0x1000", "state": "0x1000", "protection": "0x20", "_type": "0x1000000",
      ])
  }

  @Test func `is read by rust-minidump: what Crashpad, Breakpad and Mozilla add`() throws {
    let printed = try Self.rust(EveryStream.contents())
    try printed.expect(
      "MDRawCrashpadInfo",
      [
        "version": "1", "report_id": "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "client_id": "00000001-0002-0003-0000-000000000004", "simple_annotations[\"a\"]": "1",
        "simple_annotations[\"é\"]": "ü😀", "module_list[0].minidump_module_list_index": "1",
        "module_list[0].version": "1", "module_list[0].list_annotations[0]": "abort() called",
        "module_list[0].simple_annotations[\"k\"]": "v",
        "module_list[0].annotation_objects[\"text\"]": "value",
      ])
    try printed.expect(
      "MINIDUMP_BREAKPAD_INFO", ["validity": "0x3", "dump_thread_id": "0x65", "requesting_thread_id": "0x64"])
    try printed.expect(
      "MDAssertion", ["expression": "x == y", "function": "check", "file": "a.c", "line": "7", "type": "1"])
    try printed.expect(
      "MINIDUMP_MAC_CRASH_INFO",
      [
        "num_records": "1", "version": "5", "thread": "21", "dialog_mode": "16", "module_path": "/usr/lib/a",
        "message": "abort() called", "signature_string": "signed", "backtrace": "traced", "message2": "more",
        "abort_cause": "17",
      ])
    #expect(printed.text.contains("mac_boot_args = -v debug=1\n"))
    for text in [
      "Stream LinuxCmdLine:\napp\\0\n--flag\\0\n", "Stream LinuxEnviron:\nA=1\\0\n",
      "Stream LinuxMaps:\n555500000000-555500001000 r-xp 0 0:0 0 /usr/bin/app\n",
      "Stream LinuxCpuInfo:\nvendor_id : X\n", "Stream LinuxProcStatus:\nPid: 4242\n",
      "Stream LinuxLsbRelease:\nDISTRIB_ID=Y\n", "Stream MozLinuxLimits:\nLimit  Soft Limit",
      "Stream MozSoftErrors:\n[]",
    ] { #expect(printed.text.contains(text), "\(text)") }
  }

  @Test func `is read by rust-minidump: handles, in both sizes`() throws {
    var contents = EveryStream.contents()
    let fields: KeyValuePairs = [
      "handle": "0x3", "attributes": "0x1", "granted_access": "0x2", "handle_count": "4", "pointer_count": "5",
      "(type_name)": "File", "(object_name)": "/dev/null",
    ]
    try Self.rust(contents).expect("MINIDUMP_HANDLE_DESCRIPTOR", fields)
    contents.handles[0].information = [MinidumpHandleInformation(kind: 6, data: [1, 2, 3, 4])]
    let printed = try Self.rust(contents)
    try printed.expect("MINIDUMP_HANDLE_DESCRIPTOR", fields)
    let information = try #require(try printed.record("MINIDUMP_HANDLE_DESCRIPTOR")["(object_info)"])
    #expect(information.contains("info_type: 6, size_of_info: 4"))
  }

  @Test func `is read by rust-minidump: registers of other CPUs`() throws {
    var arm64 = ARM64Context(x: (0..<31).map { UInt64($0) + 0x100 })
    (arm64.sp, arm64.pc, arm64.cpsr) = (0x1000, 0x2000, 0x6000_0000)
    var x86 = X86Context()
    (x86.eip, x86.esp, x86.eax, x86.ebx, x86.gs, x86.eflags) = (0x0804_8000, 0xbfff_0000, 1, 2, 0x33, 0x202)
    var arm = ARMContext(r: (0..<16).map { UInt32($0) * 3 })
    arm.cpsr = 0x10
    let cases: [(MinidumpProcessorArchitecture, MinidumpContext, String, KeyValuePairs<String, String>)] = [
      (
        .arm64, .arm64(arm64), "CONTEXT_ARM64",
        [
          "context_flags": "0x400007", "pc": "0x2000", "sp": "0x1000", "x0": "0x100", "x28": "0x11c",
          "x30 (lr)": "0x11e",
        ]
      ),
      (
        .x86, .x86(x86), "CONTEXT_X86",
        ["eip": "0x8048000", "esp": "0xbfff0000", "eax": "0x1", "ebx": "0x2", "gs": "0x33", "eflags": "0x202"]
      ),
      (
        .arm, .arm(arm), "CONTEXT_ARM",
        ["iregs[ 0]": "0x0", "iregs[ 5]": "0xf", "iregs[13]": "0x27", "iregs[15]": "0x2d", "cpsr": "0x10"]
      ),
    ]
    for (architecture, context, title, fields) in cases {
      var contents = EveryStream.contents()
      contents.systemInfo?.architecture = architecture
      if architecture == .x86 {
        contents.systemInfo?.cpu = .x86(
          vendor: MinidumpCPUVendor(ebx: 0, edx: 0, ecx: 0), version: 0, features: 0, amdFeatures: 0)
      }
      contents.threads = [MinidumpThread(id: 100, context: context)]
      contents.exception?.context = context
      let printed = try Self.rust(contents)
      for index in 0..<2 { try printed.expect(title, index, fields) }
    }
  }

  @Test func `has exceptions whose names are those of rust-minidump`() throws {
    typealias Case = (MinidumpPlatform, MinidumpProcessorArchitecture, UInt32, UInt32, [UInt64])
    let windows = [
      0xc000_0005, 0xc000_001d, 0xc000_0094, 0xc000_0095, 0xc000_0096, 0xc000_00fd, 0xc000_0374, 0xc000_0417,
      0xc000_0420, 0xc000_0602, 0x8000_0003, 0x8000_0004, 0x4000_0015, 0xe06d_7363, 0xe043_4352, 0xe000_0008,
      0x0517_a7ed, 0xc06d_007e, 0xc06d_007f, 0xc000_008e, 0xc000_0008, 0xc000_000d, 0xc000_0135, 0xc000_0142,
    ].map { (.windowsNT, .amd64, UInt32($0), 0, []) as Case }
    let parameters: [Case] =
      [0, 1, 8].map { (.windowsNT, .amd64, 0xc000_0005, 0, [$0, 0x1234]) as Case }
      + [0, 1, 8].map { (.windowsNT, .amd64, 0xc000_0006, 0, [$0, 0x1234, 0xc000_0185]) }
      + [0, 2, 3, 5, 7, 8, 10, 35, 64, 71].map { (.windowsNT, .amd64, 0xc000_0409, 1, [$0]) }
    let linux: [Case] = [
      (4, 1), (4, 2), (5, 1), (5, 2), (6, UInt32(bitPattern: -6)), (7, 1), (7, 2), (7, 3), (8, 1), (8, 3), (11, 1),
      (11, 2), (11, 0x80), (11, 4), (31, 1), (3, UInt32(bitPattern: -6)), (.max, 0), (2, 9),
    ].map { (.linux, .amd64, $0, $1, []) as Case }
    let mac: [Case] = [
      (1, 1), (1, 2), (1, 13), (2, 1), (3, 1), (6, 1), (6, 2), (1, 0x32), (7, 0x13),
    ].map { (.macOS, .amd64, $0, $1, [UInt64($0), UInt64($1)]) as Case }
    let arm: [Case] = [(1, 1), (1, 2), (1, 0x101), (2, 1), (6, 1)].map { (.iOS, .arm64, $0, $1, []) as Case }
    let folder = try TemporaryDirectory(prefix: "names")
    defer { folder.remove() }
    for (platform, architecture, code, flags, parameters) in windows + parameters + linux + mac + arm {
      var contents = MinidumpContents()
      contents.systemInfo = MinidumpSystemInfo(architecture: architecture, platform: platform)
      let context: MinidumpContext = architecture == .amd64 ? .amd64(AMD64Context()) : .arm64(ARM64Context())
      let exception = MinidumpException(
        threadID: 1, code: code, flags: flags, address: 0x1000, parameters: parameters, context: context)
      contents.exception = exception
      contents.threads = [MinidumpThread(id: 1, context: context)]
      contents.modules = [MinidumpModule(base: 0x40_0000, size: 0x1000, name: "a")]
      let file = folder.appending("name.dmp")
      try FileSystem.write(EveryStream.write(contents), to: file)
      let result = try RunningProcess.run(
        Peers.minidumpStackwalk(), ["--json", file.description], timeout: .seconds(60))
      let root = try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: Any])
      let theirs = try #require((root["crash_info"] as? [String: Any])?["type"] as? String)
      #expect(exception.name(on: platform, architecture: architecture).summary(of: exception) == theirs)
    }
  }

  // MARK: PyPI minidump

  @Test func `is read by PyPI's minidump, also where rust-minidump knows nothing`() throws {
    let root = try Self.withDump(EveryStream.contents()) { file in
      let result = try RunningProcess.run(
        Peers.python(), [Peers.reader("read_streams.py").description, file.description], timeout: .seconds(60))
      #expect(result.succeeded, "\(result.errorOutput)")
      return try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: NSObject])
    }
    let expected: [String: NSObject] = [
      "comment_a": "a comment\0" as NSString, "comment_w": "wide ü\0" as NSString,
      "thread_info": [[100, 2, 3, 259, 130, 140, 40, 50, 0x40_1000, 15]] as NSArray,
      "threads": [[100, 1, 2, 0x314, 0x7f00_0000_0740, 0x7fff_0000_0000, 0x1234], [101, 0, 0, 0xffff_ffff, 5, 0, 0]]
        as NSArray,
      "modules": [
        ["/usr/bin/app", 0x5555_0000_0000, 0x2000, 1, 2], ["libc.so.6", 0x7f00_0000_0000, 0x3000, 0, 0],
        ["ntdll.dll", 0x7f10_0000_0000, 0x3000, 0, 0],
      ] as NSArray,
      "unloaded": [["gone.so", 0x7e00_0000_0000, 0x1000]] as NSArray,
      "memory": [[0x7fff_0000_0000, 0x1234], [0x10_0000, 100]] as NSArray,
      "memory64": [[0x20_0000, 300]] as NSArray,
      "memory_info": [[0x5555_0000_0000, 0x5554_0000_0000, 4, 0x1000, 0x1000, 0x20, 0x100_0000]] as NSArray,
      "exception": [100, 11, 1, 9, 0x42, [1, 2, UInt64.max]] as NSArray,
      "handles": [[3, "File", "/dev/null", 1, 2, 4, 5]] as NSArray,
      "misc": [4242, 11, 2, 3, 14, 15, 16, 7, 8] as NSArray,
      "system": ["AMD64", 6, 0x9e0d, 8, 6, 8, 12, 3, "-45-generic #45 ü"] as NSArray,
      // Bytes by address, out of a stack, the list and the 64-bit list.
      "bytes": ["101112131415", "040506070809", "f0f1f2f3f4f5"] as NSArray,
    ]
    for (key, value) in expected { #expect(root[key] == value, "\(key)") }
  }

  @Test func `is read by PyPI's minidump: threads with backing stores`() throws {
    var contents = EveryStream.contents()
    contents.threads[0].backingStore = MinidumpAddressRange(start: 0x10_0010, size: 16)
    let root = try Self.withDump(contents) { file in
      let result = try RunningProcess.run(
        Peers.python(), [Peers.reader("read_streams.py").description, file.description], timeout: .seconds(60))
      #expect(result.succeeded, "\(result.errorOutput)")
      return try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: NSObject])
    }
    #expect(
      root["threads_ex"]
        == [[100, 0x7fff_0000_0000, 0x1234, 0x10_0010, 16], [101, 0, 0, 0, 0]] as NSArray)
  }
}
