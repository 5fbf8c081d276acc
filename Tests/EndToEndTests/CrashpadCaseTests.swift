// Provides tests of what any Crashpad handler must stand: odd packets, odd files, clients in numbers.
import CLinuxShims
import CrashProtocol
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

private func pending(_ database: FilePath) throws -> [FilePath] {
  let folder = database.appending("pending")
  return try FileSystem.entries(of: folder).map { folder.appending(bytes: $0) }.filter {
    $0.description.hasSuffix(".dmp")
  }
}

private func files(of process: Int32) throws -> Int {
  try FileSystem.entries(of: FilePath("/proc/\(process)/fd")).count
}

@Suite(.timeLimit(.minutes(10))) struct `Any client` {
  // MARK: - Packets

  @Test(arguments: TestProducts.handlers)
  func `may send packets of odd sizes and kinds, and costs nobody else anything`(_ handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "packets")
    defer { folder.remove() }
    let run = try HandlerRun(handler, database: folder.path, url: nil)
    defer { run.end() }
    #expect(try run.isServing())
    for size in [1, 31, 33, 39, 41, 4111, 200_000] {
      let bytes = [UInt8](repeating: 1, count: size)
      #expect(linux_send_packet(run.clientDescriptor, bytes, size) == size)
    }
    for type: UInt32 in [6, 99, .max] {
      for dialect in [Dialect.chromium, .sentry, .android] {
        let bytes = try ClientMessage.unknown(type: type).encoded(in: dialect)
        #expect(linux_send_packet(run.clientDescriptor, bytes, bytes.count) == bytes.count)
      }
    }
    #expect(linux_send_packet(run.clientDescriptor, [0], 0) == 0)
    #expect(try run.isServing())
    #expect(try run.finish() == .exited(status: 0))
  }

  /// The handler waited for room in the socket, and served nobody any more.
  @Test(arguments: TestProducts.handlers)
  func `may ask without reading the answers, and the next crash is dumped all the same`(_ handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "unread")
    defer { folder.remove() }
    let run = try HandlerRun(handler, database: folder.path, url: nil)
    defer { run.end() }
    let check = try ClientMessage.checkCredentials.encoded(in: .chromium)
    for _ in 0..<2000 {
      var request = pollfd(fd: run.clientDescriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&request, 1, 20_000) == 1 else { break }
      _ = check.withUnsafeBytes { send(run.clientDescriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
    }
    let victim = try RunningProcess(
      TestProducts.folder.appending("CrashVictim"),
      ["other-socket=\(run.clientDescriptor)", "other-client=shared", "die=segv"],
      environment: ["SWIFT_BACKTRACE": "enable=no"], keeping: [run.clientDescriptor])
    defer { victim.end() }
    #expect(try victim.wait().signal == 11)
    #expect(victim.output.contains("released signal=18"), "\(victim.output)")
    #expect(try pending(folder.path).count == 1)
    #expect(try run.finish() == .exited(status: 0))
  }

  @Test(arguments: TestProducts.handlers)
  func `may send descriptors along, and they are closed`(_ handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "descriptors")
    defer { folder.remove() }
    let run = try HandlerRun(handler, database: folder.path, url: nil)
    defer { run.end() }
    // The first answer comes before the handler looks at its database, the second one afterwards.
    for _ in 0..<2 { #expect(try run.isServing()) }
    let before = try files(of: run.process.processID)
    let check = try ClientMessage.checkCredentials.encoded(in: .chromium)
    for count in [1, 4, 5, 200] {
      #expect(linux_send_descriptors(run.clientDescriptor, check, check.count, 0, Int32(count)) >= 0)
    }
    // More than there is room for makes a packet that is no message; the others are answered.
    var buffer = [UInt8](repeating: 0, count: 64)
    for _ in 0..<2 { #expect(linux_receive_packet(run.clientDescriptor, &buffer, 64).count == 8) }
    #expect(try run.isServing())
    #expect(try files(of: run.process.processID) == before)
    #expect(try run.finish() == .exited(status: 0))
  }

  @Test(arguments: TestProducts.handlers)
  func `crashes at the same moment as another on one socket, and both are told`(_ handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "at-once")
    defer { folder.remove() }
    let run = try HandlerRun(handler, database: folder.path, url: nil)
    defer { run.end() }
    let victims = try (0..<4).map { _ in
      try RunningProcess(
        TestProducts.folder.appending("CrashVictim"),
        ["other-socket=\(run.clientDescriptor)", "other-client=shared", "die=segv"],
        environment: ["SWIFT_BACKTRACE": "enable=no"], keeping: [run.clientDescriptor])
    }
    defer { victims.forEach { $0.end() } }
    for victim in victims {
      let died: Bool = if case .signaled(11, _) = try victim.wait() { true } else { false }
      #expect(died)
      #expect(victim.output.contains("released signal=\(SIGCONT)"), "\(victim.output)")
    }
    let dumps = try pending(folder.path)
    #expect(Set(try dumps.map { try ShownDump($0).process.pid }) == Set(victims.map { $0.processID }))
    #expect(try run.finish() == .exited(status: 0))
  }

  @Test(arguments: TestProducts.handlers)
  func `overflows a stack without an alternate one, and nobody else notices`(_ handler: FilePath) throws {
    let run = try PrivateRun(
      handler, client: "shared", options: ["--shared-client-connection"], death: "overflow")
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    #expect(run.dumps().isEmpty)
    #expect(run.handlerTermination == .exited(status: 0))
    #expect(run.handler.errorOutput.isEmpty, "\(run.story)")
  }

  // MARK: - Attachments

  @Test(arguments: TestProducts.handlers)
  func `has files written of every size that fits, and only there`(_ handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "writes")
    defer { folder.remove() }
    let run = try HandlerRun(handler, database: folder.appending("database"), url: nil)
    defer { run.end() }
    func write(_ name: String, _ count: Int, _ operation: AttachmentWrite.Operation = .replace) throws -> FilePath {
      let path = folder.appending(name)
      try run.send(
        .writeAttachment(AttachmentWrite(operation, path: path.bytes, payload: Array(repeating: 7, count: count))))
      return path
    }
    let empty = try write("empty", 0)
    let largest = try write("largest", AttachmentWrite.maximumPayload)
    _ = try write("largest", 1, .append)
    // Neither has a place to be written to.
    _ = try write("", 1)
    _ = try write("missing/file", 1)
    let long =
      folder.path.bytes + [UInt8](repeating: 0x2f, count: 4095 - folder.path.bytes.count - 4) + Array("long".utf8)
    #expect(long.count == 4095)
    try run.send(.writeAttachment(AttachmentWrite(.replace, path: long, payload: [1, 2])))
    #expect(try run.isServing())
    #expect(try FileSystem.read(empty).isEmpty)
    #expect(try FileSystem.read(largest).count == AttachmentWrite.maximumPayload + 1)
    #expect(try FileSystem.read(folder.appending("long")) == [1, 2])
    #expect(try run.finish() == .exited(status: 0))
    #expect(run.process.errorOutput.contains("EISDIR"), "\(run.process.errorOutput)")
  }

  @Test(arguments: TestProducts.handlers)
  func `has attachments that are missing, no files or pipes without an end, and gets its report`(
    _ handler: FilePath
  ) throws {
    let folder = try TemporaryDirectory(prefix: "attachments")
    defer { folder.remove() }
    let pipe = folder.appending("pipe")
    try #require(mkfifo(pipe.description, 0o600) == 0)
    let sound = folder.appending("odd \"name\";é\n.txt")
    try FileSystem.write([1, 2, 3], to: sound)
    try FileSystem.createDirectory(folder.appending("other"))
    let twin = folder.appending("other").appending(bytes: sound.lastComponent)
    try FileSystem.write([4], to: twin)
    let paths = [pipe, folder.path, folder.appending("missing"), sound, twin, "/dev/zero"]
    let run = try PrivateRun(
      handler, client: "shared", options: ["--shared-client-connection"] + paths.map { "--attachment=\($0)" })
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    #expect(run.dumps().count == 1)
    let attachments = run.directory.appending("database/attachments")
    let report = try #require(try FileSystem.entries(of: attachments).first)
    let kept = try FileSystem.entries(of: attachments.appending(bytes: report))
    #expect(kept.count == 2, "\(kept.map { String(decoding: $0, as: UTF8.self) })")
    for word in ["pipe", "missing", "/dev/zero"] { #expect(run.handler.errorOutput.contains(word), "\(run.story)") }
  }

  // MARK: - The handler's surroundings

  @Test(.enabled(if: geteuid() == 0, "needs root for a mount"), arguments: TestProducts.handlers)
  func `whose report finds no room is released at once, and nothing is left of it`(_ handler: FilePath) throws {
    let run = try PrivateRun(
      handler, client: "alone",
      handlerUnder: [
        "/usr/bin/unshare", "--mount", "--", "/bin/sh", "-ec",
        "database=${2#--database=}; mkdir \"$database\"; mount -t tmpfs -o size=64k none \"$database\"; \"$@\"; "
          + "find \"$database\" -name '*.dmp' | wc -l", "sh",
      ])
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    #expect(run.victim.output.contains("message kind=4 pid=0"), "\(run.story)")
    #expect(run.handler.output == "0\n", "\(run.story)")
  }

  @Test(arguments: TestProducts.handlers)
  func `outlives a handler that somebody ends, which dies of that signal`(_ handler: FilePath) throws {
    let folder = try TemporaryDirectory(prefix: "ended")
    defer { folder.remove() }
    let run = try HandlerRun(handler, database: folder.path, url: nil)
    defer { run.end() }
    #expect(try run.isServing())
    run.process.send(signal: SIGTERM)
    #expect(try run.process.wait() == .signaled(signal: SIGTERM, coreDumped: false))
  }

  // MARK: - Our client

  @Test(arguments: TestProducts.handlers)
  func `asks for a hundred dumps from four threads, and none is spoilt`(_ handler: FilePath) throws {
    let run = try ConfinedRun(handler, steps: ["start", "dump-many=100", "children", "die=segv"])
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    #expect(run.victim.output.contains("dumped 100 blocked=false\nchildren none=true"), "\(run.story)")
    let dumps = run.dumps()
    #expect(dumps.count == 101)
    for dump in dumps {
      let bytes = try FileSystem.read(dump)
      #expect(bytes.starts(with: Array("MDMP".utf8)))
      #expect(try ConfinedRun.rungs(dump).threads == "ptrace")
    }
  }

  @Test func `leaves signals alone that it was told to`() throws {
    let handler = try #require(TestProducts.handlers.first)
    for (step, dumps) in [("exclude=11", 0), ("exclude=6", 1)] {
      let run = try ConfinedRun(handler, steps: [step, "start", "die=segv"])
      defer { run.end() }
      #expect(run.died, "\(run.story)")
      #expect(run.dumps().count == dumps, "\(run.story)")
    }
  }

  @Test func `starts a handler with ten thousand files open, which inherits none of them`() throws {
    let handler = try #require(TestProducts.handlers.first)
    let run = try ConfinedRun(
      handler, clientUnder: ["/bin/sh", "-c", "ulimit -n 12000 && exec \"$@\"", "sh"],
      steps: ["open-files=10000", "start", "handler-files", "die=segv"])
    defer { run.end() }
    #expect(run.died, "\(run.story)")
    #expect(run.dumps().count == 1, "\(run.story)")
    let line = try #require(run.victim.output.split(separator: "\n").first { $0.hasPrefix("handler files ") })
    #expect(try #require(Int(line.dropFirst(14))) < 10, "\(line)")
    #expect(run.isSoon)
  }
}
