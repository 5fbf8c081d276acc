// Provides the doctor's trial of the handler and of the walker beside it.
internal import CLinuxShims
internal import CrashProtocol
internal import LinuxSystem

/// Starts the handler as a client does, and asks it who it is.
enum HandlerTrial {
  private static let advice =
    "install it beside the program, in Swift packages by `swift build --product crashpad_handler`, or name it by"
    + " --handler and in the SDK's options"
  /// A handler that takes longer has missed the start of its application, on a busy machine too.
  private static let patience: Int32 = 20_000

  static func checks(_ given: FilePath?) -> [DoctorCheck] {
    let path: FilePath
    do throws(Errno) {
      if let given { path = given } else { path = try FileSystem.executable().directory.appending("crashpad_handler") }
    } catch {
      return [.bad("handler", "/proc/self/exe cannot be read: \(error)", remedy: "mount /proc, or use --handler")]
    }
    let kind: FileStatus.Kind
    do throws(Errno) { kind = try FileSystem.status(path).kind } catch {
      return [.bad("handler", "there is none at \(path): \(error)", remedy: advice)]
    }
    if kind != .regular { return [.bad("handler", "\(path) is no file", remedy: advice)] }
    if !FileSystem.isExecutable(path) {
      return [
        .bad(
          "handler", "\(path) is not executable",
          remedy: "chmod +x \(path), and see that its file system is not mounted noexec")
      ]
    }
    return [.good("handler", "\(path)"), start(path), walker(beside: path)]
  }

  private static func walker(beside handler: FilePath) -> DoctorCheck {
    let folder = ((try? FileSystem.resolve(handler)) ?? handler).directory
    let path = folder.appending("crashpad_walker")
    if FileSystem.isRegularFile(path), FileSystem.isExecutable(path) {
      if starts(path) { return .good("walker", "\(path)") }
      return .weak("walker", "\(path) does not start", remedy: "run it with --help: the loader says what it lacks")
    }
    return .weak(
      "walker", "crashpad_walker is not at \(path)",
      remedy: "install it beside the handler; without it events have no stacks of their own, and the server must walk")
  }

  /// Whether the loader can start a program: it says 127 where it lacks a library.
  private static func starts(_ path: FilePath) -> Bool {
    do throws(Errno) {
      let child = try ChildProcess.spawn(
        path, arguments: [path, "--help"], input: .null, output: .null, error: .null)
      if let ended = try child.wait(milliseconds: patience) {
        if case .exited(let status) = ended { return status != 127 }
        return false
      }
      child.send(signal: SIGKILL)
      _ = try child.wait()
      return true
    } catch {
      return false
    }
  }

  private static func start(_ handler: FilePath) -> DoctorCheck {
    let temporary = FileSystem.temporaryDirectory
    let folder = temporary.appending("crashctl-doctor-\(UniqueID.random())")
    do throws(Errno) { try FileSystem.createDirectory(folder) } catch {
      return .weak("handler_starts", "no folder for a trial in \(temporary): \(error)", remedy: "set TMPDIR")
    }
    defer { try? FileSystem.removeTree(folder) }
    do throws(Errno) {
      let check = try start(handler, in: folder, .sentry)
      if check.isOK { return check }
      // Chromium's handler gives up a client that speaks Sentry's dialect.
      let other = try start(handler, in: folder, .chromium)
      return other.isOK ? other : check
    } catch {
      return .bad(
        "handler_starts", "\(handler) cannot be started: \(error)",
        remedy: "see that it is built for this machine and that its dynamic loader is installed")
    }
  }

  private static func start(_ handler: FilePath, in folder: FilePath, _ dialect: Dialect) throws(Errno) -> DoctorCheck {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    _ = try retryingInterrupts { ends.withUnsafeMutableBufferPointer { socketpair(AF_UNIX, type, 0, $0.baseAddress) } }
    let client = OwnedFileDescriptor(owning: ends[0])
    let server = OwnedFileDescriptor(owning: ends[1])
    for end in ends { _ = try retryingInterrupts { linux_enable_credentials(end) } }
    let complaints = folder.appending("stderr")
    let errors = try FileSystem.open(complaints, [.readWrite, .create, .truncate])
    let began = MonotonicInstant.now()
    let child = try ChildProcess.spawn(
      handler,
      arguments: [
        handler, FilePath("--database=\(folder.appending("database"))"), "--no-periodic-tasks",
        FilePath("--initial-client-fd=\(server.rawValue)"), "--shared-client-connection",
      ],
      environment: EnvironmentVariable.all().filter { !$0.bytes.starts(with: "SWIFT_BACKTRACE=".utf8) }
        + ["SWIFT_BACKTRACE=enable=no"],
      input: .null, output: .null, error: .descriptor(errors.rawValue), keeping: [server.rawValue])
    _ = consume server
    let answer = ask(client.rawValue, dialect)
    let milliseconds = (MonotonicInstant.now().nanoseconds - began.nanoseconds) / 1_000_000
    // Without clients a handler ends.
    _ = consume client
    var ended = try child.wait(milliseconds: answer == nil ? 500 : patience)
    let endedByItself = ended != nil
    if !endedByItself {
      child.send(signal: SIGKILL)
      ended = try child.wait()
    }
    if let answer {
      let who =
        answer.isFromOurHandler
        ? "ours, version \(HandlerMark.version(of: answer.processID)) of the protocol" : "a foreign handler"
      return .good(
        "handler_starts", "it answered within \(milliseconds) ms; it is \(who)",
        remedy: dialect == .chromium ? "it speaks Chromium's dialect: the client's configuration must name it" : nil)
    }
    let said = (try? FileSystem.read(complaints, limit: 65536)) ?? []
    let words = String(decoding: said, as: UTF8.self).split(separator: "\n").last.map { ": \($0)" } ?? ""
    switch ended {
    case .exited(let status)? where endedByItself:
      return .bad(
        "handler_starts", "it ended with status \(status) before it answered\(words)",
        remedy: status == 127
          ? "install the shared libraries that the loader names, or a build without them"
          : "run \(handler) --help, and see that it is a crashpad handler")
    case .signaled(let signal, _)? where endedByItself:
      return .bad(
        "handler_starts", "it died of signal \(signal)\(words)", remedy: "install a build for this machine's processor")
    default:
      return .bad(
        "handler_starts", "it did not answer within \(patience) ms\(words)",
        remedy: "see that it is a crashpad handler, and that the machine is not overloaded")
    }
  }

  /// "Who are you?" `nil` without an answer in time, or when the other end is closed.
  private static func ask(_ socket: Int32, _ dialect: Dialect) -> ServerMessage? {
    guard let question = try? ClientMessage.checkCredentials.encoded(in: dialect),
      question.withUnsafeBytes({ bytes in bytes.baseAddress.map { linux_send_packet(socket, $0, bytes.count) } }) ?? 0
        > 0
    else { return nil }
    let deadline = MonotonicInstant.now().advanced(milliseconds: Int64(patience))
    var buffer = [UInt8](repeating: 0, count: 64)
    while true {
      var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      let ready = poll(&request, 1, deadline.millisecondsFromNow())
      if ready == 0 { return nil }
      if ready < 0 {
        if Errno.current == .interrupted { continue }
        return nil
      }
      let packet = buffer.withUnsafeMutableBytes { linux_receive_packet(socket, $0.baseAddress, $0.count) }
      if packet.count <= 0 { return nil }
      let message = buffer.withUnsafeBytes {
        ServerMessage(UnsafeRawBufferPointer(rebasing: $0[..<min(packet.count, 64)]))
      }
      if let message, message.kind == .credentials { return message }
    }
  }
}
