// Tests that modules are those that are loaded, whatever became of the loader's list.
import LinuxSystem
import ProcessMemory
import ProcessSnapshot
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Modules` {
  @Test func `the loader's list gives executable, libraries, loader and vdso with their build IDs`() throws {
    let snapshot = try Fixture("plain").capture()
    #expect(snapshot.moduleSource == .linkMap)
    #expect(snapshot.modules.first?.kind == .executable)
    #expect(snapshot.modules.first?.path.lastComponent == Array("SnapshotFixture".utf8))
    #expect(snapshot.modules.filter { $0.kind == .vdso }.map { $0.soname } == [Array("linux-vdso.so.1".utf8)])
    #expect(snapshot.modules.filter { $0.kind == .dynamicLoader }.count == 1)
    #expect(snapshot.modules.contains { $0.soname == Array("libc.so.6".utf8) && $0.path.isAbsolute })
    for module in snapshot.modules where module.kind != .vdso {
      #expect(hexadecimal(module.buildID) == (try readelfBuildID(module.path)), "\(module.path)")
      #expect(snapshot.map.mapping(of: module.range.start)?.name == module.path)
    }
    #expect(snapshot.softErrors == [])
  }

  @Test func `names of files are enough where nobody asks for more`() throws {
    var limits = CaptureLimits()
    limits.readsSonames = false
    let snapshot = try Fixture("plain").capture(limits: limits)
    #expect(snapshot.modules.contains { $0.path.lastComponent == Array("libc.so.6".utf8) && $0.soname.isEmpty })
    #expect(snapshot.modules.filter { $0.kind == .vdso }.map { $0.soname } == [Array("linux-vdso.so.1".utf8)])
  }

  @Test(arguments: ["circle", "dangling", "version", "name"])
  func `a damaged list costs no module`(how: String) throws {
    let sound = try Fixture("plain").capture()
    let damaged = try Fixture("list", how).capture()
    #expect(Set(damaged.modules.map { $0.path }) == Set(sound.modules.map { $0.path }))
    #expect(damaged.modules.first?.kind == .executable)
    if how != "name" {
      #expect(damaged.moduleSource == .mappings)
      #expect(damaged.softErrors.contains { $0.part == "modules" })
    }
  }

  @Test(arguments: [
    ["-static"], ["-static-pie"], ["-no-pie"], ["-Wl,--build-id=none"], ["-Wl,--build-id=0x0102030405060708"],
    ["-Wl,--hash-style=sysv"], ["-Wl,-z,noseparate-code"],
  ])
  func `every way to link gives the executable`(flags: [String]) throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let program = folder.appending("linked")
    let source = folder.appending("main.c")
    try FileSystem.write(
      Array("#include <stdio.h>\n#include <unistd.h>\nint main(){puts(\"ready\");fflush(stdout);for(;;)pause();}".utf8),
      to: source)
    let compiler = try RunningProcess.run(
      "/usr/bin/env", ["gcc", "-o", program.description, source.description] + flags)
    try #require(compiler.succeeded, "\(compiler.errorOutput)")
    let snapshot = try Fixture(executable: program).capture()
    let executable = try #require(snapshot.modules.first)
    #expect(executable.kind == .executable)
    #expect(executable.path == program)
    #expect(hexadecimal(executable.buildID) == (try readelfBuildID(program)))
    let pointer = try #require(snapshot.threads.first).context.instructionPointer
    #expect(snapshot.module(at: pointer) != nil)
    #expect(snapshot.modules.contains { $0.kind == .vdso })
  }

  @Test func `a file that was deleted keeps its module`() throws {
    let folder = try TemporaryDirectory()
    let program = folder.appending("copy")
    try ProgramFile.copy(FileSystem.executable().directory.appending("SnapshotFixture"), to: program)
    let buildID = try readelfBuildID(program)
    let fixture = try Fixture("plain", executable: program)
    folder.remove()
    let executable = try #require(try fixture.capture().modules.first)
    #expect(executable.path == FilePath("\(program) (deleted)"))
    #expect(hexadecimal(executable.buildID) == buildID)
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Empty when there is none.
  private func readelfBuildID(_ path: FilePath) throws -> String {
    let result = try RunningProcess.run("/usr/bin/env", ["readelf", "-n", path.description])
    return result.output.split(separator: "\n").first { $0.contains("Build ID: ") }?
      .split(separator: " ").last.map { String($0) } ?? ""
  }
}
