// Provides tests of the filters for system calls, on both architectures.
import LinuxSystem
import Testing

@testable import Sandbox

@Suite struct `A filter of system calls` {
  private static let roles: [Sandbox.Role] = [.handler, .upload, .walker]

  private func answer(
    _ name: String, _ arguments: [UInt64] = [], _ role: Sandbox.Role, _ architecture: Sandbox.Architecture = .x86_64
  ) throws -> FilterInterpreter.Answer {
    let call = try #require(SystemCall.table.first { $0.name.description == name })
    let number = architecture == .x86_64 ? call.x86_64 : call.aarch64
    return FilterInterpreter(program: FilterProgram(role, architecture)).answer(
      UInt32(number), arguments, architecture: architecture.rawValue)
  }

  @Test(arguments: Sandbox.Architecture.allCases, roles)
  func `allows what its table lists, and nothing else exists`(
    _ architecture: Sandbox.Architecture, _ role: Sandbox.Role
  ) {
    let filter = FilterInterpreter(program: FilterProgram(role, architecture))
    let listed = SystemCall.table.filter { $0.users.contains(role) }
    var allowed: Set<UInt32> = []
    var conditional: Set<UInt32> = []
    for call in listed {
      let number = architecture == .x86_64 ? call.x86_64 : call.aarch64
      if number < 0 { continue }
      if call.condition(role) == nil {
        allowed.insert(UInt32(number))
      } else {
        conditional.insert(UInt32(number))
      }
    }
    for number in (0..<1024).map(UInt32.init) + [0x4000_0000, 0x4000_0001, 0x4000_0065, .max] {
      let answer = filter.answer(number, architecture: architecture.rawValue)
      if conditional.contains(number) {
        if case .broken(let reason) = answer { Issue.record("\(number): \(reason)") }
      } else {
        #expect(answer == (allowed.contains(number) ? .allowed : .failed(38)), "\(number)")
      }
    }
  }

  @Test(arguments: roles) func `has no numbers of another architecture`(_ role: Sandbox.Role) {
    let filter = FilterInterpreter(program: FilterProgram(role, .x86_64))
    // AUDIT_ARCH_I386, whose call 11 is execve.
    for number in [UInt32](0..<450) { #expect(filter.answer(number, architecture: 0x4000_0003) == .failed(38)) }
  }

  @Test(arguments: Sandbox.Architecture.allCases)
  func `fits the kernel's limit of 4096 instructions`(_ architecture: Sandbox.Architecture) {
    for role in Self.roles { #expect(FilterProgram(role, architecture).instructions.count < 400) }
  }

  @Test(arguments: Sandbox.Architecture.allCases)
  func `looks at arguments where a call can do too much`(_ architecture: Sandbox.Architecture) throws {
    // PTRACE_SEIZE, and PTRACE_POKETEXT, POKEDATA, SETREGS, SETREGSET.
    #expect(try answer("ptrace", [0x4206, 1], .handler, architecture) == .allowed)
    for request: UInt64 in [4, 5, 13, 0x4205] {
      #expect(try answer("ptrace", [request, 1], .handler, architecture) == .failed(1))
    }
    #expect(try answer("ptrace", [0x4206, 1], .upload, architecture) == .failed(38))
    // AF_INET, AF_PACKET, AF_ALG.
    #expect(try answer("socket", [2], .upload, architecture) == .allowed)
    #expect(try answer("socket", [17], .upload, architecture) == .failed(97))
    #expect(try answer("socket", [38], .handler, architecture) == .failed(97))
    #expect(try answer("socket", [2], .walker, architecture) == .failed(38))
    // A fork, a thread, a user namespace.
    #expect(try answer("clone", [0x0120_0011], .handler, architecture) == .allowed)
    #expect(try answer("clone", [0x003d_0f00], .upload, architecture) == .allowed)
    #expect(try answer("clone", [0x1000_0011], .handler, architecture) == .failed(1))
    // TIOCSTI types into a terminal.
    #expect(try answer("ioctl", [0, 0x5412], .handler, architecture) == .failed(25))
    #expect(try answer("ioctl", [0, 0x5401], .walker, architecture) == .allowed)
    // PR_SET_MM, PR_SET_PTRACER.
    #expect(try answer("prctl", [35], .handler, architecture) == .failed(22))
    #expect(try answer("prctl", [0x5961_6d61], .handler, architecture) == .allowed)
    // Files are written by all but the walker.
    for flags: UInt64 in [1, 2, 0o100, 0o1000, 0o2000001] {
      #expect(try answer("openat", [0, 0, flags], .upload, architecture) == .allowed)
      #expect(try answer("openat", [0, 0, flags], .walker, architecture) == .failed(13))
    }
    #expect(try answer("openat", [0, 0, 0o2000000], .walker, architecture) == .allowed)
  }

  @Test func `of a later role allows nothing that an earlier one does not`() {
    for call in SystemCall.table {
      if call.users.contains(.walker) { #expect(call.users.contains(.upload), "\(call.name)") }
      if call.users.contains(.upload) { #expect(call.users.contains(.handler), "\(call.name)") }
    }
  }

  /// What the kernel's headers call a system call, where they are installed.
  private func numbers(_ path: FilePath) throws -> [String: Int16] {
    let text = String(decoding: try FileSystem.read(path), as: UTF8.self)
    var numbers: [String: Int16] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      guard words.count >= 3, words[0] == "#define", let number = Int16(words[2]) else { continue }
      for prefix in ["__NR_", "__NR3264_"] where words[1].hasPrefix(prefix) {
        numbers[String(words[1].dropFirst(prefix.count))] = number
      }
    }
    return numbers
  }

  @Test(
    arguments: [
      (
        "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", Sandbox.Architecture.x86_64
      ),
      ("/usr/include/asm-generic/unistd.h", .aarch64),
    ].filter { FileSystem.exists(FilePath($0.0)) })
  func `has the numbers of the kernel's headers`(_ path: String, _ architecture: Sandbox.Architecture) throws {
    let numbers = try numbers(FilePath(path))
    var compared = 0
    for call in SystemCall.table {
      let name = call.name.description
      let own = architecture == .x86_64 ? call.x86_64 : call.aarch64
      // The generic table has one name for what 64-bit systems call newfstatat; old headers lack the newest calls.
      guard let theirs = numbers[name] ?? (name == "newfstatat" ? numbers["fstatat"] : nil) else {
        #expect(own == -1 || own >= 424, "\(name)")
        continue
      }
      #expect(own == theirs, "\(name)")
      compared += 1
    }
    #expect(compared > 120)
    // No call twice.
    #expect(Set(SystemCall.table.map(\.name.description)).count == SystemCall.table.count)
  }
}
