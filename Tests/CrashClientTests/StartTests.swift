import CLinuxShims
import CrashVictimRunner
import LinuxSystem
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The start of a handler` {
  @Test func `gives it a session of its own, an adopted parent and four descriptors`() throws {
    let victim = try Victim.run(["start", "files", "children", "die=segv"])
    let process = Victim.value("pid", "start", in: victim.peer)
    #expect(Victim.value("session", "start", in: victim.peer) != process)
    #expect(Victim.value("session", "start", in: victim.peer) != "\(getsid(0))")
    #expect(Victim.value("files", "start", in: victim.peer) == "4")
    #expect(victim.output.contains("children none=true"))
    let number = Int32(Victim.value("socket", "start", in: victim.peer) ?? "") ?? 0
    #expect(number > 2)
    #expect(
      victim.peer.contains { $0.hasPrefix("arguments --database=") && $0.contains("--initial-client-fd=\(number)") })
  }

  @Test func `turns Swift's own backtracer off there and hands its environment down`() throws {
    let victim = try Victim.run(["environment=ONLY=handler", "start"], backtrace: true)
    #expect(victim.peer.contains("environment backtrace=enable=no"))
  }

  @Test func `works in a program whose standard streams are closed`() throws {
    let victim = try Victim.run(["close-standard", "start", "die=segv"])
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.count == 1)
    #expect(Victim.value("files", "start", in: victim.peer) == "4")
  }

  @Test func `learns the handler's number and whether it is ours`() throws {
    let foreign = try Victim.run(["start", "health"])
    #expect(Victim.value("ours", "health", in: foreign.output) == "-")
    #expect(Victim.value("pid", "health", in: foreign.output) == Victim.value("pid", "start", in: foreign.peer))
    let ours = try Victim.run(["start", "health"], mode: "mark")
    #expect(Victim.value("ours", "health", in: ours.output) == "2")
  }

  @Test func `of one that ends at once is an error with its exit code`() throws {
    let victim = try Victim.run(["start", "health"], mode: "die")
    #expect(victim.output.first?.contains("failed code=4") == true)
    #expect(victim.output.first?.contains("ended with exit code 23 before it answered") == true)
    #expect(victim.output.last == "health none")
  }

  @Test func `of a file that is no program is an error with the kernel's reason`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path.appending("handler")
    try ProgramFile.write([1, 2, 3], to: path)
    let victim = try Victim.run(["start"], handler: path.description)
    #expect(victim.output.first?.contains("failed code=3") == true)
    #expect(victim.output.first?.contains("ENOEXEC") == true)
  }

  @Test func `of a silent one keeps it, and a crash is reported`() throws {
    let victim = try Victim.run(["start-timeout=100", "start", "health", "die=segv"], mode: "mute")
    #expect(victim.output.contains { $0.hasPrefix("health alive=true answered=false") })
    #expect(victim.died(of: SIGSEGV))
    #expect(victim.dumps.count == 1)
  }

  @Test func `a second time in one process is an error`() throws {
    let victim = try Victim.run(["start", "start"])
    #expect(victim.output.contains { $0.hasPrefix("failed code=6") })
  }

  @Test func `and its end, many times, leave nothing behind`() throws {
    var steps = ["start", "stop", "files", "maps"]
    for _ in 0..<20 { steps += ["start", "stop"] }
    let victim = try Victim.run(steps + ["files", "maps", "children"])
    let files = victim.output.filter { $0.hasPrefix("files") }
    #expect(files.count == 2 && files.first == files.last)
    let maps = victim.output.compactMap { $0.hasPrefix("maps ") ? Int($0.dropFirst(5)) : nil }
    #expect(maps.count == 2 && abs((maps.first ?? 0) - (maps.last ?? 100)) <= 2)
    #expect(victim.output.contains("children none=true"))
    #expect(victim.output.count { $0.hasPrefix("failed") } == 0)
  }

  @Test func `after its death shows in health`() throws {
    let victim = try Victim.run(["start", "kill-handler", "health"])
    #expect(Victim.value("alive", "health", in: victim.output) == "false")
  }

  @Test func `lets the handler end when the client stops`() throws {
    let victim = try Victim.run(["start", "stop", "health"], untilPeer: "end")
    #expect(victim.peer.contains("end"))
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Messages to the handler` {
  @Test func `add, remove and retry arrive in order`() throws {
    let victim = try Victim.run(["start", "add=/a b", "remove=/a b", "retry", "die=abort"])
    let messages = victim.peer.filter { $0.hasPrefix("message") }
    #expect(messages.count == 3)
    let path = "\(Array("/a b".utf8))"
    #expect(messages.first?.contains("addAttachment(path: \(path))") == true)
    #expect(messages.dropFirst().first?.contains("removeAttachment(path: \(path))") == true)
    #expect(messages.last?.contains("requestRetry") == true)
  }

  @Test func `writes go to the handler, and here when they are too large`() throws {
    let folder = try TemporaryFolder()
    let large = folder.path.appending("large")
    let victim = try Victim.run(["start", "write=/x", "append=/x", "write-large=\(large)", "die=abort"])
    #expect(victim.peer.count { $0.contains("writeAttachment") } == 2)
    #expect(try FileSystem.status(large).size == 300_000)
  }

  @Test func `that upstream's dialect lacks are refused, and writes are done here`() throws {
    let folder = try TemporaryFolder()
    let file = folder.path.appending("file")
    let victim = try Victim.run(["chromium", "start", "add=/a", "write=\(file)", "append=\(file)"])
    #expect(victim.output.contains { $0.hasPrefix("failed code=9") })
    #expect(String(decoding: try FileSystem.read(file), as: UTF8.self) == "written+more")
  }

  @Test func `after the handler's death are errors`() throws {
    let victim = try Victim.run(["start", "kill-handler", "add=/a", "dump"])
    #expect(victim.output.count { $0.hasPrefix("failed code=7") } == 2)
  }

  @Test func `a dump without a crash leaves the process alive and able to crash`() throws {
    let victim = try Victim.run(["start", "dump", "dump", "die=segv"])
    #expect(victim.output.count { $0 == "ok" } == 2)
    #expect(victim.dumps.count == 3)
    #expect(victim.dumps.first?.contains("signal=-1 code=0") == true)
    #expect(victim.dumps.first?.contains("simulated=true count=1") == true)
    #expect(victim.dumps.last?.contains("signal=11") == true)
    #expect(victim.dumps.last?.contains("simulated=false") == true)
  }
}
