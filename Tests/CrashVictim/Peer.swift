// Provides a handler that does what a test wants, and tells what it saw.
import CLinuxShims
import CrashProtocol
import LinuxSystem

/// Behaves as `PEER_MODE` says, and appends what it sees to the file `PEER_LOG`. Never returns.
///
/// Modes: `answer` (default), `mark` (answers as our handler does), `die` (at start), `mute` (never answers a question),
/// `hang` (never finishes a dump), `slow` (takes its time for a dump), `fall` (dies when a dump is asked for), `stranger` (another process sends SIGCONT
/// first), `provoke` (sends other crash signals to the waiting thread first), `late` (tells the end of a dump when the next
/// one is asked for), `fail` (has no dump). On a private connection it asks the client to let itself be traced first.
func runPeer(socket: Int32, arguments: [String]) -> Never {
  let mode = EnvironmentVariable.value("PEER_MODE")?.description ?? "answer"
  if mode == "die" { exit(23) }
  let files = ((try? FileSystem.entries(of: "/proc/self/fd")) ?? []).count - 1
  log("start pid=\(getpid()) ppid=\(getppid()) session=\(getsid(0)) files=\(files) socket=\(socket)")
  log("arguments \(arguments.joined(separator: " "))")
  log("environment backtrace=\(EnvironmentVariable.value("SWIFT_BACKTRACE")?.description ?? "-")")

  let isPrivate = !arguments.contains("--shared-client-connection")
  var unanswered = 0
  var buffer = [UInt8](repeating: 0, count: ClientMessage.maximumPacket + 1)
  while true {
    let packet = buffer.withUnsafeMutableBytes { linux_receive_packet(socket, $0.baseAddress, $0.count) }
    let sender = packet.credentials.pid
    let count = packet.count
    if count <= 0 {
      log("end")
      exit(0)
    }
    guard let message = try? buffer.withUnsafeBytes({ try ClientMessage.decode(.init(rebasing: $0[..<count])) }) else {
      log("garbage length=\(count)")
      continue
    }
    switch message.message {
    case .checkCredentials:
      log("check dialect=\(message.dialect) length=\(count)")
      if mode == "mute" { continue }
      let reply = (mode == "mark" ? ServerMessage.ourCredentials : ServerMessage(.credentials)).encoded
      _ = send(socket, reply, reply.count, Int32(MSG_NOSIGNAL))
    case .crashDumpRequest(let request):
      logDump(request, sender: sender, dialect: message.dialect)
      if mode == "fall" { exit(0) }
      if mode == "hang" { continue }
      if mode == "slow" { usleep(600_000) }
      if mode == "provoke" {
        // Signals to the very thread that waits; it is through with one when it waits again.
        for signal in [SIGQUIT, SIGABRT, SIGSEGV] {
          _ = linux_tgkill(sender, sender, signal)
          usleep(50_000)
        }
      }
      if mode == "stranger" {
        let stranger = fork()
        if stranger == 0 {
          kill(sender, SIGCONT)
          _exit(0)
        }
        waitpid(stranger, nil, 0)
        usleep(400_000)
        log("stranger done alive=\(kill(sender, 0) == 0)")
      }
      if isPrivate {
        unanswered += 1
        if mode == "late" && unanswered == 1 { continue }
        askToTrace(socket, mode)
        while unanswered > 0 {
          let end = ServerMessage(mode == "fail" ? .dumpFailed : .dumpComplete).encoded
          _ = send(socket, end, end.count, Int32(MSG_NOSIGNAL))
          unanswered -= 1
          if unanswered > 0 {
            usleep(300_000)
            log("waiting alive=\(kill(sender, 0) == 0)")
          }
        }
        continue
      }
      // The way a handler answers: to one thread. All of them, as one that did not find the thread does.
      for thread in threads(of: sender) { _ = linux_tgkill(sender, thread, SIGCONT) }
    default: log("message \(message.message)")
    }
  }
}

private func askToTrace(_ socket: Int32, _ mode: String) {
  let question = ServerMessage(.setPtracer, processID: getpid()).encoded
  _ = send(socket, question, question.count, Int32(MSG_NOSIGNAL))
  var answer: Int32 = -1
  let count = recv(socket, &answer, 4, 0)
  // EINVAL without Yama.
  log("traced count=\(count) allowed=\(answer == 0 || answer == 22)")
}

private func threads(of process: Int32) -> [Int32] {
  ((try? FileSystem.entries(of: FilePath("/proc/\(process)/task"))) ?? []).compactMap {
    Int32(String(decoding: $0, as: UTF8.self))
  }
}

/// What the crashed process's memory says, as a real handler reads it.
private func logDump(_ request: CrashDumpRequest, sender: Int32, dialect: Dialect) {
  let record = read(sender, request.exceptionInformationAddress, CrashRecordExtension.recordSize)
  guard let information = record.withUnsafeBytes({ ExceptionInformation($0) }) else {
    log("dump unreadable")
    return
  }
  let ours = record.withUnsafeBytes { CrashRecordExtension(record: $0) }
  let siginfo = read(sender, information.siginfoAddress, 128)
  let words = siginfo.withUnsafeBytes { bytes in
    bytes.count < 32
      ? []
      : [0, 4, 8].map { Int64(bytes.loadUnaligned(fromByteOffset: $0, as: Int32.self)) }
        + [Int64(bitPattern: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))]
  }
  var message = "-"
  if let slot = ours?.fatalMessageSlot {
    let pointer = read(sender, slot, 8).withUnsafeBytes { $0.count == 8 ? $0.loadUnaligned(as: UInt64.self) : 0 }
    if pointer != 0 { message = String(decoding: read(sender, pointer, 256).prefix { $0 != 0 }, as: UTF8.self) }
  }
  log(
    "dump dialect=\(dialect) pid=\(sender) tid=\(information.threadID) signal=\(words.first ?? -1)"
      + " code=\(words.count > 2 ? words[2] : 0) address=\(words.last ?? 0) stack=\(request.stackAddress != 0)"
      + " extension=\(ours != nil) simulated=\(ours?.isSimulated ?? false) count=\(ours?.requestCount ?? 0)"
      + " message=\(message.split(separator: "\n").first ?? "-")")
}

private func read(_ process: Int32, _ address: UInt64, _ count: Int) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  let got = bytes.withUnsafeMutableBytes { buffer -> Int in
    var local = iovec(iov_base: buffer.baseAddress, iov_len: count)
    var remote = iovec(iov_base: UnsafeMutableRawPointer(bitPattern: UInt(address)), iov_len: count)
    return process_vm_readv(process, &local, 1, &remote, 1, 0)
  }
  return Array(bytes.prefix(max(0, got)))
}

private func log(_ text: String) {
  guard let path = EnvironmentVariable.value("PEER_LOG") else { return }
  let file = path.withCString { linux_open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
  if file < 0 { return }
  let line = Array((text + "\n").utf8)
  _ = write(file, line, line.count)
  close(file)
}
