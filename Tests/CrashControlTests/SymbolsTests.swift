// Tests `crashctl symbols check` on files of a real compiler.
import LinuxSystem
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `crashctl symbols check` {
  private func run(_ tool: String, _ arguments: String...) throws {
    let result = try RunningProcess.run("/usr/bin/env", [tool] + arguments)
    try #require(result.succeeded, "\(tool): \(result.errorOutput)")
  }

  /// A library with everything.
  private func library(in folder: TemporaryDirectory, _ options: String...) throws -> FilePath {
    let source = folder.appending("source.c")
    try FileSystem.write(
      Array("int answer(void) { return 42; }\nstatic int hidden(void) { return 1; }\nint (*p)(void) = hidden;\n".utf8),
      to: source)
    let file = folder.appending("whole.so")
    let result = try RunningProcess.run(
      "/usr/bin/env",
      [
        "clang", "-shared", "-fPIC", "-g", "-o", "\(file)", "\(source)",
        "-Wl,--build-id=0x00112233445566778899aabbccddeeff01020304",
      ] + options)
    try #require(result.succeeded, "\(result.errorOutput)")
    return file
  }

  @Test func `a library with everything is usable`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let file = try library(in: folder)
    let result = try crashctl(["symbols", "check", "\(file)", "--json"])
    #expect(result.succeeded, "\(result.errorOutput)")
    let found = try #require(try result.objects().first)
    #expect(found["file"] as? String == "\(file)")
    #expect(found["build_id"] as? String == "00112233445566778899aabbccddeeff01020304")
    #expect(found["debug_id"] as? String == "33221100554477668899AABBCCDDEEFF0")
    for key in ["symtab", "dynsym", "dwarf", "eh_frame", "usable"] { #expect(found[key] as? Bool == true, "\(key)") }
    #expect(try crashctl(["symbols", "check", "\(file)"]).output.contains("usable          yes"))
  }

  @Test func `a stripped library is not, its debug file is`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let file = try library(in: folder)
    let (debug, stripped) = (folder.appending("debug"), folder.appending("stripped.so"))
    try run("objcopy", "--only-keep-debug", "\(file)", "\(debug)")
    try run("objcopy", "--strip-all", "\(file)", "\(stripped)")
    let result = try crashctl(["symbols", "check", "\(stripped)", "\(debug)", "--json"])
    #expect(result.termination == .exited(status: 1))
    let found = try result.objects()
    try #require(found.count == 2)
    #expect(found[0]["usable"] as? Bool == false && found[0]["symtab"] as? Bool == false)
    #expect(found[0]["dynsym"] as? Bool == true && found[0]["dwarf"] as? Bool == false)
    #expect(found[0]["eh_frame"] as? Bool == true)
    #expect((found[0]["problems"] as? [String])?.first?.contains("only exported functions have names") == true)
    #expect(found[1]["usable"] as? Bool == true && found[1]["dwarf"] as? Bool == true)
    #expect(
      found[1]["eh_frame"] as? Bool == false && found[1]["build_id"] as? String == found[0]["build_id"] as? String)
  }

  @Test func `a file without a build ID is not usable`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let file = try library(in: folder, "-Wl,--build-id=none")
    let found = try #require(try crashctl(["symbols", "check", "\(file)", "--json"]).objects().first)
    #expect(found["build_id"] is String == false && found["usable"] as? Bool == false)
    #expect((found["problems"] as? [String])?.first?.contains("--build-id") == true)
  }

  @Test func `what is no ELF file is status 1 with the reason`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let text = folder.appending("text")
    try FileSystem.write(Array("no binary".utf8), to: text)
    let cut = folder.appending("cut")
    try FileSystem.write(Array(try FileSystem.read(try library(in: folder)).prefix(70)), to: cut)
    for file in ["\(text)", "\(cut)", "\(folder.path)", "\(folder.path)/none", "/dev/null"] {
      let result = try crashctl(["symbols", "check", file])
      #expect(result.termination == .exited(status: 1), "\(file)")
      #expect(result.output.contains("problem") && result.output.contains("usable          no"), "\(file)")
    }
  }

  @Test(arguments: [[], ["check"], ["burn", "x"], ["check", "x", "--yaml"]])
  func `misuse is status 2`(arguments: [String]) throws {
    let result = try crashctl(["symbols"] + arguments)
    #expect(result.termination == .exited(status: 2) && result.errorOutput.contains("crashctl symbols --help"))
  }
}
