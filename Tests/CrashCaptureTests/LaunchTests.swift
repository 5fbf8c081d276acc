import CLinuxShims
import CrashVictimRunner
import LinuxSystem
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A handler that is started at the crash` {
  @Test(arguments: ["die", "pthread"], ["segv", "overflow", "abort"])
  func `is told where to look in its parent, and waited for`(thread: String, how: String) throws {
    let folder = try TemporaryFolder()
    let handler = folder.path.appending("handler")
    let seen = folder.path.appending("seen")
    // A program that tells what it was started with, what its parent is and which signals it blocks. A shell that starts
    // a program blocks some for a moment; it has not done so before its first line.
    let script = """
      #!/bin/sh
      { while read line; do case $line in SigBlk*) echo "$line";; esac; done </proc/$$/status
        echo "parent=$(ps -o comm= -p $PPID)"; for a; do echo "$a"; done; } >\(seen)
      """
    try ProgramFile.write(Array(script.utf8), to: handler)
    let victim = try Victim.run(
      ["attachment=/a", "start-at-crash", "health", "add=/b", "\(thread)=\(how)"], handler: handler.description)
    #expect(victim.output.first?.hasPrefix("health alive=true answered=false pid=0") == true)
    #expect(victim.output.contains { $0.contains("the handler is started at the crash") })
    #expect(victim.died(of: how == "abort" ? SIGABRT : SIGSEGV))
    let lines = String(decoding: try FileSystem.read(seen), as: UTF8.self).split(separator: "\n")
    #expect(lines.contains("parent=CrashVictim"))
    #expect(lines.contains("SigBlk:\t0000000000000000"))
    #expect(lines.contains("--attachment=/a"))
    #expect(lines.contains { $0.hasPrefix("--database=") })
    #expect(lines.last?.hasPrefix("--trace-parent-with-exception=0x") == true)
    #expect(!lines.contains { $0.hasPrefix("--initial-client-fd") || $0.hasPrefix("--shared") })
  }

  @Test func `and hangs is not waited for without an end`() throws {
    let folder = try TemporaryFolder()
    let handler = folder.path.appending("handler")
    try ProgramFile.write(Array("#!/bin/sh\nexec sleep 60\n".utf8), to: handler)
    let victim = try Victim.run(
      ["dump-timeout=300", "start-at-crash", "die=segv"], handler: handler.description)
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.milliseconds < 30_000)
  }

  @Test func `and cannot be started costs its report only`() throws {
    let folder = try TemporaryFolder()
    let handler = folder.path.appending("handler")
    try ProgramFile.write(Array("no program".utf8), to: handler)
    let victim = try Victim.run(["start-at-crash", "dump", "die=segv"], handler: handler.description)
    #expect(victim.output.contains { $0.hasPrefix("failed code=7") })
    #expect(victim.died(of: SIGSEGV))
    let missing = try Victim.run(["start-at-crash", "say=alive"], handler: folder.path.appending("none").description)
    #expect(missing.output.first?.hasPrefix("failed code=1") == true)
  }

  @Test func `does not take the application's children away, nor leave one`() throws {
    let victim = try Victim.run(
      ["start-at-crash", "dump", "children", "stop", "health"], handler: "/bin/true")
    #expect(victim.output.contains("ok"))
    #expect(victim.output.contains("children none=true"))
    #expect(victim.output.last == "health none")
  }
}
